"""What a journal says after a crash, and after more was written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.store.journal import Journal, Line

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = Line(0, 5, hash="a"), Line(5, 9, hash="b", source="one.test")


def test_a_torn_line_does_not_spoil_the_one_that_is_written_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.append([FIRST, SECOND])
    journal.close()
    path.write_bytes(path.read_bytes()[:-4])
    again = Journal(path)
    again.append([SECOND])
    again.close()
    assert list(again.lines()) == [FIRST, SECOND]


def test_what_is_put_in_the_place_of_all_can_be_added_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append([FIRST])
    journal.replace([SECOND])
    journal.append([FIRST])
    journal.close()
    assert list(journal.lines()) == [SECOND, FIRST]
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]
