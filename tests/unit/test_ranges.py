from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.server.ranges import Selection, select
from mirrorkit.spans import Span

TAG = "sha256:0123"
SIZE = 1000
WHOLE = Selection(200)
UNSATISFIABLE = Selection(416)


def asked(wanted: str, size: int = SIZE) -> Selection:
    return select("GET", {"Range": wanted}, TAG, size)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "if_match, if_none_match, status",
    [
        (None, None, 200),
        ('"sha256:0123"', None, 200),
        ("*", None, 200),
        ('"old"', None, 412),
        ('W/"sha256:0123"', None, 412),  # If-Match compares strongly
        ('"old", "sha256:0123"', None, 200),
        ('"old", W/"sha256:0123"', None, 412),
        ("", None, 412),
        (None, '"sha256:0123"', 304),
        (None, 'W/"sha256:0123"', 304),  # If-None-Match compares weakly
        (None, '"old", "sha256:0123"', 304),
        (None, '"old",W/"sha256:0123" , "older"', 304),
        (None, "*", 304),
        (None, " * ", 304),
        (None, '"old"', 200),
        (None, '"sha256:01234"', 200),
        (None, "sha256:0123", 200),
        (None, '"sha256:0123', 200),
        (None, '"a,sha256:0123"', 200),
        (None, "", 200),
        ('"sha256:0123"', '"sha256:0123"', 304),
        ('"old"', '"sha256:0123"', 412),  # If-Match is looked at first
        ('"sha256:0123"', '"old"', 200),
    ],
)
def test_preconditions_are_evaluated_in_the_order_of_the_rfc(
    method: str, if_match: str | None, if_none_match: str | None, status: int
) -> None:
    given_headers = {"If-Match": if_match, "If-None-Match": if_none_match}
    headers = {key: value for key, value in given_headers.items() if value is not None}
    assert select(method, headers, TAG, SIZE) == Selection(status)


@pytest.mark.parametrize("date", ["Sat, 29 Oct 2050 19:43:31 GMT", "yesterday"])
@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
def test_dates_say_nothing_about_content_without_one(name: str, date: str) -> None:
    assert select("GET", {name: date}, TAG, SIZE) == WHOLE


@pytest.mark.parametrize(
    "name, value, status",
    [
        ("If-Match", '"old"', 412),
        ("If-Match", '"sha256:0123"', 206),
        ("If-None-Match", '"sha256:0123"', 304),
        ("If-None-Match", '"old"', 206),
        ("If-Range", '"sha256:0123"', 206),
        ("If-Range", ' "sha256:0123" ', 206),
        ("If-Range", '"old"', 200),
        ("If-Range", 'W/"sha256:0123"', 200),  # a weak tag promises no equal bytes
        ("If-Range", "Sat, 29 Oct 2050 19:43:31 GMT", 200),
        ("If-Range", "*", 200),
        ("If-Range", '"old", "sha256:0123"', 200),  # one tag is allowed, not a list
        ("If-Range", "", 200),
    ],
)
def test_a_range_is_looked_at_after_every_condition(name: str, value: str, status: int) -> None:
    headers = {"Range": "bytes=0-9", name: value}
    assert select("GET", headers, TAG, SIZE).status == status


def test_a_stale_if_range_makes_even_an_impossible_range_the_whole() -> None:
    headers = {"Range": "bytes=5000-", "If-Range": '"old"'}
    assert select("GET", headers, TAG, SIZE) == WHOLE


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_get_has_ranges(method: str) -> None:
    assert select(method, {"Range": "bytes=0-9"}, TAG, SIZE) == WHOLE


