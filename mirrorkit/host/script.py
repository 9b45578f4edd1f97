"""Shell programs of our own, run as a student's shell runs them: their text on standard input."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.errors import SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ran(NamedTuple):
    """How a script ended, and what it printed where that was wanted."""

    status: int
    text: str


def run_script(script: str, words: Sequence[str], seconds: float, *, is_read: bool) -> Ran:
    """Run a script with these words, for so long at most; what it says of its work is shown.

    With `is_read` its standard output is returned instead. SurroundingsError when it does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the text is ours
            ("/bin/sh", "-s", "--", *words),
            input=script.encode(),
            stdout=subprocess.PIPE if is_read else None,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        what = next((word for word in words if not word.startswith("-")), "the checks")
        raise SurroundingsError(
            f"{what} did not end within {seconds:.0f} seconds",
            hint="`docker info` shows whether Docker answers",
        ) from error
    return Ran(done.returncode, (done.stdout or b"").decode("utf-8", "replace"))
