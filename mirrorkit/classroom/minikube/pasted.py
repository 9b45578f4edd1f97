"""What a chat or a browser has made of a command's letters: its dashes, quotes and blanks.

What can have been but one thing is mended, in calls of minikube alone; the rest is named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.arguments import SWITCHES, VALUED, takes_next
from mirrorkit.classroom.minikube.edits import Change, Edits, Kind, quoted
from mirrorkit.classroom.minikube.words import calls_in
from mirrorkit.scan.lexer import parse_script
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.classroom.minikube.words import Call
    from mirrorkit.scan.lexer import Word

_DASHES: Final = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_DOUBLE: Final = "\u201c-\u201f\uff02"
_SINGLE: Final = "\u2018-\u201b\uff07"
_INVISIBLE: Final = "\u00ad\u200b-\u200f\u2060\ufeff"
_ODD: Final = re.compile(rf"[{_DASHES}{_DOUBLE}{_SINGLE}{_INVISIBLE}]|[^\S \t\r\n]")
_BLANK: Final = re.compile(r"[^\S \t\r\n]+")
_DASH: Final = re.compile(f"[{_DASHES}]")
_QUOTE: Final = re.compile(f"(?P<double>[{_DOUBLE}])|(?P<single>[{_SINGLE}])")
_LETTER: Final = re.compile(f"[{_INVISIBLE}]")
_FLAG: Final = re.compile(
    rf"(?P<run>[-{_DASHES}]+)(?P<name>[A-Za-z][\w{_DASHES}-]*)(?==|\Z)", re.ASCII
)
_SHORT: Final = re.compile(r"[A-Za-z]\d*", re.ASCII)
_STRAIGHT: Final = re.compile(r"""['"\\`()]""")
_WAS_BLANK: Final = Sentence(
    "a blank that is none to a shell, such as a no-break space, stood between words"
)
_WAS_DASH: Final = Sentence("a flag begins with plain hyphens; a chat had made a dash of them")
_WAS_QUOTE: Final = Sentence("a shell knows straight quotes alone; a chat had made them curly")
_KEPT: Final = (
    (_DASH, Sentence("this dash is a letter to minikube: type hyphens if a flag is meant")),
    (_QUOTE, Sentence("these quotes are letters to a shell: type straight ones if they are meant")),
    (_LETTER, Sentence("it has a letter that nobody sees and a shell does: type it anew")),
)


def mended(text: str, view: str) -> tuple[str, list[Change]]:
    """Return a text with what was pasted into its calls of minikube mended, and what was done.

    `view` is the text as a shell reads it, as long as it is.
    """
    if not _ODD.search(text):
        return text, []
    edits = Edits(text)
    for call in calls_in(parse_script(view).commands, view):
        if call.command.is_bare:
            _mend_blanks(edits, call)
            _mend_quotes(edits, call.words)
            _mend_flags(edits, call)
    return edits.result(), edits.changes


def name_pasted(edits: Edits, calls: Iterable[Call]) -> None:
    """Say of what is left of it in calls of minikube why it may hurt."""
    if not _ODD.search(edits.text):
        return
    for call in calls:
        for word in call.words:
            written = edits.text[word.start : word.end]
            why = next((why for pattern, why in _KEPT if pattern.search(written)), None)
            if why is not None:
                edits.tell(Kind.KEPT, written, why, word.line)


def _mend_blanks(edits: Edits, call: Call) -> None:
    gaps = [(word, edits.text[word.gap : word.start]) for word in call.words]
    odd = [(word, gap) for word, gap in gaps if _BLANK.search(gap)]
    for word, gap in odd:
        edits.replace(word.gap, word.start, _BLANK.sub(" ", gap))
    if odd:
        first = call.words[call.program]
        edits.tell(Kind.CHANGED, edits.written(tuple(call.words)), _WAS_BLANK, first.line)


def _mend_quotes(edits: Edits, words: Iterable[Word]) -> None:
    """Make pairs straight that stand in one line, outside what a shell quotes already."""
    begun: tuple[Word, int, str] | None = None
    told: set[int] = set()
    for word in words:
        written = edits.text[word.start : word.end]
        if _STRAIGHT.search(written):
            begun = None
            continue
        for found in _QUOTE.finditer(written):
            at, kind = word.start + found.start(), found.lastgroup or ""
            if begun is None or begun[0].line != word.line:
                begun = word, at, kind
            elif begun[2] == kind:
                mark = '"' if kind == "double" else "'"
                edits.replace(begun[1], begun[1] + 1, mark)
                edits.replace(at, at + 1, mark)
                first, begun = begun[0], None
                if first.start not in told:  # once, however many it has
                    told.add(first.start)
                    written_out = edits.text[first.start : word.end]
                    edits.tell(Kind.CHANGED, written_out, _WAS_QUOTE, first.line)


def _mend_flags(edits: Edits, call: Call) -> None:
    """Give flags their hyphens, up to the `--` that ends them; a flag's value stays."""
    skips = False
    for word in call.words[call.program + 1 :]:
        if word.text == "--" and not skips:
            break
        written = edits.text[word.start : word.end]
        is_quoted = written.startswith("'") and written == quoted(word.text)
        found = None if skips else _FLAG.match(word.text if is_quoted else written)
        if found is None or not _DASH.search(found[0]):
            skips = not skips and takes_next(word.text)
            continue
        flag = _hyphened(found["run"], _DASH.sub("-", found["name"]))
        if is_quoted:  # as words that a shell has split come back
            edits.replace(word.start, word.end, quoted(flag + word.text[found.end() :]))
        else:
            edits.replace(word.start, word.start + found.end(), flag)
        edits.tell(Kind.CHANGED, written, _WAS_DASH, word.line)
        skips = takes_next(flag + word.text[found.end() :])


def _hyphened(run: str, name: str) -> str:
    if not _DASH.search(run):
        return run + name
    is_short = _SHORT.fullmatch(name) is not None and name not in SWITCHES | VALUED
    return ("-" if is_short else "--") + name
