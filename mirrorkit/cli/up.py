"""`mirrorkit up`: everything from nothing to a class that is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.lock import tell_troubles
from mirrorkit.cli.options import (
    AdvertiseTo,
    Config,
    Frozen,
    Jobs,
    Json,
    Listen,
    NoAwake,
    OneLock,
    SourceNames,
    Store,
    Students,
    settings_from,
)
from mirrorkit.cli.output import note, printable, say_json, tell_bug, tell_error
from mirrorkit.errors import DocumentError, MirrorkitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.cli.board import JsonBoard, LineBoard
    from mirrorkit.documents.lockdiff import Change
    from mirrorkit.errors import SurroundingsError
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.locking import Locked
    from mirrorkit.flows.renew import Renewal
    from mirrorkit.flows.share import Look
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.settings import Settings

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[PRESET|FILE]",
        help="A preset (course, current) to start from, or an images.yaml [default: the one here].",
        show_default=False,
    ),
]
_LOCK = ".lock.yaml"


def command(
    target: Target = None,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    advertise: AdvertiseTo = None,
    students: Students = None,
    jobs: Jobs = None,
    source: SourceNames = None,
    frozen: Frozen = False,
    no_awake: NoAwake = False,
    as_json: Json = False,
) -> int:
    """Start a class, fetch what it needs, and serve it: at once what is held, the rest beside it.

    Without images.yaml it starts one, from a preset or by asking; without a lock it makes one, and
    makes it anew whenever images.yaml changes, but never over a lock that somebody edited. While no
    source answers it serves what it has, says so, and tries again. Interrupted and started again
    it fetches nothing twice.

    \b
    Examples:
      mirrorkit up
      mirrorkit up course
      mirrorkit up week2.yaml --students 25
      mirrorkit up --advertise 192.168.1.10
    """
    import asyncio

    settings = settings_from(
        store=store,
        locks=lock,
        config=config,
        listen=listen,
        jobs=jobs,
        sources=source,
        advertise=advertise,
        students=students,
        is_one_lock=True,
    )
    settings, wish = _placed(settings, target)
    is_first = not settings.locks[0].exists() and _start_documents(settings, wish, target, as_json)
    evening = Evening(settings, wish, is_first=is_first, is_frozen=frozen, as_json=as_json)
    asyncio.run(evening.run(keeps_awake=not no_awake))
    return 0


def _placed(settings: Settings, target: str | None) -> tuple[Settings, Path]:
    """Find which images.yaml and which lock are meant: `week2.yaml` has `week2.lock.yaml`."""
    from mirrorkit.presets import PRESETS

    lock = settings.locks[0]
    if target is None or target in PRESETS:
        return settings, lock.with_name(f"{lock.name.removesuffix(_LOCK)}.yaml")
    wish = Path(target)
    if not wish.is_file():
        known = ", ".join(PRESETS)
        raise UsageError(
            f"{printable(target)} is no preset and no file",
            hint=f"presets are {known}; `mirrorkit init` writes an images.yaml",
        )
    if settings.origins["lock"] == "built-in":
        lock = wish.with_suffix(_LOCK)
    return replace(settings, locks=(lock,)), wish


def _start_documents(settings: Settings, wish: Path, target: str | None, as_json: bool) -> bool:  # noqa: FBT001
    """Write what is missing: images.yaml, then its lock, from what is published."""
    import asyncio

    from mirrorkit.cli.classfiles import ClassFiles

    if not wish.exists():
        _start_wish(settings, wish, target, as_json=as_json)
    files = ClassFiles(settings, wish)
    locked = asyncio.run(files.make(is_online=False, is_first=True))
    files.write(locked)
    _tell_locked(locked, settings.locks[0], as_json=as_json)
    return True


def _start_wish(settings: Settings, wish: Path, target: str | None, *, as_json: bool) -> None:
    from mirrorkit.cli import init
    from mirrorkit.cli.questions import is_terminal
    from mirrorkit.cli.wishfile import replace_wish_file
    from mirrorkit.presets import Choice, started

    if target is not None:
        data, _ = started(target, Choice())
        replace_wish_file(wish, data)
        _say(f"wrote {printable(str(wish))} from the preset {target}", as_json=as_json)
    elif is_terminal() and not as_json:
        init.command(output=wish)
    else:
        raise DocumentError(
            f"there is no {wish} and no lock {settings.locks[0]}",
            hint="`mirrorkit up course` starts a whole course; or go to the folder of the class,"
            " or name its lock with --lock FILE",
        )


class Evening:
    """One run of `up`: the screen, and the work beside serving."""

    def __init__(
        self, settings: Settings, wish: Path, *, is_first: bool, is_frozen: bool, as_json: bool
    ) -> None:
        self._settings = settings
        self._wish = wish
        self._is_first = is_first
        self._is_frozen = is_frozen
        self._as_json = as_json
        self._board = _choose_board(settings, self._look, as_json=as_json)
        self._files: LockFiles | None = None
        self._has_told_empty = False

    async def run(self, *, keeps_awake: bool) -> None:
        """Serve and fill until somebody has had enough."""
        from mirrorkit.cli.serving import serve_until_stopped

        await serve_until_stopped(
            self._settings,
            self._board,
            self.fill,
            is_quiet=self._as_json,
            keeps_awake=keeps_awake,
        )

    async def fill(self, files: LockFiles) -> None:
        """Keep filling the store; whatever stops that is said, and serving goes on."""
        from mirrorkit.flows.keep import Told
        from mirrorkit.wiring import keep_filled

        self._files = files
        told = Told(self.report, self.trouble, self.silent)
        renewal = None if self._is_frozen else self._renewal()
        try:
            await keep_filled(self._settings, files, renewal, self._board, told)
        except MirrorkitError as error:
            tell_error(error, as_json=self._as_json)
        except Exception:  # noqa: BLE001 - nobody else would hear of it
            tell_bug()

    def report(self, ended: SyncReport) -> None:
        """Tell how a sync ended."""
        from mirrorkit.cli.sync import tell_report

        tell_report(ended, self._board, as_json=self._as_json)
        self._board.ended(ended)

    def trouble(self, error: SurroundingsError) -> None:
        """Tell that this machine is in the way."""
        tell_error(error, as_json=self._as_json)

    def silent(self, before: Completeness) -> None:
        """Hear that no source answers, and what is held: here an empty store is known."""
        if not before.bytes()["present"] and not self._has_told_empty:
            self._has_told_empty = True
            _say(
                "nothing is held yet, so there is nothing to serve: check this machine's network",
                as_json=self._as_json,
            )

    def _renewal(self) -> Renewal:
        from mirrorkit.cli.classfiles import ClassFiles
        from mirrorkit.flows.renew import Renewal

        def told(locked: Locked) -> None:
            _tell_locked(locked, self._settings.locks[0], as_json=self._as_json)

        def refused(error: MirrorkitError) -> None:
            tell_error(error, as_json=self._as_json)

        files = ClassFiles(self._settings, self._wish)
        return Renewal(files, told, refused, is_first=self._is_first)

    def _look(self) -> Look:
        from mirrorkit.wiring import look_at_locks

        return next(iter(look_at_locks(self._settings, self._files).values()))


def _choose_board(
    settings: Settings, look: Callable[[], Look], *, as_json: bool
) -> LineBoard | JsonBoard:
    import sys

    from mirrorkit.cli.board import JsonBoard, LineBoard
    from mirrorkit.cli.view import View

    view = View(settings.students)
    if as_json:
        return JsonBoard(view, look)
    if not sys.stderr.isatty():
        return LineBoard(view, look)
    from mirrorkit.cli.screen import Screen

    return Screen(view, look)


_SHOWN = 3


def _tell_locked(locked: Locked, path: Path, *, as_json: bool) -> None:
    """Say in a line or two what a lock that was made anew pins differently."""
    if as_json:
        say_json({"event": "locked", **locked.as_json()})
        return
    note(f"{path}: {locked.summary()}")
    if locked.before is not None and locked.changes:
        note(f"  {_changes(locked)}")
    tell_troubles(locked)


def _changes(locked: Locked) -> str:
    parts = []
    kinds = [(_kind(change), change.name) for change in locked.changes]
    for kind in ("pinned", "added", "removed", "changed"):
        names = [name for found, name in kinds if found == kind]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        if names:
            parts.append(f"{kind} {', '.join(names[:_SHOWN])}{more}")
    return "; ".join(parts)


def _kind(change: Change) -> str:
    return "pinned" if change.before == "unpinned" and change.after is not None else change.kind


def _say(text: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"event": "note", "text": text})
    else:
        note(text)
