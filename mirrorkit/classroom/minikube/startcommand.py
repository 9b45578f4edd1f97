"""From what somebody typed to the start that is run: variables, words, the recipe behind them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.rewrite import rewritten
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirrorkit.classroom.minikube.edits import Change
    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_PREFIX: Final = "MINIKUBE_"
_OWN: Final = frozenset({"MINIKUBE_HOME", "MINIKUBE_IN_STYLE"})
"""Variables that stand for no flag: they stay as they are."""


@dataclass(frozen=True, slots=True)
class StartCommand:
    """A `minikube start` that works here."""

    text: str
    """As a shell reads it."""
    variables: Mapping[str, str]
    words: tuple[str, ...]
    """What follows `minikube`."""
    recipe: Recipe
    changes: tuple[Change, ...]
    """What became of the words that were typed."""

    def environment(self, around: Mapping[str, str]) -> dict[str, str]:
        """Return the variables to run it with: those that stand for a flag are its own alone."""
        kept = {name: text for name, text in around.items() if not _is_flag(name)}
        return {**kept, **self.variables}


def start_command(
    typed: Sequence[str],
    around: Mapping[str, str],
    usual: Start,
    mirror: Mirror,
    lock: Lock | None,
) -> StartCommand:
    """Make a start of the words after `minikube start` and the variables around it.

    UsageError or RefusedStartError where such a start cannot be.
    """
    asked = [f"{name}={shlex.quote(text)}" for name, text in around.items() if _is_flag(name)]
    text = " ".join([*asked, shlex.join(["minikube", "start", *typed])])
    done = rewritten(text, usual, lambda _start: mirror, lock)
    if not done.recipes:
        raise UsageError("that starts nothing", hint="`minikube start --help` lists the flags")
    words = shlex.split(done.text)
    count = next(place for place, word in enumerate(words) if not _ASSIGNMENT.match(word))
    pairs = (word.partition("=") for word in words[:count])
    return StartCommand(
        text=done.text,
        variables={name: value for name, _, value in pairs},
        words=tuple(words[count + 1 :]),
        recipe=done.recipes[0],
        changes=done.changes,
    )


def _is_flag(name: str) -> bool:
    return name.startswith(_PREFIX) and name not in _OWN
