"""A terminal breaks no word, no command and no Chinese sentence where it should not."""

# ruff: noqa: RUF001 - Chinese punctuation is what is tested

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.classroom.wrapped import columns, wrapped

_WORDS = ("minikube", "a", "`curl a:1 | sh`", "中", "镜像", "（", "）", "，", "é", "#17496", ";")
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=30).flatmap(
    lambda words: st.sampled_from([" ".join(words), "".join(words)])
)


@pytest.mark.parametrize(
    "text, wide", [("", 0), ("a b", 3), ("镜像", 4), ("（1）", 5), ("e\u0301", 1), ("…", 1)]
)
def test_a_chinese_letter_takes_two_columns(text: str, wide: int) -> None:
    assert columns(text) == wide


@pytest.mark.parametrize(
    "text, lines",
    [
        ("the node's image by its tag", ["the node's", "    image by", "    its tag"]),
        ("make it with `curl a | sh`, now", ["make it with", "    `curl a | sh`,", "    now"]),
        ("a-word-that-is-wider", ["a-word-that-is-wider"]),
        ("节点镜像只写标签", ["节点镜像只写", "    标签"]),
        ("节点镜像只写，标签", ["节点镜像只", "    写，标签"]),
        ("节点镜像只（标签）", ["节点镜像只", "    （标签）"]),
        ("用 `minikube delete` 删", ["用", "    `minikube delete`", "    删"]),
    ],
)
def test_lines_break_between_words_and_hang(text: str, lines: list[str]) -> None:
    assert wrapped(text, 12, indent="    ") == lines


def test_what_a_line_begins_with_counts() -> None:
    assert wrapped("ab cd ef", 12, begin="note: ", indent="  ") == ["note: ab cd", "  ef"]


@given(_TEXTS, st.integers(1, 40))
def test_nothing_is_lost_and_only_what_is_whole_is_wider(text: str, width: int) -> None:
    lines = wrapped(text, width, begin="> ", indent="  ")
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", f"> {text}")
    for line in lines:
        rest = re.sub("`[^`]*`", "", line[2:])
        is_whole = " " not in rest.strip() and len(re.findall("[中镜像]", rest)) <= 1
        assert columns(line.rstrip()) <= width or is_whole
