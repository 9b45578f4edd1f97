"""Dockerfiles: FROM, `COPY --from` and `RUN --mount=from`, with the defaults of ARG."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.findings import judged
from mirrorkit.scan.variables import NAME_MAX, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.scan.findings import Finding

_ESCAPE: Final = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"#\s*\w+\s*=")
_HEREDOC: Final = re.compile(r"""\d*<<-?(?P<quote>["']?)(?P<end>[A-Za-z_]\w*)(?P=quote)\Z""")
_WITH_HEREDOC: Final = frozenset({"RUN", "COPY", "ADD"})
_EMPTY: Final = "scratch"


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: int


def read_dockerfile(text: str) -> list[Finding]:
    """Find the images a build asks a registry for; the names of its own stages are none."""
    build = _Build()
    found: list[Finding] = []
    for keyword, *words in _instructions(text.split("\n")):
        found.extend(build.take(keyword.text.upper(), words))
    return found


class _Build:
    """What is known so far while a Dockerfile is read from its top."""

    def __init__(self) -> None:
        self._arguments: dict[str, str] = {}
        self._stages: set[str] = set()
        self._count = 0

    def take(self, keyword: str, words: list[_Word]) -> Iterator[Finding]:
        """Yield the images one instruction names."""
        if keyword == "ARG" and not self._count:  # only what stands before FROM is seen by FROM
            self._argument(words)
        elif keyword == "FROM":
            yield from self._from(words)
        elif keyword == "COPY":
            yield from self._sources(words, "--from=")
        elif keyword == "RUN":
            yield from self._sources(list(_mounted(words)), "from=")

    def _argument(self, words: list[_Word]) -> None:
        for word in words:
            name, is_set, value = word.text.partition("=")
            if is_set:
                self._arguments[name] = expand(_unquoted(value), self._arguments)[:NAME_MAX]

    def _from(self, words: list[_Word]) -> Iterator[Finding]:
        names = [word for word in words if not word.text.startswith("--")]
        if not names:
            return
        image = expand(_unquoted(names[0].text), self._arguments)
        if not self._is_own(image):
            yield from judged(image, names[0].line)
        self._count += 1
        if len(names) == len(("image", "AS", "name")):
            self._stages.add(names[2].text.lower())

    def _sources(self, words: list[_Word], option: str) -> Iterator[Finding]:
        for word in words:
            if word.text.startswith(option):
                image = _unquoted(word.text.removeprefix(option))
                if not self._is_own(image) and not image.isdigit():
                    yield from judged(image, word.line)

    def _is_own(self, name: str) -> bool:
        return name == _EMPTY or name.lower() in self._stages


def _mounted(words: list[_Word]) -> Iterator[_Word]:
    """Yield the parts of every `--mount=type=bind,from=…`."""
    for word in words:
        if word.text.startswith("--mount="):
            for part in word.text.removeprefix("--mount=").split(","):
                yield _Word(part, word.line)


def _instructions(lines: list[str]) -> Iterator[list[_Word]]:
    """Yield each instruction's words: continued lines joined, comments and heredocs left out."""
    escape = _escape(lines)
    last = {line.strip(): number for number, line in enumerate(lines)}
    words: list[_Word] = []
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        is_continued = line.endswith(escape)
        line = line.removesuffix(escape)
        words.extend(_Word(word, number) for word in line.split())
        if words and not is_continued:
            yield words
            number = _after_heredocs(words, lines, number, last)
            words = []
    if words:
        yield words


def _after_heredocs(words: list[_Word], lines: list[str], number: int, last: dict[str, int]) -> int:
    """Return the first line after an instruction's heredocs; one that never ends is none."""
    if words[0].text.upper() in _WITH_HEREDOC:
        for heredoc in filter(None, (_HEREDOC.match(word.text) for word in words)):
            while last.get(heredoc["end"], -1) >= number:
                number += 1
                if lines[number - 1].strip() == heredoc["end"]:
                    break
    return number


def _escape(lines: list[str]) -> str:
    """Return the character that continues a line (Dockerfile reference, "Parser directives")."""
    for line in lines:
        if not _DIRECTIVE.match(line.strip()):
            break
        found = _ESCAPE.match(line.strip())
        if found:
            return found[1]
    return "\\"


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text
