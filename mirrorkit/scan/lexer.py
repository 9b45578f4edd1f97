"""Shell text as simple commands: one pass, no recursion, and no text it cannot read.

It follows the POSIX shell's token recognition (XCU 2.3) as far as the words of a command need it.
Expansions stay in the words as they are written; what stands in `$(…)` becomes commands too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, cast

_COMMON: Final = r"""
 |(?P<variable>\$\{[^}\n]{0,200}\}|\$\w+|\$[@*\#?$!-])
 |(?P<open>\$\()
 |(?P<backtick>`)
 |(?P<double>")
"""
_UNQUOTED: Final = re.compile(
    r"""(?P<joined>\\\r?\n)
 |\\(?P<escaped>.)
 |'(?P<single>[^']*)'"""
    + _COMMON
    + r"""
 |(?P<newline>\n)
 |(?P<blank>[^\S\n]+)
 |(?P<hash>\#)
 |(?P<heredoc><<-?[ \t]*\\?(?P<quote>['"]?)(?P<end>[A-Za-z_][\w.-]*)(?P=quote))
 |(?P<redirect>&>>?|<<<|>>|>\||[<>]&|[<>](?!\())
 |(?P<paren>[<>]?\()
 |(?P<close>\))
 |(?P<operator>[;&|]+)
 |(?P<plain>[^\s\\'"`$\#;&|()<>]+)
 |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED: Final = re.compile(
    r"""(?P<joined>\\\r?\n)
 |\\(?P<escaped>[$`"\\])"""
    + _COMMON
    + r"""
 |(?P<plain>[^\\"`$]+)
 |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_PATTERN: Final = re.compile(r"[*?\[{]|^~")
_DEPTH_MAX: Final = 20
_EXPANSION_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command, its quotes removed; the line counts from 1.

    As written it is `text[start:end]` of the script, what separates it from the word, redirection
    or operator before it `text[gap:start]`.
    """

    text: str
    line: int
    gap: int = 0
    start: int = 0
    end: int = 0
    is_exact: bool = True
    """Whether a shell takes it for this very text: it has no expansion, no pattern."""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command, its redirections left out."""

    words: list[Word]
    is_bare: bool
    """Whether it stands as itself: neither in backticks, where backslashes count twice, nor in an
    array's parentheses, where it is data."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a script says: its commands, and its here-documents with the line each begins on."""

    commands: list[Command]
    documents: list[tuple[int, str]]


@dataclass(slots=True)
class _Frame:
    """A command under reading: the script itself, or one inside `$(…)` or backticks."""

    closer: str = ""
    start: int = 0
    quoted: bool = False
    parens: int = 0
    array: int = 0
    """How many parentheses were open where an array's began; 0 outside one."""
    words: list[Word] = field(default_factory=list)
    pieces: list[str] | None = None
    line: int = 0
    gap: int = 0
    word: int = 0
    """Where the word under reading begins."""
    is_exact: bool = True
    skips_next: bool = False


def parse_script(text: str) -> Script:
    """Split a script; every text is one, however little sense it makes."""
    lexer = _Lexer(text)
    lexer.run()
    return Script(lexer.commands, lexer.documents)


class _Lexer:
    def __init__(self, text: str) -> None:
        self.commands: list[Command] = []
        self.documents: list[tuple[int, str]] = []
        self._text = text
        self._at = 0
        self._token = 0
        self._solid = 0  # where the last token ended that is neither blank nor a joined line
        self._line = 1
        self._last_quote = text.rfind('"')
        self._last_lines = {line.strip(): n for n, line in enumerate(text.split("\n"), 1)}
        self._pending: list[str] = []
        self._frames = [_Frame()]

    @property
    def _frame(self) -> _Frame:
        return self._frames[-1]

    def run(self) -> None:
        """Read to the end; what is still open there ends there."""
        while self._at < len(self._text):
            pattern = _QUOTED if self._frame.quoted else _UNQUOTED
            # Never None: the last alternative takes any character.
            token = cast("re.Match[str]", pattern.match(self._text, self._at))
            self._token, self._at = self._at, token.end()
            self._take(token)
            if token.lastgroup not in {"blank", "joined"}:
                self._solid = self._at
            self._line += token[0].count("\n")
            if token.lastgroup == "newline":
                self._read_heredocs()
        while len(self._frames) > 1:
            self._leave()
        self._end_command()

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup or "other"
        if kind in {"escaped", "single"}:
            self._add(token[kind])
        elif kind in {"variable", "plain", "other"}:
            self._add(token[0], is_exact=self._is_exact(kind, token[0]))
        elif kind in {"blank", "hash", "newline", "operator"}:
            self._between(kind)
        elif kind in {"heredoc", "redirect"}:
            self._redirect(token)
        elif kind != "joined":
            self._nest(kind, token[0])

    def _is_exact(self, kind: str, text: str) -> bool:
        if kind == "variable" or text == "$":  # the latter begins $'…' in some shells
            return False
        return self._frame.quoted or not _PATTERN.search(text)

    def _between(self, kind: str) -> None:
        if kind == "hash" and self._frame.pieces is not None:
            self._add("#")
        elif kind == "hash":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif kind == "blank":
            self._end_word()
        else:
            self._end_command()

    def _redirect(self, token: re.Match[str]) -> None:
        frame = self._frame
        if frame.pieces and "".join(frame.pieces).isdigit():  # a file descriptor: 2>…
            frame.pieces = None
        self._end_word()
        if token.lastgroup == "redirect":
            frame.skips_next = True
        elif self._last_lines.get(token["end"], 0) > self._line:  # one that never ends is none
            self._pending.append(token["end"])

    def _nest(self, kind: str, text: str) -> None:
        """Enter or leave quotes, a substitution, a subshell."""
        frame = self._frame
        if kind == "double" and (frame.quoted or self._at <= self._last_quote):
            frame.quoted = not frame.quoted
            self._add("")
        elif kind == "paren":
            is_array = text == "(" and "".join(frame.pieces or ())[-1:] == "="
            self._end_command()
            frame.parens += 1
            frame.array = frame.array or (frame.parens if is_array else 0)
        elif kind == "close":
            self._close()
        elif kind == "backtick" and frame.closer == "`":
            self._leave()
        elif kind != "double" and len(self._frames) < _DEPTH_MAX:
            self._add("", is_exact=False)  # to the command around it, it is part of a word
            self._frames.append(_Frame(")" if kind == "open" else "`", self._token))
        else:
            self._add(text, is_exact=False)

    def _close(self) -> None:
        if self._frame.closer == ")" and not self._frame.parens:
            self._leave()
        else:
            self._end_command()
            frame = self._frame
            frame.parens -= frame.parens > 0
            frame.array = frame.array if frame.array <= frame.parens else 0

    def _leave(self) -> None:
        """End a substitution: its text goes into the word around it."""
        self._end_command()
        start = self._frames.pop().start
        self._add(self._text[start : min(self._at, start + _EXPANSION_MAX)], is_exact=False)

    def _add(self, text: str, *, is_exact: bool = True) -> None:
        frame = self._frame
        if frame.pieces is None:
            frame.pieces, frame.line, frame.is_exact = [], self._line, True
            frame.gap, frame.word = self._solid, self._token
        frame.pieces.append(text)
        frame.is_exact = frame.is_exact and is_exact

    def _end_word(self) -> None:
        frame = self._frame
        if frame.pieces is not None:
            if not frame.skips_next:
                text = "".join(frame.pieces)
                span = (frame.gap, frame.word, self._solid)
                frame.words.append(Word(text, frame.line, *span, is_exact=frame.is_exact))
            frame.pieces, frame.skips_next = None, False

    def _end_command(self) -> None:
        self._end_word()
        frame = self._frame
        if frame.words:
            is_bare = not any(one.closer == "`" or one.array for one in self._frames)
            self.commands.append(Command(frame.words, is_bare))
        frame.words, frame.skips_next = [], False

    def _read_heredocs(self) -> None:
        """Step over the bodies announced on the line that just ended.

        The line that ends one may be indented: lessons stand in lists, and their text is a copy.
        """
        for end in self._pending:
            start, first = self._at, self._line
            while self._at < len(self._text):
                body_end, line = self._at, self._next_line()
                if line.strip() == end:
                    self.documents.append((first, self._text[start:body_end]))
                    break
        self._pending, self._solid = [], self._at

    def _next_line(self) -> str:
        start = self._at
        stop = self._text.find("\n", start)
        self._at = len(self._text) if stop < 0 else stop + 1
        self._line += 1
        return self._text[start : self._at]
