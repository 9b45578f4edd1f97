"""Text of Windows' own shells, which is refused: a shell's rules would make nonsense of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROMPT: Final = re.compile(r"\s{0,8}(?:PS )?[A-Za-z]:\\[^>]{0,200}>")
_VARIABLE: Final = re.compile(r"\$env:\w", re.IGNORECASE)
_HINT: Final = "on Windows the class works in WSL2: open Ubuntu there, and write it as for Linux"


def refuse_foreign(text: str) -> None:
    """Raise UsageError for PowerShell's or cmd's text, by what is written nowhere else."""
    found = next(_foreign(text), None)
    if found is not None:
        line, what = found
        raise UsageError(f"line {line}: {what}, not a Unix shell's text", hint=_HINT)


def _foreign(text: str) -> Iterator[tuple[int, str]]:
    is_ours = "minikube" in text
    for number, line in enumerate(text.split("\n") if is_ours else (), 1):
        if "minikube" in line and _continues(line, "`") and line.count("`") == 1:
            yield number, "PowerShell's continuation (`)"
        elif "minikube" in line and _continues(line, "^"):
            yield number, "cmd's continuation (^)"
        elif _PROMPT.match(line):
            yield number, "a prompt of Windows"
        elif _VARIABLE.search(line):
            yield number, "PowerShell's $env:"


def _continues(line: str, mark: str) -> bool:
    return line.rstrip()[-1:] == mark and line.rstrip()[-2:-1] in {" ", "\t"}
