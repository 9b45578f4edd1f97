"""The shell's startup files, for one blank that every beginner types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.doctor.bounded import read_text
from mirrorkit.classroom.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirrorkit.classroom.words import Say

_FILES: Final = (".bashrc", ".bash_profile", ".profile", ".zshrc")
_BYTES_MOST: Final = 1 << 20
# `source < (kubectl completion bash)`: with the blank it is a redirection, then a subshell.
_BLANK: Final = re.compile(r"^[^#\n]*\b(?:source|\.)[ \t]+<[ \t]+\(", re.MULTILINE)


def shell_findings(home: Path, say: Say) -> Iterator[Finding]:
    """Yield a finding for each startup file in which `<` and `(` stand apart."""
    for name in _FILES:
        text = read_text(home / name, _BYTES_MOST)
        found = _BLANK.search(text) if text is not None else None
        if text is not None and found is not None:
            line = text.count("\n", 0, found.end()) + 1
            sentence = say(
                "~/{name} line {line} has a blank between < and (, which is a syntax error:"
                " source <(kubectl completion bash)",
                name=name,
                line=line,
            )
            cure = f"sed -i.bak '{line}s/<[[:blank:]]*(/<(/' ~/{name}"
            yield Finding(State.WARN, "BLANK", sentence, cure)
