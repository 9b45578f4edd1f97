from __future__ import annotations

import re

import pytest

from mirrorkit import errors
from mirrorkit.errors import DocumentError, MirrorkitError, UnreachableError

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, MirrorkitError)
}
_LINE = re.compile(r"(?P<indent>[ │├└─]+)(?P<name>\w+Error) +(?P<code>[a-z-]+) *(?P<exit>\d*)")


def drawn() -> dict[str, tuple[str, str, int]]:
    """Read the tree in the module's docstring: each class with its parent, code, exit status."""
    tree: dict[str, tuple[str, str, int]] = {}
    above: dict[int, tuple[str, int]] = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := _LINE.match(line):
            depth = len(found["indent"])
            over = max((column for column in above if column < depth), default=0)
            parent, inherited = above.get(over, ("Exception", errors.EXIT_BUG))
            exit_status = int(found["exit"] or inherited)
            above = {column: seen for column, seen in above.items() if column < depth}
            above[depth] = found["name"], exit_status
            if found["name"] != "MirrorkitError":  # its line is the heading of the columns
                tree[found["name"]] = parent, found["code"], exit_status
    return tree


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert drawn() == {
        name: (kind.__mro__[1].__name__, kind.code, kind.exit_status)
        for name, kind in CLASSES.items()
        if kind is not MirrorkitError
    }


def test_each_code_belongs_to_one_class() -> None:
    codes = [kind.code for kind in CLASSES.values()]
    assert sorted(codes) == sorted(set(codes))


def test_only_a_bug_and_an_interruption_have_the_exit_status_of_one() -> None:
    statuses = {status for _, _, status in drawn().values()}
    assert statuses == {1, 2, 3, 4, 5, 6}
    assert MirrorkitError.exit_status == errors.EXIT_BUG == 70
    assert errors.EXIT_INTERRUPTED == 130


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES.keys())
def test_every_error_tells_the_same_as_text_and_as_data(kind: type[MirrorkitError]) -> None:
    error = kind("the disk is full", hint="delete something")
    assert str(error) == error.message == "the disk is full"
    assert error.as_json() == {
        "code": kind.code,
        "message": "the disk is full",
        "hint": "delete something",
        "exit_status": kind.exit_status,
        **({"mistakes": []} if kind is DocumentError else {}),
    }
    assert kind("no hint").hint is None


def test_a_document_error_lists_its_mistakes_below_its_sentence() -> None:
    error = DocumentError("x has 2 mistakes:", mistakes=["x:1:1: a", "x:2:1: b"])
    assert error.mistakes == ("x:1:1: a", "x:2:1: b")
    assert str(error) == error.message == "x has 2 mistakes:\n  x:1:1: a\n  x:2:1: b"


def test_an_unreachable_source_may_say_how_long_to_stay_away() -> None:
    assert UnreachableError("busy", retry_after=1.5).retry_after == 1.5
    assert UnreachableError("busy").retry_after is None
