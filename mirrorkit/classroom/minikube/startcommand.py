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
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")
_DIRECT: Final = ("localhost", "127.0.0.1", "192.168.0.0/16", "10.96.0.0/12")
"""What no proxy is asked for: this machine, minikube's nodes and Kubernetes' services."""


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
    mirror: Mirror

    def environment(self, around: Mapping[str, str]) -> dict[str, str]:
        """Return the variables to run it with: those that stand for a flag are its own alone.

        minikube hands a proxy on to the node's runtime (facts/minikube.md §6), and through it
        nobody reaches the mirror: so the mirror is asked directly.
        """
        kept = {name: text for name, text in around.items() if not _is_flag(name)}
        has_proxy = any(text and name.lower() in _PROXIES for name, text in around.items())
        return {**kept, **(self._direct(around) if has_proxy else {}), **self.variables}

    def _direct(self, around: Mapping[str, str]) -> dict[str, str]:
        said = around.get("NO_PROXY") or around.get("no_proxy") or ""
        hosts = (one.rpartition(":")[0] for one in (self.mirror.address, self.mirror.local))
        known = [one.strip() for one in said.split(",") if one.strip()]
        value = ",".join(dict.fromkeys((*known, *hosts, *_DIRECT)))
        return {"NO_PROXY": value, "no_proxy": value}


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
        mirror=mirror,
    )


def _is_flag(name: str) -> bool:
    return name.startswith(_PREFIX) and name not in _OWN
