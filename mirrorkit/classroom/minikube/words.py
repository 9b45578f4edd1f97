"""Where a script calls minikube, and what stands in front of it: variables, sudo, env."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from mirrorkit.scan.lexer import Command, Word

_MINIKUBE: Final = re.compile(r"(?:.*/)?minikube(?:-(?:linux|darwin)-[a-z0-9]+)?", re.DOTALL)
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_PROMPT: Final = re.compile(r"[$%]|[\w.-]{1,60}@[\w.-]{1,60}(?::\S{0,200})?[$%#]")
_KEYWORDS: Final = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{"})
_TAKES_ASSIGNMENTS: Final = frozenset({"sudo", "env"})
_VALUED: Final = {
    "sudo": frozenset({
        *("-C", "-D", "-g", "-h", "-p", "-R", "-r", "-T", "-t", "-U", "-u", "--chdir"),
        *("--chroot", "--close-from", "--command-timeout", "--group", "--host", "--other-user"),
        *("--prompt", "--role", "--type", "--user"),
    }),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "doas": frozenset({"-C", "-u"}),
    "time": frozenset({"-f", "--format", "-o", "--output"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "timeout": frozenset({"-k", "--kill-after", "-s", "--signal"}),
    "exec": frozenset({"-a"}),
    "nohup": frozenset[str](),
    "command": frozenset[str](),
    "setsid": frozenset[str](),
}  # fmt: skip
"""Programs that run another, and their options that take the next word."""


@dataclass(slots=True)
class Call:
    """One call of minikube."""

    command: Command
    program: int = 0
    """Which word is minikube."""
    assignments: dict[int, str] = field(default_factory=dict)
    """The variables set in front that reach it, by the place of their word."""
    exported: dict[str, Word] = field(default_factory=dict)
    """The variables that the script exported before it and that reach it, by name."""
    lost: dict[int, str] = field(default_factory=dict)
    """Those that sudo or `env -i` keeps from it."""
    keeps_variables: bool = True
    """Whether it gets the variables of the shell around it."""
    is_root: bool = False
    wrapper: str = ""
    """The program that runs it, if any."""
    is_closed: bool = False
    """Whether `--` ended that program's options."""

    @property
    def words(self) -> Sequence[Word]:
        """All words of the command."""
        return self.command.words

    @property
    def takes_assignment(self) -> bool:
        """Whether NAME=value may stand right before minikube."""
        is_open = self.wrapper in _TAKES_ASSIGNMENTS and not (
            self.wrapper == "sudo" and self.is_closed
        )
        return not self.wrapper or is_open

    def value(self, place: int) -> str:
        """Return the value of an assignment."""
        return self.words[place].text.partition("=")[2]


def calls_in(commands: Iterable[Command], text: str, heard: Collection[str] = ()) -> Iterator[Call]:
    """Yield the calls of minikube among a script's commands, in the order in which they end.

    Of what the script exports, the variables in `heard` are noted.
    """
    exported: dict[str, Word] = {}
    for command in commands:
        exports = {name: word for name, word in exports_of(command) if name in heard}
        exported = exported | exports if exports else exported  # calls share one until it changes
        call = _call(command, text)
        if call is not None:
            call.exported = exported if call.keeps_variables else {}
            yield call


def exports_of(command: Command) -> Iterator[tuple[str, Word]]:
    """Yield the variables that a command exports with a value, by name, with their words."""
    first, *rest = command.words
    for word in rest if first.text == "export" else ():
        if _ASSIGNMENT.match(word.text):
            yield word.text.partition("=")[0], word


def _call(command: Command, text: str) -> Call | None:
    call, place = Call(command), 0
    words = command.words
    while place < len(words):
        word = words[place]
        name = word.text.rpartition("/")[2]
        if _MINIKUBE.fullmatch(word.text):
            call.program = place
            return call
        if _is_assignment(call, word, text):
            call.assignments[place] = word.text.partition("=")[0]
        elif name in _VALUED:
            place = _wrap(call, place, name)
        elif call.wrapper or not _may_precede(word, place):
            return None
        place += 1
    return None


def has_prompt(call: Call) -> bool:
    """Say whether a call begins with a shell's prompt."""
    return call.program > 0 and _PROMPT.fullmatch(call.words[0].text) is not None


def _may_precede(word: Word, place: int) -> bool:
    return word.text in _KEYWORDS or (place == 0 and bool(_PROMPT.fullmatch(word.text)))


def _is_assignment(call: Call, word: Word, text: str) -> bool:
    """Say whether a word sets a variable: to a shell not one whose name is quoted."""
    written = word.text if call.wrapper else text[word.start : word.start + len(word.text) + 1]
    return call.takes_assignment and bool(_ASSIGNMENT.match(written))


def _wrap(call: Call, place: int, name: str) -> int:
    """Step over the options of a program that runs another; return the last one's place."""
    call.wrapper, call.is_closed = name, False
    call.is_root = call.is_root or name in {"sudo", "doas"}
    keeps = name not in {"sudo", "doas"}
    words = call.words
    while place + 1 < len(words) and words[place + 1].text.startswith("-") and not call.is_closed:
        place += 1
        option = words[place].text
        call.is_closed = option == "--"
        keeps = keeps or _keeps(name, option)
        if name == "env" and option in {"-", "-i", "--ignore-environment"}:
            keeps = False
        if option in _VALUED[name]:
            place += 1
        call.is_root = call.is_root and not _is_other_user(words, place, option)
    if not keeps:
        call.lost.update(call.assignments)
        call.assignments.clear()
        call.keeps_variables = False
    return place + (name == "timeout")


def _keeps(name: str, option: str) -> bool:
    return name == "sudo" and (option.startswith("--preserve-env") or _is_cluster(option, "E"))


def _is_cluster(option: str, letter: str) -> bool:
    return re.fullmatch(r"-[A-Za-z]+", option) is not None and letter in option


def _is_other_user(words: Sequence[Word], place: int, option: str) -> bool:
    """Say whether an option makes the user another than root."""
    if option in {"-u", "--user"} and place < len(words):
        return words[place].text not in {"root", "#0"}
    return option.startswith("--user=") and option != "--user=root"
