"""Shell programs of our own, run as a student's shell runs them: their text on standard input."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.errors import SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_GRACE: Final = 5.0
"""Seconds to clean up in."""


class Ran(NamedTuple):
    """How a script ended, and what it printed where that was wanted."""

    status: int
    text: str


def run_script(script: str, words: Sequence[str], seconds: float, *, is_read: bool) -> Ran:
    """Run a script with these words, for so long at most; what it says of its work is shown.

    With `is_read` its standard output is returned instead. SurroundingsError when it does not end.
    """
    # In a session of its own, so that what it runs can be ended with it.
    with subprocess.Popen(  # noqa: S603 - the text is ours
        ("/bin/sh", "-s", "--", *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if is_read else None,
        start_new_session=True,
    ) as running:
        try:
            printed, _ = running.communicate(script.encode(), seconds)
        except subprocess.TimeoutExpired as error:
            what = next((word for word in words if not word.startswith("-")), "the checks")
            raise SurroundingsError(
                f"{what} did not end within {seconds:.0f} seconds",
                hint="`docker info` shows whether Docker answers",
            ) from error
        finally:
            if running.returncode is None:
                _end(running)
    return Ran(running.returncode, (printed or b"").decode("utf-8", "replace"))


def _end(running: subprocess.Popen[bytes]) -> None:
    """End a script and what it runs: asked first, for it has a folder to remove."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
            os.killpg(running.pid, number)
            running.wait(_GRACE)
