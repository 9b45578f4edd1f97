"""`mirrorkit status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Config, Json, Locks, Store, settings_from
from mirrorkit.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import NoReturn

    from mirrorkit.flows.check import Completeness
    from mirrorkit.settings import Settings

_LOOK_SECONDS = 2.0

All = Annotated[bool, typer.Option("--all", help="Name everything, complete items too.")]
Watch = Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")]


def command(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    names_all: All = False,
    watch: Watch = False,
    as_json: Json = False,
) -> int:
    """Say how complete the store is; offline, from the store alone.

    A line for each part of the cluster and each lesson; below it what is missing. Ends with 0 when
    everything the lock pins is held, with 1 when something is missing. With --watch it goes on
    until Ctrl-C; where nobody watches a terminal it prints a line whenever something changed.

    \b
    Examples:
      mirrorkit status
      mirrorkit status --watch
      mirrorkit status --json | jq .complete
    """
    from mirrorkit.wiring import check_locks

    settings = settings_from(store=store, locks=lock, config=config)
    checked = check_locks(settings)
    if watch:
        _watch(settings, names_all=names_all, as_json=as_json)
    if as_json:
        say_json(_document(checked), indent=1)
    else:
        for line in _table(settings, checked, names_all=names_all):
            say(line)
    return 0 if all(one.is_complete for one in checked.values()) else 1


def _document(checked: Mapping[str, Completeness]) -> dict[str, object]:
    from mirrorkit.flows.check import as_json

    return as_json(checked)


def _table(
    settings: Settings, checked: Mapping[str, Completeness], *, names_all: bool
) -> Iterator[str]:
    from mirrorkit.cli.statustable import table

    for name, whole in checked.items():
        yield from table(name, whole, names_all=names_all)
    absent = "" if settings.store.exists() else ", which does not exist yet"
    yield f"store: {settings.store}{absent}"


def _watch(settings: Settings, *, names_all: bool, as_json: bool) -> NoReturn:
    """Show what is held, again and again; Ctrl-C ends it."""
    if as_json:
        _tell_changes(settings, lambda checked: say_json(_document(checked)))
    if not sys.stdout.isatty():
        _tell_changes(settings, _say_summaries)

    from rich.console import Console
    from rich.live import Live

    from mirrorkit.cli.fitted import Fitted
    from mirrorkit.cli.screen import Spared

    with Live(console=Console(), auto_refresh=False) as live:

        def show(checked: Mapping[str, Completeness]) -> None:
            lines = tuple(_table(settings, checked, names_all=names_all))
            live.update(Spared(Fitted(lines)), refresh=True)

        _tell_changes(settings, show)


def _say_summaries(checked: Mapping[str, Completeness]) -> None:
    from mirrorkit.cli.statustable import summary

    for name, whole in checked.items():
        say(summary(name, whole))


def _tell_changes(
    settings: Settings, show: Callable[[Mapping[str, Completeness]], None]
) -> NoReturn:
    """Look every two seconds and show what changed; what cannot be read now may be later."""
    import time

    from mirrorkit.cli.output import note
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.wiring import check_locks

    shown: object = None
    while True:
        try:
            checked = check_locks(settings)
        except MirrorkitError as error:  # an editor has the lock half written
            if shown != error.message:
                note(f"error: {error.message}")
                shown = error.message
        else:
            if shown != checked:
                show(checked)
                shown = checked
        time.sleep(_LOOK_SECONDS)
