"""Texts that are no plain YAML: refused whole, before any of it is read as a lock."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError


def refusal_of(data: bytes) -> str:
    with pytest.raises(DocumentError) as refusal:
        parse_lock(data, "l.yaml")
    assert refusal.value.mistakes == ()
    return str(refusal.value)


@pytest.mark.parametrize(
    "data, told",
    [
        (b"", " is empty"),
        (b"# nothing yet\n", " is empty"),
        (b"version: 1\n#" + b"x" * 11 * 1024 * 1024, " has 11534348 bytes; at most 4194304 are"),
        (b"version: 1\n# \xe9", ": not UTF-8 text (byte 13)"),
        ("version: 1".encode("utf-16"), ": not UTF-8 text (byte 0)"),
        (b"version: 1\x00", ": unacceptable character"),
        (b"version: 1\nimages:\n\t- name: a\n", ":3:1: found character that cannot start"),
        (b"version: [1\n", ":2:1: did not find expected"),
        (b"version: 1\n---\nversion: 1\n", ":2:1: "),
        (b"version: 1\nimages: &a []\n", ":2:9: anchors and aliases"),
        (b"version: 1\nimages: [*a]\n", ":2:10: anchors and aliases"),
        (b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", ":1:4: anchors and aliases"),
        (b"version: !!int 1\n", ":1:10: tags"),
        (b"version: !!python/object/apply:os.system [id]\n", ":1:10: tags"),
        (b"%YAML 2.0\n---\nversion: 1\n", ":1:1: found incompatible YAML"),
        (b"version: " + b"[" * 1_000_000, ":1:39: nested too deeply"),
        (b"- " * 1_000_000, ":1:61: nested too deeply"),
        (b"? " * 1_000_000, ":1:61: nested too deeply"),
        (b"{a: " * 1_000_000, ":1:121: nested too deeply"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_is_no_plain_yaml_is_refused_before_it_is_read(data: bytes, told: str) -> None:
    assert refusal_of(data).startswith(f"l.yaml{told}")


def test_nesting_is_refused_from_the_thirty_first_level_on() -> None:
    with pytest.raises(DocumentError, match="a mapping"):
        parse_lock(b"[" * 30 + b"]" * 30)
    assert refusal_of(b"[" * 31 + b"]" * 31) == "l.yaml:1:31: nested too deeply"


def test_an_empty_lock_is_answered_with_a_hint() -> None:
    with pytest.raises(DocumentError) as refusal:
        parse_lock(b"")
    assert refusal.value.hint == "the first line is `version: 1`"


@example(data=b'{"version":1}')
@given(
    data=st.one_of(
        st.binary(), st.text().map(str.encode), st.text("[]{}:-?!&*|>'\"# \n\ta").map(str.encode)
    )
)
def test_arbitrary_text_raises_nothing_but_a_document_error(data: bytes) -> None:
    try:
        parse_lock(data, "l.yaml")  # {"version":1} is one
    except DocumentError as error:
        assert error.message.startswith("l.yaml")  # noqa: PT017 - it need not be raised