@pytest.mark.parametrize(
    "wanted, spans",
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-999", [(0, 1000)]),
        ("bytes=999-999", [(999, 1000)]),
        ("bytes=990-5000", [(990, 1000)]),
        ("bytes=500-", [(500, 1000)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-1000", [(0, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("BYTES=0-9", [(0, 10)]),
        ("bytes= 0-9\t", [(0, 10)]),
        ("bytes=0-9 ,\t20-29", [(0, 10), (20, 30)]),
        ("bytes=20-29,0-9", [(20, 30), (0, 10)]),
        ("bytes=0-9,-10,500-", [(0, 10), (990, 1000), (500, 1000)]),
        ("bytes=0-9,5000-", [(0, 10)]),  # one that can be satisfied is enough
        ("bytes=0-999999999999999999", [(0, 1000)]),
        ("bytes=-999999999999999999", [(0, 1000)]),
        ("bytes=000000000-000000009", [(0, 10)]),
        ("bytes=0-499,499-998", [(0, 500), (499, 999)]),
        (f"bytes={','.join(f'{n}-{n}' for n in range(16))}", [(n, n + 1) for n in range(16)]),
    ],
)
def test_ranges_name_bytes_in_the_order_asked(wanted: str, spans: list[tuple[int, int]]) -> None:
    assert asked(wanted) == Selection(206, tuple(Span(*span) for span in spans))


@pytest.mark.parametrize(
    "wanted",
    [
        *("bytes=1000-", "bytes=1000-1000", "bytes=5000-10000", "bytes=-0", "bytes=1000-,-0"),
        "bytes=500-0",  # OCI's conformance suite asks for 416 here
        "bytes=999999999999999999-",
    ],
)
def test_a_range_outside_the_content_cannot_be_satisfied(wanted: str) -> None:
    assert asked(wanted) == UNSATISFIABLE


@pytest.mark.parametrize(
    "wanted",
    [
        *("", "bytes", "bytes=", "bytes=-", "=0-9", "lines=0-9", "bytes 0-9", "bytes:0-9"),
        *("bytes=a-b", "bytes=0-9-", "bytes=--9", "bytes=+0-9", "bytes=0x0-9", "bytes=0 - 9"),
        *("bytes=0-9;20-29", "bytes=0-9,x", "bytes=1.0-9", "bytes==0-9", "bytes=0-9\x00", "*"),
        "bytes=0-99999999999999999999",  # beyond what any content has
        f"bytes=0-{'9' * 5000}",  # and beyond what int() reads
        f"bytes={','.join(f'{n}-{n}' for n in range(17))}",
        f"bytes={',' * 8000}",
        "bytes=0-,0-",  # more bytes than the whole
        "bytes=0-599,500-999",
        "bytes=-600,-600",
    ],
)
def test_what_is_no_range_or_too_many_is_answered_with_the_whole(wanted: str) -> None:
    assert asked(wanted) == WHOLE


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"])
def test_content_without_bytes_has_no_ranges(wanted: str) -> None:
    assert asked(wanted, size=0) == UNSATISFIABLE


def test_a_span_knows_its_length() -> None:
    assert Span(3, 10).length == 7


numbers = st.integers(0, 3000).map(str)
likely = st.lists(st.tuples(st.one_of(st.just(""), numbers), st.one_of(st.just(""), numbers)))
ranges = likely.map(lambda pairs: "bytes=" + ",".join("-".join(pair) for pair in pairs))
names = st.sampled_from(["If-Match", "If-None-Match", "If-Range", "Range", "Accept"])
values = st.one_of(st.text(), ranges, st.sampled_from(["*", f'"{TAG}"', f'W/"{TAG}"']))


@given(
    method=st.sampled_from(["GET", "HEAD"]),
    headers=st.dictionaries(names, values),
    size=st.integers(0, 2000),
)
def test_any_headers_select_bytes_inside_the_content(
    method: str, headers: dict[str, str], size: int
) -> None:
    status, spans = select(method, headers, TAG, size)
    assert status in {200, 206, 304, 412, 416}
    assert bool(spans) == (status == 206)
    assert all(0 <= span.start < span.stop <= size for span in spans)
    assert sum(span.length for span in spans) <= size


@given(start=st.integers(0, 1999), length=st.integers(1, 500), size=st.integers(1, 2000))
def test_one_range_selects_exactly_the_bytes_both_ends_name(
    start: int, length: int, size: int
) -> None:
    content = range(size)
    status, spans = asked(f"bytes={start}-{start + length - 1}", size)
    expected = list(content[start : start + length])
    assert [n for span in spans for n in range(*span)] == expected
    assert status == (206 if expected else 416)
