"""Parts of a blob are what a set of numbered bytes would be."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from mirrorkit.spans import Part, Parts, Span

SIZE = 40
SPANS = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda two: Span(*sorted(two)))
STEPS = st.lists(st.tuples(SPANS, st.sampled_from(["one", "two", None])), max_size=12)
WHOLE = Span(0, SIZE)


def built(steps: list[tuple[Span, str | None]]) -> tuple[Parts, dict[int, str]]:
    """Add spans (or remove them, where nobody sent them), and do the same byte by byte."""
    parts, model = Parts(), dict[int, str]()
    for span, source in steps:
        for byte in range(*span):
            model.pop(byte, None)
        if source is None:
            parts.remove(span)
        else:
            parts.add(span, source)
            model.update(dict.fromkeys(range(*span), source))
    return parts, model


@given(STEPS)
def test_every_byte_is_whose_it_was_said_to_be_last(steps: list[tuple[Span, str | None]]) -> None:
    parts, model = built(steps)
    assert {byte: part.source for part in parts for byte in range(part.start, part.stop)} == model
    assert parts.count == len(model)
    assert parts.sources == set(model.values())


@given(STEPS)
@example([(Span(0, 2), "one"), (Span(1, 1), None)])
def test_parts_are_in_order_and_joined_where_they_meet(
    steps: list[tuple[Span, str | None]],
) -> None:
    parts = list(built(steps)[0])
    assert all(part.start < part.stop for part in parts)
    for before, after in pairwise(parts):
        assert before.stop <= after.start
        assert before.stop < after.start or before.source != after.source


@given(STEPS, SPANS)
def test_gaps_are_what_is_not_there(steps: list[tuple[Span, str | None]], span: Span) -> None:
    parts, model = built(steps)
    gaps = parts.gaps(span)
    assert [byte for gap in gaps for byte in range(*gap)] == [
        b for b in range(*span) if b not in model
    ]
    assert all(one.stop < two.start for one, two in pairwise(gaps))


@given(STEPS, SPANS)
def test_within_cuts_parts_to_a_span(steps: list[tuple[Span, str | None]], span: Span) -> None:
    parts, model = built(steps)
    cut = {b: part.source for part in parts.within(span) for b in range(part.start, part.stop)}
    assert cut == {byte: source for byte, source in model.items() if byte in range(*span)}


@given(STEPS, st.integers(0, SIZE))
def test_reach_ends_at_the_first_byte_that_is_missing(
    steps: list[tuple[Span, str | None]], start: int
) -> None:
    parts, model = built(steps)
    assert parts.reach(start) == next(b for b in range(start, SIZE + 1) if b not in model)


def test_what_is_added_in_the_middle_of_another_s_bytes_leaves_both_its_ends() -> None:
    parts = Parts()
    parts.add(WHOLE, "one")
    parts.add(Span(10, 20), "two")
    assert list(parts) == [Part(0, 10, "one"), Part(10, 20, "two"), Part(20, SIZE, "one")]
