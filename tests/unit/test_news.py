"""What a log says of a sync: nothing twice, and all of it again where it is news."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.cli.display import Display
from mirrorkit.events import (
    FileCompleted,
    ImageCompleted,
    SourceFailed,
    SourcesSilent,
    TryingAgain,
)

if TYPE_CHECKING:
    from mirrorkit.events import Event

AWAY = "https://one.test cannot be reached"
BUSY = SourceFailed("one.test/app:1", "two", "two.test answered 503")
PROGRESS = (ImageCompleted("two.test/app:1"), FileCompleted("bin/kubectl"))


def unreached(name: str) -> SourceFailed:
    return SourceFailed(name, "one.test", AWAY, is_unreached=True)


def told(capsys: pytest.CaptureFixture[str], *events: Event) -> list[str]:
    display = Display()
    for event in events:
        display(event)
    return capsys.readouterr().err.splitlines()


def test_a_host_out_of_reach_is_told_once_while_others_bring_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = [each for name in "abc" for each in (unreached(name), *PROGRESS)]
    assert told(capsys, *events).count(f"trouble   {AWAY}") == 1


@pytest.mark.parametrize("progress", PROGRESS)
def test_other_trouble_is_news_again_after_progress(
    capsys: pytest.CaptureFixture[str], progress: Event
) -> None:
    assert (
        told(capsys, BUSY, BUSY, progress, BUSY).count("trouble   two: two.test answered 503") == 2
    )


def test_each_time_the_sources_fall_silent_or_come_back_it_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    silent, again = SourcesSilent(10), TryingAgain(20)
    lines = told(capsys, silent, silent, unreached("a"), again, again, unreached("a"), silent)
    heads = [line.partition(" source")[0].partition(" what")[0] for line in lines]
    assert heads == ["no", f"trouble   {AWAY}", "trying", f"trouble   {AWAY}", "no"]
