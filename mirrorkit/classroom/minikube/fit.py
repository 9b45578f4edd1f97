"""One `minikube start` made to fit its recipe: what fights it goes, what is missing comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.classroom.minikube.arguments import (
    LISTS,
    REPEATED,
    SWITCHES,
    is_true,
    join_list,
    split_list,
)
from mirrorkit.classroom.minikube.chosen import CHOOSING, said, variable_of
from mirrorkit.classroom.minikube.edits import Kind, quoted
from mirrorkit.classroom.minikube.rules import (
    FIGHTING,
    Wanted,
    although,
    although_variable,
    is_ours,
    quarrel,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirrorkit.classroom.minikube.arguments import Argument, Arguments
    from mirrorkit.classroom.minikube.edits import Edits
    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.minikube.words import Call
    from mirrorkit.scan.lexer import Word


def fit(edits: Edits, call: Call, arguments: Arguments, recipe: Recipe, mirror: Mirror) -> None:
    """Edit one start so that it is its recipe's; flags of which a recipe knows nothing stay."""
    _Fitting(edits, call, arguments, recipe, mirror).run()


class _Fitting:
    """One start under change."""

    def __init__(
        self, edits: Edits, call: Call, arguments: Arguments, recipe: Recipe, mirror: Mirror
    ) -> None:
        self._edits = edits
        self._call = call
        self._arguments = arguments
        self._recipe = recipe
        self._mirror = mirror
        self._wanted = wanted(recipe)
        self._one = {want.name: want for want in self._wanted}
        self._line = call.words[call.program].line

    def run(self) -> None:
        held: dict[str, set[str]] = {}
        for argument in self._arguments.given:
            if argument.name in LISTS:
                held.setdefault(argument.name, set()).update(self._keep_items(argument))
            elif self._stays(argument):
                held.setdefault(argument.name, set()).add(argument.value)
                self._say_although(argument)
        self._set_variables()
        self._add([want for want in self._wanted if not self._has(want, held.get(want.name, ()))])

    def _words(self, argument: Argument) -> tuple[Word, ...]:
        return tuple(self._call.words[place] for place in argument.words)

    def _stays(self, argument: Argument) -> bool:
        """Take a flag out where it fights; a value that is the recipe's stays."""
        want = self._one.get(argument.name)
        if argument.name in CHOOSING or argument.name in REPEATED or want is None:
            why = quarrel(argument, self._recipe)
        elif argument.is_exact and _is_same(argument.name, argument.value, want.value):
            return True
        else:
            why = FIGHTING.get(argument.name, want.why)
        if why is not None:
            self._drop(argument, why)
        return why is None

    def _drop(self, argument: Argument, why: str) -> None:
        words = self._words(argument)
        self._edits.drop(words)
        self._edits.tell(Kind.REMOVED, self._edits.written(words), why, words[0].line)

    def _say_although(self, argument: Argument) -> None:
        why = although(argument, self._recipe)
        if not argument.is_exact and argument.name in CHOOSING:
            why = "only the shell knows what it is: the rest is made for what is usual here"
        if why is not None:
            words = self._words(argument)
            self._edits.tell(Kind.KEPT, self._edits.written(words), why, words[0].line)

    def _keep_items(self, argument: Argument) -> list[str]:
        """Keep of a list what does not fight; return its items."""
        items = split_list(argument.value) if argument.is_exact else [argument.value]
        kept = [item for item in items if not self._fights(argument.name, item)]
        if not kept and items:
            why = FIGHTING.get(argument.name, "it is this mirror by another address")
            self._drop(argument, why)
        elif kept != items:
            self._shorten(argument, kept)
        elif not all(self._is_wanted(argument.name, item) for item in items):
            self._say_although(argument)
        return kept

    def _fights(self, name: str, item: str) -> bool:
        if self._is_wanted(name, item):
            return False
        return name in FIGHTING or (name == "insecure-registry" and is_ours(item, self._mirror))

    def _is_wanted(self, name: str, item: str) -> bool:
        return any(name == want.name and item in split_list(want.value) for want in self._wanted)

    def _shorten(self, argument: Argument, kept: list[str]) -> None:
        words = self._words(argument)
        new = join_list(kept) if argument.is_separate else f"--{argument.name}={join_list(kept)}"
        self._edits.replace(words[-1].start, words[-1].end, quoted(new))
        why = FIGHTING.get(argument.name, "it was this mirror by another address")
        self._edits.tell(Kind.CHANGED, self._edits.written(words), why, words[0].line)

    def _has(self, want: Wanted, held: Collection[str]) -> bool:
        """Say whether the command has what the recipe wants of a flag, or decides it itself."""
        if want.name == "iso-url" and held:
            return True
        if want.name in LISTS:
            return set(split_list(want.value)) <= set(held)
        if want.name == "kubernetes-version" and self._is_without_kubernetes():
            return True
        if want.name in CHOOSING:
            found = said(self._call, self._arguments, want.name)
            is_chosen = found is not None and found.is_choice
            return is_chosen or self._is_old_driver(want.name)
        return any(_is_same(want.name, value, want.value) for value in held)

    def _is_old_driver(self, name: str) -> bool:
        return name == "driver" and bool(self._arguments.of("vm-driver"))

    def _is_without_kubernetes(self) -> bool:
        """Say whether it has --no-kubernetes, with which minikube refuses a version."""
        found = self._arguments.last("no-kubernetes")
        return found is not None and is_true(found.value) is True

    def _set_variables(self) -> None:
        """Take out the variables that stand for fighting flags; put in the recipe's."""
        environment = {setting.name: setting for setting in self._recipe.environment}
        fighting = {variable_of(name) for name in (*FIGHTING, "preload", "cache-images")}
        held: set[str] = set()
        for place, name in sorted((self._call.assignments | self._call.lost).items()):
            want = environment.get(name)
            is_heard = place in self._call.assignments
            if want is not None and is_heard and self._call.value(place) == want.value:
                held.add(name)
            elif name in fighting or want is not None:
                self._drop_variable(place, name)
            else:
                self._say_of_variable(place, name)
        self._insert([one.word for name, one in environment.items() if name not in held])
        for name, one in environment.items():
            if name not in held:
                self._edits.tell(Kind.ADDED, quoted(one.word), one.why, self._line)

    def _drop_variable(self, place: int, name: str) -> None:
        word, after = self._call.words[place], self._call.words[place + 1]
        self._edits.replace(word.start, after.start, "")
        flag = name.removeprefix("MINIKUBE_").lower().replace("_", "-")
        why = FIGHTING.get(flag, "it stands for a flag that the mirror sets otherwise")
        self._edits.tell(Kind.REMOVED, self._edits.written((word,)), why, word.line)

    def _say_of_variable(self, place: int, name: str) -> None:
        why = although_variable(name, self._recipe)
        if place in self._call.lost and name.startswith("MINIKUBE_"):
            why = f"{self._call.wrapper} keeps it from minikube: write it right before minikube"
        if why is not None:
            word = self._call.words[place]
            self._edits.tell(Kind.KEPT, self._edits.written((word,)), why, word.line)

    def _insert(self, assignments: list[str]) -> None:
        """Put variables right before minikube: before sudo they would not reach it."""
        if not assignments:
            return
        start = self._call.words[self._call.program].start
        env = "" if self._call.takes_assignment else "env "
        words = "".join(quoted(word) + " " for word in assignments)
        self._edits.replace(start, start, env + words)

    def _add(self, missing: list[Wanted]) -> None:
        """Put flags behind the last one, laid out as that is."""
        if not missing:
            return
        closing = self._arguments.closing
        end = self._call.words[-1].end if closing is None else self._call.words[closing].gap
        gap = self._layout()
        added = [quoted(_word(want)) for want in missing]
        self._edits.replace(end, end, "".join(gap + word for word in added))
        for want, word in zip(missing, added, strict=True):
            self._edits.tell(Kind.ADDED, word, want.why, self._line)

    def _layout(self) -> str:
        """Return what separates this command's flags: a blank, or the end of a line."""
        words = self._call.words[self._call.program + 1 :]
        gaps = (self._edits.text[word.gap : word.start] for word in reversed(words))
        return next((gap for gap in gaps if "\n" in gap), " ")


def _word(want: Wanted) -> str:
    is_bare = want.name in SWITCHES and want.value == "true"
    return f"--{want.name}" if is_bare else f"--{want.name}={want.value}"


def _is_same(name: str, value: str, wanted_value: str) -> bool:
    if name in SWITCHES:
        return is_true(value) is not None and is_true(value) is is_true(wanted_value)
    return value == wanted_value
