"""`mirrorkit status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.cli.options import Config, Json, Locks, Store, settings_from
from mirrorkit.cli.output import say, say_json
from mirrorkit.progress import readable

if TYPE_CHECKING:
    from mirrorkit.flows.check import Completeness


def command(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Say how complete the store is; offline, from the store alone.

    Ends with 0 when everything the lock pins is held, with 1 when something is missing.

    \b
    Examples:
      mirrorkit status
      mirrorkit status --json | jq .complete
    """
    from mirrorkit.flows.check import as_json as document_of
    from mirrorkit.wiring import check_locks

    settings = settings_from(store=store, locks=lock, config=config)
    checked = check_locks(settings)
    if as_json:
        say_json(document_of(checked), indent=1)
    else:
        for name, completeness in checked.items():
            _tell(name, completeness)
        absent = "" if settings.store.exists() else ", which does not exist yet"
        say(f"store: {settings.store}{absent}")
    return 0 if all(one.is_complete for one in checked.values()) else 1


def _tell(lock: str, completeness: Completeness) -> None:
    width = max((len(item.name) for item in completeness.items), default=0)
    for item in completeness.items:
        needed = "?" if item.needed is None else readable(item.needed)
        say(f"{item.state:<9} {item.name:<{width}} {readable(item.present):>8} of {needed}")
    images, held = completeness.count("image"), completeness.bytes()
    needed = "an unknown total" if held["needed"] is None else readable(held["needed"])
    say(
        f"{lock}: {images['complete']} of {images['total']} images complete,"
        f" {readable(held['present'] or 0)} of {needed}"
    )
