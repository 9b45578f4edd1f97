"""The rows of a sync under way, from events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.cli.underway import Row, Underway, saved
from mirrorkit.events import (
    BlobBegun,
    BlobEnded,
    BytesArrived,
    BytesDropped,
    ConnectionsChanged,
    Planned,
    SourcePaused,
)
from mirrorkit.progress import Tally

if TYPE_CHECKING:
    from mirrorkit.events import Event


def after(*events: Event) -> Underway:
    """Return what two looks, a second apart, saw of some events."""
    found = Underway(Tally())
    found.look(0.0)
    for event in events:
        found.tally.add(event)
        found.add(event)
    found.look(1.0)
    return found


def begun(number: int) -> BlobBegun:
    return BlobBegun(f"registry.k8s.io/app{number}:1", f"sha256:{number}", 1000)


def test_a_blob_has_its_bytes_and_percents_resumed_ones_included() -> None:
    found = after(
        begun(1),
        BytesArrived("", "sha256:1", 300, is_resumed=True),
        BytesArrived("registry.k8s.io", "sha256:1", 400),
        BytesDropped("sha256:1", 100),
    )
    (row,) = found.rows()
    assert (row.name, row.words, row.percent) == ("app1:1", "600 B of 1.0 kB", "60 %")


def test_a_hundred_percent_is_all_of_it() -> None:
    assert Row("", share=0.9999).percent == "99 %"
    assert Row("", share=1.0).percent == "100 %"


def test_a_host_has_its_connections_and_rate_files_and_images_together() -> None:
    found = after(ConnectionsChanged("dl.test", 2), ConnectionsChanged("b.test", 1))
    found.add(BytesArrived("dl.test", "sha256:1", 1000))
    found.add(BytesArrived("dl.test/a/kubectl", "sha256:2", 1000))
    found.look(2.0)
    assert [(row.name, row.words) for row in found.rows()] == [
        ("b.test", "1 connection, 0 B/s"),
        ("dl.test", "2 connections, 2.0 kB/s"),
    ]


def test_rows_are_few_stay_in_their_place_and_never_become_fewer() -> None:
    found = after(*map(begun, range(9)))
    names = [row.name for row in found.rows()]
    assert names == [f"app{number}:1" for number in range(6)]
    for number in (1, 2, 7, 8):
        found.add(BlobEnded(f"sha256:{number}"))
    found.look(2.0)
    names = [row.name for row in found.rows()]
    assert names == ["app0:1", "app6:1", "", "app3:1", "app4:1", "app5:1"]


def test_the_total_has_bytes_rate_and_time_left() -> None:
    found = after(Planned(1, 3000, 500), BytesArrived("a.test", "sha256:1", 500))
    assert found.total() == Row("", "1.0 kB of 3.0 kB, 500 B/s, about 4 s", 1 / 3)


def test_the_total_says_no_time_while_nothing_comes() -> None:
    assert after(Planned(1, 3000, 0)).total().words == "0 B of 3.0 kB, 0 B/s"


def test_what_others_call_their_things_moves_no_cursor() -> None:
    (row,) = after(BlobBegun("a/b\x1b[2J\n", "sha256:1", 1)).rows()
    assert row.name == r"b\x1b[2J\n"


def test_what_was_saved_is_that_of_the_first_plan_and_all_resumes() -> None:
    tally = Tally()
    assert saved(tally) == ""
    for event in (
        Planned(2, 900, 300, bytes_shared=80),
        BytesArrived("", "sha256:1", 100, is_resumed=True),
        Planned(1, 900, 800, bytes_shared=10),
        BytesArrived("", "sha256:1", 20, is_resumed=True),
    ):
        tally.add(event)
    assert saved(tally) == "saved: 120 B resumed, 80 B shared, 300 B already here"


def test_a_host_that_asked_to_be_left_alone_says_for_how_long_yet() -> None:
    underway = after(ConnectionsChanged("one.test", 4), SourcePaused("one.test", 120))
    underway.add(ConnectionsChanged("one.test", 0))
    underway.look(61.0)
    assert underway.host_rows() == [Row("one.test", "pauses, about 60 s")]
    underway.look(122.0)
    assert underway.host_rows() == [Row("one.test", "0 connections, 0 B/s")]
