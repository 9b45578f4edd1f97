"""A class parted by lesson, and the table people read."""

from __future__ import annotations

from mirrorkit.cli.statustable import table
from mirrorkit.flows.check import Completeness, Item, State
from mirrorkit.flows.lessons import CLASS, for_lesson, groups, lessons_of
from mirrorkit.oci.digest import Digest


def item(name: str, *needed_by: str, state: State = State.COMPLETE, kind: str = "image") -> Item:
    """Make an item of two parts, 1000 bytes each; of a partial one the second is missing."""
    parts = [Digest.of(f"{name} {number}".encode()) for number in range(2)]
    missing = {State.COMPLETE: parts[2:], State.PARTIAL: parts[1:], State.ABSENT: parts}[state]
    sizes = dict.fromkeys(parts, 1000)
    present = 1000 * (len(parts) - len(missing))
    return Item(name, kind, state, None, tuple(missing), sizes, 2000, present, None, needed_by)


WEB = item("web:1", "pods", "storage", state=State.PARTIAL)
WHOLE = Completeness(
    (
        item("tool", "images.yaml", kind="file"),
        item("dashboard:1", "addon dashboard"),
        item("flannel:1", "cni flannel"),
        item("apiserver:1", "kubernetes v1.23.3"),
        item("kicbase:1", "minikube v1.25.2"),
        item("loose:1"),
        *(item(f"db:{number}", "storage", state=State.ABSENT) for number in range(2)),
        *(item(f"many:{number}", "later", state=State.ABSENT) for number in range(4)),
        WEB,
    ),
    ("pods", "storage", "later", "empty"),
)


def test_the_cluster_comes_first_then_the_lessons_in_their_order() -> None:
    assert [group.name for group in groups(WHOLE)] == [
        "minikube v1.25.2",
        "kubernetes v1.23.3",
        "addon dashboard",
        "cni flannel",
        CLASS,
        "pods",
        "storage",
        "later",
        "empty",
    ]


def test_what_two_lessons_need_keeps_both_incomplete() -> None:
    incomplete = [group.name for group in groups(WHOLE) if not group.completeness.is_complete]
    assert incomplete == ["pods", "storage", "later"]


def test_a_lesson_is_found_in_each_lock_that_has_it_and_a_part_of_the_cluster_is_none() -> None:
    other = Completeness((), ("else",))
    checked = {"week1": WHOLE, "week2": other}
    assert {lock: len(one.items) for lock, one in for_lesson(checked, "storage").items()} == {
        "week1": 3
    }
    assert for_lesson(checked, "minikube v1.25.2") == {}
    assert lessons_of(checked.values()) == ("pods", "storage", "later", "empty", "else")


def test_the_table_has_a_line_a_group_and_names_what_is_missing() -> None:
    assert table("week1", WHOLE, names_all=False) == [
        "complete  minikube v1.25.2    1 image, 2.0 kB",
        "complete  kubernetes v1.23.3  1 image, 2.0 kB",
        "complete  addon dashboard     1 image, 2.0 kB",
        "complete  cni flannel         1 image, 2.0 kB",
        "complete  the whole class     1 image, 1 file, 4.0 kB",
        "partial   pods                0 of 1 image, 1.0 kB of 2.0 kB",
        "    partial   web:1  1.0 kB of 2.0 kB",
        "partial   storage             0 of 3 images, 1.0 kB of 6.0 kB",
        "    absent    db:0",
        "    absent    db:1",
        "    partial   web:1  1.0 kB of 2.0 kB",
        "absent    later               0 of 4 images, 0 B of 8.0 kB",
        "    nothing of it is here; --all names what it needs",
        "complete  empty               nothing, 0 B",
        "week1: 5 of 12 images, 1 file complete, 13.0 kB of 26.0 kB",
    ]


def test_with_all_every_item_has_its_line() -> None:
    lines = table("week1", WHOLE, names_all=True)
    assert "    complete  kicbase:1" in lines
    assert sum(line.startswith("    ") for line in lines) == len(WHOLE.items) + 1  # web:1 twice


def test_a_lesson_cannot_steer_the_terminal() -> None:
    lines = table("week1", Completeness((item("a:1", "\x1b[2J"),), ("\x1b[2J",)), names_all=True)
    assert all(line.isprintable() for line in lines)
