"""`mirrorkit verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Config, Json, Locks, Store, settings_from
from mirrorkit.cli.output import note, say_json, tell_error
from mirrorkit.errors import IncompleteError, IntegrityError
from mirrorkit.progress import counted, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.errors import MirrorkitError
    from mirrorkit.flows.verify import VerifyReport
    from mirrorkit.settings import Settings

All = Annotated[
    bool, typer.Option("--all", help="Read everything the store holds, for any lock or none.")
]
Repair = Annotated[
    bool, typer.Option("--repair", help="Then sync, so that what was wrong is fetched again.")
]


def command(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    everything: All = False,
    repair: Repair = False,
    as_json: Json = False,
) -> int:
    """Read again every byte the locks need, and hold it against its digest.

    A file with other bytes is moved to the folder `quarantine` of the store at once, so that nobody
    is served it; nothing is deleted. It can run beside serve and sync. Ends with 0 when all is
    right and complete, or was made so by --repair, with 5 when something was wrong.

    \b
    Examples:
      mirrorkit verify
      mirrorkit verify --repair
      mirrorkit verify --all --store /mnt/stick/store
    """
    import asyncio

    from mirrorkit.cli.display import choose_display
    from mirrorkit.wiring import verify_store

    settings = settings_from(store=store, locks=lock, config=config)
    with choose_display(as_json=as_json) as display:
        work = verify_store(settings, display, is_all=everything, is_repair=repair)
        report = asyncio.run(work)
    if as_json:
        say_json(_document(report))
    else:
        _tell(report, settings)
    return report.exit_status


def _document(report: VerifyReport) -> dict[str, object]:
    wrong = [
        {"digest": digest, "reason": reason, "repaired": digest in report.repaired}
        for digest, reason in report.wrong.items()
    ]
    return {
        "event": "report",
        "version": 1,
        "right": report.is_right,
        "complete": report.is_complete,
        "read": {"blobs": report.blobs, "bytes": report.bytes},
        "wrong": wrong,
        "unread": [{"digest": key, **error.as_json()} for key, error in report.unread.items()],
        "failures": [{"name": key, **error.as_json()} for key, error in report.failures.items()],
    }


def _tell(report: VerifyReport, settings: Settings) -> None:
    """Say each trouble, and in one line how it ended."""
    for name, error in report.failures.items():
        note(f"error: {name}: {error.message}")
    for error in (*report.unread.values(), *_conclusions(report, settings)):
        tell_error(error, as_json=False)
    if report.repaired:
        again, aside = counted(len(report.repaired), "blob"), settings.store / "quarantine"
        note(f"repaired: {again} fetched again; what was wrong is in {aside}")
    read = f"{counted(report.blobs, 'blob')}, {readable(report.bytes)}"
    note(f"{_word(report)}: {read}")


def _word(report: VerifyReport) -> str:
    if not report.is_right:
        return "read again"
    return "all right" if report.is_complete else "right as far as it is held"


def _conclusions(report: VerifyReport, settings: Settings) -> Iterator[MirrorkitError]:
    left = len(report.wrong) - len(report.repaired)
    if left:
        yield IntegrityError(
            f"{counted(left, 'blob')} with other bytes, now in {settings.store / 'quarantine'}",
            hint="`mirrorkit verify --repair` fetches again what the lock needs",
        )
    elif not report.is_complete and not report.failures:
        missing = [item for whole in report.checked.values() for item in whole.missing_items]
        names = ", ".join(dict.fromkeys(item.name for item in missing[:5]))
        yield IncompleteError(f"not complete: {names}", hint="`mirrorkit sync` fetches it")
