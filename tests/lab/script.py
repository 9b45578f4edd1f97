"""Functions of setup.sh by themselves, called as the script's own last lines would."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from mirrorkit.classroom.setup import setup_script
from tests.lab.process import environment
from tests.lab.student import LAST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ADDRESS = "10.1.2.3:5080"
_BEGIN = "set -u; SCRATCH=$HOME; choose_language; choose_platform; choose_client; ADDRESS=$MIRROR\n"


def called(
    shell: Sequence[str], home: Path, *calls: str, mirror: str = ADDRESS, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Call functions in a shell, in a home of their own."""
    functions = setup_script(mirror).removesuffix(LAST)
    return subprocess.run(
        (*shell, "-s"),
        input="\n".join((functions, _BEGIN, *calls, "")),
        env=environment(HOME=str(home), LANG="C.UTF-8", MIRRORKIT_PAUSE="0", **extra),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def typed(
    shell: Sequence[str], home: Path, *words: str, mirror: str = ADDRESS, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run the whole script with words, as `curl … | sh -s -- WORDS` does, in a home of its own."""
    return subprocess.run(
        (*shell, "-s", "--", "--no-report", *words),
        input=setup_script(mirror),
        env=environment(**{"HOME": str(home), "LANG": "C.UTF-8", **extra}),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=True,  # no terminal to ask
    )
