"""Shell text: the commands in it, and the documents it writes by here-documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.commands import images_in
from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.findings import judged, moved
from mirrorkit.scan.lexer import parse_script
from mirrorkit.scan.manifests import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.scan.findings import Finding
    from mirrorkit.scan.lexer import Script

_PROMPT: Final = re.compile(
    r"[ \t]*(?:\[[^\]\n]{1,80}\][$#%]"  # [root@master ~]#
    r"|[\w.-]{1,40}@[\w.-]{1,60}[^$#%\n]{0,80}[$#%]"  # user@host:~$
    r"|[$%])[ \t]+(?=\S)"  # a bare # begins a comment
)
_FIRST_LINE: Final = re.compile(r"^[ \t]*(?:[^\s#].*)$", re.MULTILINE)
_BUILD: Final = re.compile(r"[ \t]*(?:FROM|ARG)[ \t]+\S")
_KEY: Final = re.compile(r"""(?m)^[ ]*(?:-[ ]+)*["']?images?["']?:|[{,][ ]*["']?images?["']?:""")


def read_script(text: str) -> list[Finding]:
    """Find the images of a script's commands and of the documents it writes."""
    script = parse_script(text)
    found = list(_named(script))
    for line, body in script.documents:
        found.extend(moved(read_unknown(body, nested=True), line - 1))
    return found


def read_session(text: str) -> list[Finding]:
    """Find the images in what somebody typed, prompts and answers included.

    A prompt begins anew, so that an apostrophe in an answer swallows no command after it.
    """
    found: list[Finding] = []
    for start, part in _typed(text):
        found.extend(moved(read_script(part), start))
    return found


def read_unknown(text: str, *, nested: bool = False) -> list[Finding]:
    """Find the images of a text whose language nobody says; by content.

    One that begins as a Dockerfile is one. Anything else is read for commands and for keys `image`,
    for lessons show a command and the file it reads in one block.
    """
    first = _FIRST_LINE.search(text)
    if first and _BUILD.match(first[0]):
        return read_dockerfile(text)
    found = list(_named(parse_script(text))) if nested else read_session(text)
    if _KEY.search(text):
        found.extend(read_yaml(text))
    return found


def _named(script: Script) -> Iterator[Finding]:
    for command in script.commands:
        for word in images_in(command.words):
            yield from judged(word.text, word.line)


def _typed(text: str) -> Iterator[tuple[int, str]]:
    """Split a session at its prompts; with the number of lines before each part."""
    part: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n")):
        prompt = _PROMPT.match(line)
        if prompt and part:
            yield start, "\n".join(part)
            part, start = [], number
        part.append(line[prompt.end() :] if prompt else line)
    yield start, "\n".join(part)
