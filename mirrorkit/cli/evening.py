"""One run of `mirrorkit up`: the screen, and the work beside serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.cli.lock import tell_made
from mirrorkit.cli.output import tell_bug, tell_error
from mirrorkit.errors import MirrorkitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirrorkit.cli.board import JsonBoard, LineBoard
    from mirrorkit.errors import SurroundingsError
    from mirrorkit.flows.locking import Locked
    from mirrorkit.flows.renew import Renewal
    from mirrorkit.flows.share import Look
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.settings import Settings


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
        told = Told(self.report, self.trouble)
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

    def _renewal(self) -> Renewal:
        from mirrorkit.cli.classfiles import ClassFiles
        from mirrorkit.flows.renew import Renewal

        def told(locked: Locked) -> None:
            tell_made(locked, self._settings.locks[0], as_json=self._as_json)

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
