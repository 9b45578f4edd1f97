"""Whatever a teacher's file looks like, an edit changes what was asked and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.documents.wish import parse_wish
from mirrorkit.documents.wishedit import add_images, remove_images
from mirrorkit.oci.reference import Reference

NAMES = st.sampled_from(
    ["a", "b:1", "library/c", "k8s.gcr.io/pause:3.6", "quay.io/x/y:v1", "localhost:5000/z:2", "on"]
)
NEW = st.lists(st.sampled_from(["n1", "n2:alpine", "ghcr.io/n/n3:v3"]), min_size=1, unique=True)
COMMENT = st.sampled_from(["", " # x", "  # 中文, - [a]", "   "])
FULL_LINE = st.sampled_from(["", "# x\n", "\n", "  # - b: [é]\n", "\n\n# y\n"])
BLANK = st.sampled_from(["", " ", "  "])


@st.composite
def items(draw: st.DrawFn, least: int = 1) -> list[str]:
    """Names in one style of quotes or none."""
    style = draw(st.sampled_from(["{}", "'{}'", '"{}"']))
    return [style.format(name) for name in draw(st.lists(NAMES, min_size=least, max_size=4))]


@st.composite
def block(draw: st.DrawFn, indent: int) -> str:
    """A block list with comments anywhere, its dash at some column."""
    column = " " * (indent + draw(st.integers(0, 3)))
    gap = draw(st.sampled_from([" ", "   "]))
    lines = [f"{draw(FULL_LINE)}{column}-{gap}{item}{draw(COMMENT)}\n" for item in draw(items())]
    return f"{draw(COMMENT)}\n{''.join(lines)}"


@st.composite
def flow(draw: st.DrawFn, indent: int) -> str:
    """A list in brackets: on one line, or an item a line."""
    names: list[str] = draw(items(least=0))
    is_one_a_line: bool = draw(st.booleans())
    tail = draw(st.sampled_from(["", ","])) if names else ""
    if names and is_one_a_line:
        column = " " * (indent + 2)
        rows = [f"{column}{name},{draw(COMMENT)}\n" for name in names[:-1]]
        last = f"{column}{names[-1]}{tail}{draw(COMMENT)}\n"
        return f" [\n{''.join(rows)}{last}{' ' * indent}]{draw(COMMENT)}\n"
    return f" [{draw(BLANK)}{', '.join(names)}{tail}{draw(BLANK)}]{draw(COMMENT)}\n"


@st.composite
def wishes(draw: st.DrawFn) -> bytes:
    """A wish with a list of its own and a lesson, in either order."""
    parts = [
        f"images:{draw(st.one_of(block(0), flow(0)))}",
        f"lessons:\n- name: ch1{draw(COMMENT)}\n  images:{draw(st.one_of(block(2), flow(2)))}",
        f"nodes: 2{draw(COMMENT)}\n",
    ]
    ordered = draw(st.permutations(parts))
    text = "version: 1\n" + "".join(part + draw(FULL_LINE) for part in ordered)
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()


@given(wishes(), NEW, st.sampled_from([None, "ch1"]))
def test_what_was_added_and_is_removed_again_leaves_the_same_text(
    text: bytes, names: list[str], lesson: str | None
) -> None:
    done = add_images(text, names, lesson=lesson)
    assert done.added == tuple(names)
    assert remove_images(done.data, names, lesson=lesson).data == text


@given(wishes(), NEW, st.sampled_from([None, "ch1"]))
def test_adding_means_what_was_there_and_the_new_ones_at_the_end(
    text: bytes, names: list[str], lesson: str | None
) -> None:
    before = parse_wish(text)
    new = tuple(map(Reference.parse, names))
    (one,) = before.lessons
    meant = (
        replace(before, images=before.images + new)
        if lesson is None
        else replace(before, lessons=(replace(one, images=one.images + new),))
    )
    assert parse_wish(add_images(text, names, lesson=lesson).data) == meant


@given(wishes(), st.data())
def test_removing_leaves_every_other_image_comment_and_key(
    text: bytes, data: st.DataObject
) -> None:
    before = parse_wish(text)
    there = sorted({*before.images, *before.lessons[0].images})
    if not there:
        return
    unwanted = data.draw(st.sampled_from(there))
    done = remove_images(text, [str(unwanted)])
    after = parse_wish(done.data)
    assert after.images == tuple(one for one in before.images if one != unwanted)
    assert [*after.lessons[0].images] == [i for i in before.lessons[0].images if i != unwanted]
    own = [line for line in text.decode().splitlines() if line.lstrip().startswith("#")]
    assert [line for line in done.data.decode().splitlines() if line in own] == own
