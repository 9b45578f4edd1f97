"""Of several sources the first that can gives, and one that asks for a pause gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from mirrorkit.errors import MirrorkitError, NotFoundError, UnreachableError
from mirrorkit.events import Event, SourceFailed, SourcePaused
from mirrorkit.flows.attempts import from_any, telling

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(eq=False)
class Giving:
    """What a source answers, one after the other, and then its name."""

    name: str
    errors: list[MirrorkitError] = field(default_factory=list)
    asked: int = 0

    @property
    def host(self) -> str:
        """The same."""
        return self.name

    async def give(self) -> str:
        """Raise the next error, or answer."""
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.name


async def asking(*sources: Giving) -> tuple[str, list[Event]]:
    heard: list[Event] = []
    given = await from_any(
        cast("Sequence[Any]", sources), lambda one: one.give(), what="it", report=heard.append
    )
    return given, heard


def busy(seconds: float) -> UnreachableError:
    return UnreachableError("busy", retry_after=seconds)


async def test_another_source_is_asked_before_anybody_waits() -> None:
    first, second = Giving("first", [busy(120)]), Giving("second")
    assert await asking(first, second) == ("second", [SourceFailed("it", "first", "busy")])


async def test_who_asked_for_a_pause_is_asked_again_after_it_and_who_said_no_is_not() -> None:
    first, second = Giving("first", [NotFoundError("no")]), Giving("second", [busy(0.01)])
    given, heard = await asking(first, second)
    assert (given, first.asked, second.asked) == ("second", 1, 2)
    assert heard[-1] == SourcePaused("second", 0.01)


@pytest.mark.parametrize("seconds, asked", [(301, 1), (0.01, 3), (0, 1)])
async def test_waiting_has_an_end(seconds: float, asked: int) -> None:
    source = Giving("first", [busy(seconds)] * 9)
    with pytest.raises(UnreachableError) as refusal:
        await asking(source)
    assert source.asked == asked
    assert refusal.value.retry_after == (seconds or None)


def test_of_several_pauses_the_shortest_is_told_and_none_where_somebody_asks_for_none() -> None:
    def pause(*errors: MirrorkitError) -> float | None:
        error = telling(errors, "it")
        assert isinstance(error, UnreachableError)
        return error.retry_after

    assert pause(busy(60), busy(20), NotFoundError("no")) == 20
    assert pause(busy(60), UnreachableError("gone")) is None
