"""`mirrorkit sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.cli.options import (
    Config,
    Exact,
    Frozen,
    Jobs,
    Json,
    LimitRate,
    OneLock,
    SourceNames,
    Store,
    settings_from,
)
from mirrorkit.cli.output import note, say_json, tell_error
from mirrorkit.cli.statustable import same_images
from mirrorkit.cli.underway import saved
from mirrorkit.errors import IncompleteError
from mirrorkit.progress import counted, readable

if TYPE_CHECKING:
    from mirrorkit.cli.display import Display
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.settings import Settings


def command(
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    jobs: Jobs = None,
    limit_rate: LimitRate = None,
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

    \b
    Examples:
      mirrorkit sync
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
    with choose_display(as_json=as_json) as display:
        report = asyncio.run(_sync(settings, display, is_frozen=frozen, wants_exact=exact))
    tell_report(report, display, as_json=as_json)
    return report.exit_status


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
    for name, error in report.failures.items():
        note(f"error: {name}: {error.message}")
        if error.hint:
            note(f"hint: {error.hint}")
    if words := same_images(report.completeness):
        note(f"note      {words}")
    counts, held = report.completeness.count("image"), report.completeness.bytes()["present"]
    tally = display.tally
    fetched = f"{readable(tally.fetched_in_all)} fetched"
    if words := saved(tally):
        note(words)
    if report.completeness.is_complete:
        note(f"complete: {counted(counts['total'], 'image')}, {readable(held or 0)} ({fetched})")
    elif not report.failures:
        missing = ", ".join(item.name for item in report.completeness.missing_items[:5])
        hint = "what the lock lists as unpinned, `mirrorkit lock` pins once a source answers"
        tell_error(IncompleteError(f"not complete: {missing}", hint=hint), as_json=False)
    else:
        note(f"incomplete: {counts['complete']} of {counts['total']} images ({fetched})")
