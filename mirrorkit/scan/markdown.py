"""Markdown: its code blocks, each read as what it is; prose and inline code name nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.findings import moved
from mirrorkit.scan.manifests import read_yaml
from mirrorkit.scan.scripts import read_session, read_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mirrorkit.scan.findings import Finding

_QUOTE: Final = re.compile(r"[ ]{0,3}(?:>[ ]?)+")
_FENCE: Final = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*+][ ]+|\d+[.)][ ]+)?(?P<fence>`{3,}|~{3,})(?P<info>.*)"
)
_LANGUAGE: Final = re.compile(r"\s*\{?\s*\.?(?P<name>[\w-]*)")
_INDENTED: Final = re.compile(r"(?:[ ]{4}|[ ]{0,3}\t)")

_READERS: Final[dict[str, Callable[[str], list[Finding]]]] = {
    **dict.fromkeys(("", "text", "txt", "plain", "plaintext", "none", "code"), read_unknown),
    **dict.fromkeys(("sh", "bash", "shell", "zsh", "ksh", "console", "terminal"), read_session),
    **dict.fromkeys(
        ("shell-session", "shellsession", "sh-session", "powershell", "cmd"), read_session
    ),
    **dict.fromkeys(("yaml", "yml", "json", "compose", "docker-compose"), read_yaml),
    **dict.fromkeys(("dockerfile", "docker", "containerfile"), read_dockerfile),
}


@dataclass(slots=True)
class _Block:
    """One code block; the line is the number of lines above its first."""

    line: int
    language: str = ""
    lines: list[str] = field(default_factory=list)


def read_markdown(text: str) -> list[Finding]:
    """Find the images in the code blocks of a lesson."""
    found: list[Finding] = []
    for block in _blocks(text.split("\n")):
        reader = _READERS.get(block.language)
        if reader is not None:
            found.extend(moved(reader("\n".join(block.lines)), block.line))
    return found


def _blocks(lines: list[str]) -> Iterator[_Block]:
    number = 0
    is_blank = True
    while number < len(lines):
        line = _QUOTE.sub("", lines[number], count=1)
        fence = _FENCE.match(line)
        if fence and not ("`" in fence["info"] and fence["fence"][0] == "`"):
            block, number = _fenced(lines, number, fence)
            yield block
        elif is_blank and _INDENTED.match(line) and line.strip():
            block, number = _indented(lines, number)
            yield block
        elif line.lstrip().startswith("<!--"):
            number = _after_comment(lines, number)
        else:
            number += 1
        is_blank = not lines[number - 1].strip()


def _fenced(lines: list[str], number: int, fence: re.Match[str]) -> tuple[_Block, int]:
    """Read up to the closing fence (CommonMark 4.5), or to the end."""
    block = _Block(number + 1, _language(fence["info"]))
    mark, indent = fence["fence"], len(fence["indent"])
    is_quoted = _QUOTE.match(lines[number]) is not None
    number += 1
    while number < len(lines):
        line = _QUOTE.sub("", lines[number], count=1) if is_quoted else lines[number]
        bare = line.strip()
        number += 1
        if bare.startswith(mark) and not bare.strip(mark[0]):
            break
        block.lines.append(line[min(indent, len(line) - len(line.lstrip())) :])
    return block, number


def _indented(lines: list[str], number: int) -> tuple[_Block, int]:
    block = _Block(number)
    while number < len(lines):
        line = lines[number]
        indent = _INDENTED.match(line)
        if (not indent and line.strip()) or _FENCE.match(line):
            break
        block.lines.append(line[indent.end() :] if indent else "")
        number += 1
    return block, number


def _after_comment(lines: list[str], number: int) -> int:
    while number < len(lines) and "-->" not in lines[number]:
        number += 1
    return min(number + 1, len(lines))


def _language(info: str) -> str:
    found = _LANGUAGE.match(info)
    return found["name"].lower() if found else ""
