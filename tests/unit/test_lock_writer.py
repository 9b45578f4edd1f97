"""A lock that is written is the lock that is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.lockwriter import write_lock
from mirrorkit.documents.pins import Lock, Unpinned
from tests.unit.test_lock import FULL

SHIPPED = Path(__file__).parents[2] / "images.lock.yaml"


@pytest.mark.parametrize("data", [FULL.encode(), SHIPPED.read_bytes(), b"version: 1\n"])
def test_what_is_written_is_read_back_and_written_the_same(data: bytes) -> None:
    lock = parse_lock(data)
    written = write_lock(lock)
    assert parse_lock(written) == lock
    assert write_lock(parse_lock(written)) == written


def test_one_fact_stands_on_a_line_and_the_heading_above_all() -> None:
    lines = write_lock(parse_lock(FULL.encode()), "Two\nlines").decode().splitlines()
    assert lines[:3] == ["# Two", "# lines", "version: 1"]
    assert "  - name: registry.k8s.io/kube-apiserver:v1.23.3" in lines
    assert f"    digest: sha256:{'a' * 64}" in lines


@example(reason="\N{GRINNING FACE}")
@example(reason="\N{LINE SEPARATOR}")
@example(reason="\N{ZERO WIDTH NO-BREAK SPACE}")
@example(reason="\u8bfe\u7a0b")
@given(reason=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_words_survive(reason: str) -> None:
    lock = Lock((), unpinned=(Unpinned("a/b", is_file=True, reason=reason),))
    assert parse_lock(write_lock(lock)).unpinned[0].reason == reason
