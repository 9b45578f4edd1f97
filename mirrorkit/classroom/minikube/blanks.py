"""Blanks that a browser or a chat puts in, and that a shell takes for letters."""

from __future__ import annotations

import re
from typing import Final

from mirrorkit.classroom.minikube.edits import Change, Edits, Kind
from mirrorkit.classroom.minikube.words import calls_in
from mirrorkit.scan.lexer import parse_script

_ODD: Final = re.compile(r"[^\S \t\r\n]+")
_WHY: Final = "a blank that is none to a shell, such as a no-break space, stood between words"


def plain_blanks(text: str) -> tuple[str, list[Change]]:
    """Return a text with true blanks between the words of its calls of minikube."""
    if not _ODD.search(text):
        return text, []
    edits = Edits(text)
    for call in calls_in(parse_script(text).commands, text):
        gaps = [(word, text[word.gap : word.start]) for word in call.words[1:]]
        odd = [(word, gap) for word, gap in gaps if _ODD.search(gap)]
        for word, gap in odd:
            edits.replace(word.gap, word.start, _ODD.sub(" ", gap))
        if odd and call.command.is_bare:
            first = call.words[call.program]
            edits.tell(Kind.CHANGED, edits.written(tuple(call.words)), _WHY, first.line)
    return edits.result(), edits.changes
