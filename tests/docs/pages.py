"""Markdown pages as a test reads them: headings, fenced blocks, links, code in the prose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = ".zh-CN.md"
_FENCE = re.compile(r"^```(?P<kind>.*)$")
_HEADING = re.compile(r"^(?P<level>#+) (?P<title>.+)$")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_SPAN = re.compile(r"`(?P<code>[^`]+)`")
_COMMENT = re.compile(r"(^|\s+)#.*$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its tag, its text, and the line it begins on."""

    kind: str
    text: str
    line: int

    @property
    def commands(self) -> str:
        """Return the shell's part: all of `sh`, and of `console` what stands after a prompt."""
        if self.kind == "sh":
            return self.text
        typed = (line for line in self.text.splitlines() if line.startswith("$ "))
        return "".join(f"{line.removeprefix('$ ')}\n" for line in typed)

    @property
    def said_in_any_language(self) -> tuple[str, str]:
        """Return what must be the same in every language: all but comments."""
        return self.kind, _COMMENT.sub("", self.text)


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path
    levels: tuple[int, ...]
    blocks: tuple[Block, ...]
    links: tuple[str, ...]
    spans: tuple[str, ...]
    """Code in the prose, each on one line."""

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))


def read_page(path: Path) -> Page:
    """Read a page; an unclosed fence swallows the rest, and is refused."""
    levels: list[int] = []
    blocks: list[Block] = []
    prose: list[str] = []
    kind, held, begun = None, [""], 0
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if kind is not None and fence:
            blocks.append(Block(kind, "".join(held), begun))
            kind = None
        elif kind is not None:
            held.append(f"{line}\n")
        elif fence:
            kind, held, begun = fence["kind"].strip(), [], number
        else:
            prose.append(line)
            levels += [len(found["level"]) for found in [_HEADING.match(line)] if found]
    assert kind is None, f"{path}:{begun}: this block has no end"
    text = "\n".join(prose)
    links = (found["target"] for found in _LINK.finditer(text))
    spans = (" ".join(found["code"].split()) for found in _SPAN.finditer(text))
    return Page(path, tuple(levels), tuple(blocks), tuple(links), tuple(spans))


PAGES = tuple(map(read_page, sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])))
