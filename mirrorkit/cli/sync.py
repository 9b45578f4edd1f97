"""`mirrorkit sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.cli.options import (
    Config,
    Exact,
    Frozen,
    Jobs,
    Json,
    LimitRate,
    OneLock,
    PlanOnly,
    SourceNames,
    Store,
    settings_from,
)
from mirrorkit.cli.output import note, say, say_json, tell_error
from mirrorkit.cli.statustable import counts, same_images
from mirrorkit.cli.underway import saved
from mirrorkit.errors import IncompleteError, UnreachableError
from mirrorkit.progress import counted, listed, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.cli.display import Display
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.settings import Settings

_DIGITS: Final = 12
_NAMED: Final = 6  # `status` and --json name each

_PIN = "`mirrorkit lock` pins it once a source answers"


def command(
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    jobs: Jobs = None,
    limit_rate: LimitRate = None,
    plan: PlanOnly = False,
    frozen: Frozen = False,
    source: SourceNames = None,
    exact: Exact = False,
    as_json: Json = False,
) -> int:
    """Fetch everything the lock pins into the store.

    What is held already is not asked for again; with nothing to do no source is contacted. Ctrl-C
    loses nothing: the next run goes on where this one stopped. Ends with 0 only when everything
    is held and verified. When images.yaml beside the lock wants something else than the lock has,
    that is an error; --frozen does not look.

    Where no source has the pinned bytes, the same image with layers packed anew is taken: the same
    config, and each layer unpacks to the same files. It is complete, served by tag and not by its
    pinned digest, and left alone until --exact asks for the pinned bytes again.

    With --plan it prints what it would fetch, in that order: from whom, how many bytes, and why.
    Manifests that are not here yet are fetched for it and kept; nothing else is written, and where
    all is held nobody is asked. Ends with 4 or 5 when the manifests of an image cannot be had.

    \b
    Examples:
      mirrorkit sync
      mirrorkit sync --plan
      mirrorkit sync --lock week2.lock.yaml --store /mnt/stick/store
      mirrorkit sync --source aliyun --source daocloud
      mirrorkit sync --exact
      mirrorkit sync --limit-rate 2M
    """
    import asyncio

    from mirrorkit.cli.display import choose_display

    settings = settings_from(
        store=store,
        locks=lock,
        config=config,
        jobs=jobs,
        limit_rate=limit_rate,
        sources=source,
        is_one_lock=True,
    )
    if plan:
        return _plan(settings, is_frozen=frozen, wants_exact=exact, as_json=as_json)
    with choose_display(as_json=as_json) as display:
        report = asyncio.run(_sync(settings, display, is_frozen=frozen, wants_exact=exact))
    tell_report(report, display, as_json=as_json)
    return report.exit_status


def _plan(settings: Settings, *, is_frozen: bool, wants_exact: bool, as_json: bool) -> int:
    import asyncio

    from mirrorkit.cli.display import Display
    from mirrorkit.cli.plantable import table
    from mirrorkit.wiring import plan_once

    listen = (lambda _event: None) if as_json else Display()
    preview = asyncio.run(plan_once(settings, listen, is_frozen=is_frozen, wants_exact=wants_exact))
    if as_json:
        say_json(preview.as_json(), indent=1)
        return preview.exit_status
    _tell_failures(preview.failures)
    for line in table(preview):
        say(line)
    return preview.exit_status


async def _sync(
    settings: Settings, display: Display, *, is_frozen: bool, wants_exact: bool
) -> SyncReport:
    from mirrorkit.wiring import sync_once

    return await sync_once(settings, display, is_frozen=is_frozen, wants_exact=wants_exact)


def tell_report(report: SyncReport, display: Display, *, as_json: bool) -> None:
    """Say how a sync ended."""
    if as_json:
        failures = [{"name": name, **error.as_json()} for name, error in report.failures.items()]
        say_json({"event": "report", **report.completeness.as_json(), "failures": failures})
        return
    _tell_failures(report.failures)
    if words := same_images(report.completeness):
        note(f"note      {words}")
    held = report.completeness.bytes()["present"]
    tally = display.tally
    fetched = f"{readable(tally.fetched_in_all)} fetched"
    if words := saved(tally):
        note(words)
    if report.completeness.is_complete:
        note(f"complete: {counts(report.completeness)}, {readable(held or 0)} ({fetched})")
    else:
        _tell_unpinned(report.completeness)
        note(f"incomplete: {counts(report.completeness)} ({fetched})")


def _tell_failures(failures: Mapping[str, MirrorkitError]) -> None:
    """Name each failure, what of it, who was asked how often, and once each what to do next."""
    alike: dict[tuple[str, str | None], dict[str, MirrorkitError]] = {}
    for name, error in sorted(failures.items()):
        alike.setdefault((error.message, error.hint), {})[name] = error
    for (message, _), errors in alike.items():
        # What became of a host is said once, of all that it keeps back.
        trail = _trail(*errors.values()) if len(errors) == 1 else ""
        note(f"error: {listed([*errors], _NAMED)}: {message}{trail}")
    for hint in dict.fromkeys(hint for _, hint in alike if hint):
        note(f"hint: {hint}")
    for step in dict.fromkeys(_next_step(error) for error in failures.values() if not error.hint):
        note(f"next: {step}")


def _tell_unpinned(whole: Completeness) -> None:
    """Name what no sync can fetch, for nobody knows its digest yet."""
    names = [item.name for item in whole.items if item.digest is None]
    if names:
        error = IncompleteError(f"not pinned yet: {listed(names, _NAMED)}", hint=_PIN)
        tell_error(error, as_json=False)


def _trail(error: MirrorkitError) -> str:
    if error.trail is None:
        return ""
    part, digest, attempts = error.trail
    tried = ", ".join(f"{counted(count, 'attempt')} at {who}" for who, count in attempts.items())
    short = digest.partition(":")[2][:_DIGITS]
    return f" ({part} {short}{'; ' if tried else ''}{tried})"


def _next_step(error: MirrorkitError) -> str:
    if isinstance(error, UnreachableError):
        return "look at the network, then `mirrorkit sync` again: what arrived is kept"
    return "`mirrorkit sources probe` shows who has it; name another source with --source"
