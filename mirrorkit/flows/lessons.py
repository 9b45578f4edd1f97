"""Completeness by what it is for: the cluster's own parts first, then the lessons in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.flows.check import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirrorkit.flows.check import Item

CLASS: Final = "the whole class"
"""The group of what a lock pins without saying for whom, or for images.yaml as a whole."""

_BASE_ORDER: Final = ("minikube", "kubernetes", "addon")
_WHOLE: Final = "images.yaml"


class Group(NamedTuple):
    """What one lesson, or one part of the cluster, needs, and how much of it is held."""

    name: str
    is_lesson: bool
    completeness: Completeness


def groups(whole: Completeness) -> tuple[Group, ...]:
    """Part a class into groups; what several need is in each of them."""
    found: dict[str, list[Item]] = {}
    for item in whole.items:
        for name in item.needed_by or (CLASS,):
            found.setdefault(CLASS if name == _WHOLE else name, []).append(item)
    base = sorted((name for name in found if name not in whole.lessons), key=_rank)
    return tuple(
        Group(name, name in whole.lessons, _part(whole, found.get(name, ())))
        for name in (*base, *whole.lessons)
    )


def _part(whole: Completeness, items: Iterable[Item]) -> Completeness:
    return Completeness(tuple(items), verified_at=whole.verified_at)


def for_lesson(checked: Mapping[str, Completeness], lesson: str) -> dict[str, Completeness]:
    """Return what one lesson needs of each lock that has it; nothing where none does."""
    return {
        lock: group.completeness
        for lock, whole in checked.items()
        for group in groups(whole)
        if group.is_lesson and group.name == lesson
    }


def lessons_of(checked: Iterable[Completeness]) -> tuple[str, ...]:
    """Return the lessons' names of some locks, each once."""
    return tuple(dict.fromkeys(lesson for whole in checked for lesson in whole.lessons))


def _rank(name: str) -> int:
    """Put minikube before Kubernetes, that before addons, and what is for all at the end."""
    first = name.partition(" ")[0]
    if name == CLASS:
        return len(_BASE_ORDER) + 1
    return _BASE_ORDER.index(first) if first in _BASE_ORDER else len(_BASE_ORDER)
