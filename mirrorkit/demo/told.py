"""What a demo tells while it runs, as values: the same for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable


class Begun(NamedTuple):
    """A demo begins; nothing of it is real."""


class Step(NamedTuple):
    """Something mirrorkit did the evening before class."""

    verb: str
    result: str


class Unplugged(NamedTuple):
    """The upstream has ended; what is served from now on comes from the store alone."""

    asked: int
    """Requests it had answered."""


class Serving(NamedTuple):
    """The class is served."""

    url: str


class Answer(NamedTuple):
    """What somebody in class asked first, and what came of all of it."""

    who: str
    path: str
    status: int
    result: str
    is_right: bool
    bytes: int
    requests: int


class Ended(NamedTuple):
    """The tour is over, and every answer was right."""

    url: str
    is_serving: bool


Told: TypeAlias = Begun | Step | Unplugged | Serving | Answer | Ended
Teller: TypeAlias = "Callable[[Told], None]"
