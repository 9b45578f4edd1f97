"""Commands from a book or a chat, made to work against this mirror; all other text stays as it is.

text → calls of minikube (words) → their flags (arguments) → the start they ask for (chosen)
     → its recipe → edits: what fights it goes, what is missing comes, each with its reason
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.arguments import is_true, read_arguments
from mirrorkit.classroom.minikube.chosen import HEARD, chosen
from mirrorkit.classroom.minikube.edits import Edits, Kind
from mirrorkit.classroom.minikube.fit import fit
from mirrorkit.classroom.minikube.foreign import refuse_foreign
from mirrorkit.classroom.minikube.hidden import hidden_starts, starts_in
from mirrorkit.classroom.minikube.marks import prompts, unmarked
from mirrorkit.classroom.minikube.pasted import mended, name_pasted
from mirrorkit.classroom.minikube.recipe import recipe as recipe_of
from mirrorkit.classroom.minikube.rules import although_exported, unheard
from mirrorkit.classroom.minikube.words import calls_in, exports_of
from mirrorkit.errors import RefusedStartError, UsageError
from mirrorkit.scan.lexer import parse_script
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirrorkit.classroom.minikube.arguments import Arguments
    from mirrorkit.classroom.minikube.edits import Change
    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.classroom.minikube.words import Call
    from mirrorkit.documents.pins import Lock
    from mirrorkit.scan.lexer import Command, Script

SIZE_MAX: Final = 4 << 20
"""Characters of a text that is rewritten."""
_DATA: Final = "it may fight the mirror: to this shell it is data; rewrite it by itself"
_BARE: Final = "it may fight the mirror: in backticks or an array it is not rewritten"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of a text."""

    text: str
    changes: tuple[Change, ...]
    recipes: tuple[Recipe, ...]
    """Of its starts, each once; the first one's first."""
    mirrors: tuple[Mirror, ...]
    """As each recipe knows it."""


@dataclass(slots=True)
class _Kitchen:
    """Where recipes come from: each start's is made once, however often a script has it."""

    usual: Start
    mirror_for: Callable[[Start], Mirror]
    lock: Lock | None
    made: dict[Start, tuple[Recipe, Mirror]] = field(default_factory=dict)

    def recipe(self, call: Call, arguments: Arguments) -> tuple[Recipe, Mirror]:
        start = chosen(call, arguments, self.usual)
        if start not in self.made:
            mirror = self.mirror_for(start)
            self.made[start] = recipe_of(start, mirror, self.lock), mirror
        return self.made[start]

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple(recipe for recipe, _ in self.made.values())


def rewritten(
    text: str, usual: Start, mirror_for: Callable[[Start], Mirror], lock: Lock | None = None
) -> Rewritten:
    """Return a shell text with its `minikube start` commands made to work; twice changes nothing.

    `usual` is what a command leaves unsaid; where the mirror answers is asked for each start, for
    it depends on the driver. UsageError or RefusedStartError where a start cannot be, UsageError
    for text that is no shell's.
    """
    if len(text) > SIZE_MAX:
        raise UsageError(f"a text of more than {SIZE_MAX >> 20} MiB", hint="give the script alone")
    refuse_foreign(text)
    plain, odd = mended(text, unmarked(text)[0])
    edits, kitchen = Edits(plain, odd), _Kitchen(usual, mirror_for, lock)
    view, marks = unmarked(plain)
    script = parse_script(view)
    calls = list(calls_in(script.commands, view, HEARD))
    edits.changes += [*marks, *prompts(calls)] if calls else []
    for call in calls:
        arguments = read_arguments(call.words, call.program)
        if arguments.subcommand is None:
            continue
        if call.words[arguments.subcommand].text != "start":
            _comment(edits, call, arguments, kitchen.usual)
        elif not arguments.of("help"):
            _rewrite(edits, call, arguments, kitchen)
    name_pasted(edits, calls)
    _tell_hidden(edits, script, calls)
    _tell_masked(edits, view)
    if kitchen.made:
        _tell_exports(edits, script.commands)
        for note in dict.fromkeys(note for recipe in kitchen.recipes for note in recipe.notes):
            edits.tell(Kind.NOTE, "", note, 0)
    edits.changes.sort(key=lambda change: (not change.line, change.line))
    mirrors = tuple(mirror for _, mirror in kitchen.made.values())
    return Rewritten(edits.result(), tuple(edits.changes), kitchen.recipes, mirrors)


def _tell_hidden(edits: Edits, script: Script, calls: Sequence[Call]) -> None:
    """Say of starts that are data here that they stay as they are."""
    called = {call.words[call.program].end for call in calls}
    for hidden in hidden_starts(script, edits.text, called):
        edits.tell(Kind.KEPT, hidden.text, _DATA, hidden.line)


def _tell_masked(edits: Edits, view: str) -> None:
    """Say of starts in a part that is no shell's that they stay as they are."""
    pairs = zip(edits.text.split("\n"), view.split("\n"), strict=True)
    for number, (line, seen) in enumerate(pairs if view != edits.text else (), 1):
        for hidden in starts_in(line) if not seen.strip() else ():
            edits.tell(Kind.KEPT, hidden, _DATA, number)


def _tell_exports(edits: Edits, commands: Sequence[Command]) -> None:
    """Say of variables set for the whole script what they do to its starts."""
    for name, word in (export for command in commands for export in exports_of(command)):
        why = although_exported(name)
        if why is not None:
            edits.tell(Kind.KEPT, edits.written((word,)), why, word.line)


def _comment(edits: Edits, call: Call, arguments: Arguments, usual: Start) -> None:
    """Say of another subcommand where it hurts."""
    word = call.words[arguments.subcommand or 0]
    written = edits.written(tuple(call.words[call.program :]))
    purge = arguments.last("purge")
    if word.text == "delete" and purge is not None and is_true(purge.value or "true"):
        why = "it deletes minikube's cache with all that was put there; without --purge that stays"
        edits.tell(Kind.KEPT, written, why, word.line)
    said = [one.value for one in arguments.of("")]
    if word.text == "config" and said[:1] == ["set"] and (flag := unheard(said[1:], usual)):
        why = f"the starts here are worked out without it: write {flag} into them"
        edits.tell(Kind.KEPT, written, why, word.line)


def _rewrite(edits: Edits, call: Call, arguments: Arguments, kitchen: _Kitchen) -> None:
    line = call.words[call.program].line
    if not call.command.is_bare:
        edits.tell(Kind.KEPT, edits.written(tuple(call.words)), _BARE, line)
        return
    try:
        _check_values(arguments)
        recipe, mirror = kitchen.recipe(call, arguments)
    except (UsageError, RefusedStartError) as error:
        told = Sentence("line {line}: {error}", line=line, error=error.message)
        raise type(error)(told, hint=error.hint) from error
    fit(edits, call, arguments, recipe, mirror)


def _check_values(arguments: Arguments) -> None:
    """Refuse a flag without its value: it would take the first one that is added."""
    for name in (one.name for one in arguments.given if one.is_missing):
        raise UsageError(f"--{name} wants a value", hint="minikube refuses it as it stands, too")
