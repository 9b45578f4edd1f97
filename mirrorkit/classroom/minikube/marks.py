"""Marks that a chat or a page puts around commands: Markdown fences, quotations, prompts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.edits import Change, Kind
from mirrorkit.classroom.minikube.words import has_prompt
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.classroom.minikube.words import Call

_FENCE: Final = re.compile(
    r"[ \t]{0,12}(?:> ?){0,9}(?P<fence>`{3,9}|~{3,9})[ \t]*(?P<info>[^`]*)\Z"
)
_QUOTE: Final = re.compile(
    r"(?P<mark>[ \t]{0,12}(?:>[ \t]?){1,9})[ \t]*"
    r"(?:(?P<flag>-)|(?:[$%][ \t]+)?(?:(?:sudo|[A-Z_]{1,60}=\S{0,200})[ \t]+){0,9}minikube[ \t])"
)
_SHELLS: Final = frozenset({
    *("", "sh", "bash", "shell", "zsh", "console", "terminal", "shell-session", "shellsession"),
    *("text", "txt", "plain", "plaintext"),
})  # fmt: skip
"""Languages of a fence that may hold commands."""
_FENCED: Final = Sentence("a fence of Markdown stays: leave it out where a shell is to read this")
_QUOTED: Final = Sentence("a mark of a quotation stays: leave it out where a shell is to read this")
_PROMPTED: Final = Sentence("a prompt stays: leave it out where a shell is to read this")


def unmarked(text: str) -> tuple[str, list[Change]]:
    """Return a text as long, with blanks for the marks around commands, and what stays of them.

    What a fence says to be no shell's, as YAML, is blank too: no command is looked for in it.
    """
    if not re.search(r"^[ \t]*(?:>|```|~~~)", text, re.MULTILINE):
        return text, []
    lines, view, changes = text.split("\n"), [], list[Change]()
    closing, is_foreign, goes_on = "", False, False
    for number, line in enumerate(lines, 1):
        bare = line.rstrip("\r")
        fence, quote = _FENCE.match(bare), _QUOTE.match(bare)
        if fence and (not closing or (fence["fence"].startswith(closing) and not fence["info"])):
            closing = "" if closing else fence["fence"]
            is_foreign = bool(closing) and _language(fence["info"]) not in _SHELLS
            changes.append(Change(Kind.KEPT, bare.strip(), _FENCED, number))
            view.append(_blank(line))
        elif is_foreign:
            view.append(_blank(line))
        elif quote and (goes_on or not quote["flag"]):
            changes.append(Change(Kind.KEPT, quote["mark"].strip(), _QUOTED, number))
            view.append(" " * quote.end("mark") + line[quote.end("mark") :])
        else:
            view.append(line)
        goes_on = bare.endswith("\\")
    return "\n".join(view), changes


def prompts(calls: Iterable[Call]) -> list[Change]:
    """Return the prompts before calls of minikube."""
    found = (call.words[0] for call in calls if has_prompt(call))
    return [Change(Kind.KEPT, word.text, _PROMPTED, word.line) for word in found]


def _language(info: str) -> str:
    found = re.match(r"[ \t{.]*([\w-]*)", info)
    return found[1].lower() if found else ""


def _blank(line: str) -> str:
    """Keep an end of line as it is."""
    return re.sub(r"[^\r]", " ", line)
