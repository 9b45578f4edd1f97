"""What people read is the same in both languages."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest

from mirrorkit.classroom.words import (
    chinese,
    english,
    speaker,
    translations,
)
from mirrorkit.errors import UsageError
from mirrorkit.sentence import Sentence

PACKAGE = files("mirrorkit")
HOLE = r"\{\w+(?:!r)?\}"
SAYING = ("classroom", "server")
"""Where `say` is who speaks both languages; in cli it prints."""


def said() -> set[str]:
    """Return every sentence that the code says."""
    found = set()
    for file in Path(str(PACKAGE)).rglob("*.py"):
        names = {"Sentence"}
        if file.relative_to(str(PACKAGE)).parts[0] in SAYING:
            names.add("say")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                first = node.args[0]
                assert not isinstance(first, ast.JoinedStr), ast.unparse(node)
                if isinstance(first, ast.Constant) and first.value:
                    found.add(str(first.value))
    return found


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    assert said() == set(translations())


def test_both_languages_put_in_the_same_values() -> None:
    for sentence, translation in translations().items():
        holes = re.findall(HOLE, sentence)
        assert sorted(set(holes)) == sorted(set(re.findall(HOLE, translation))), sentence
        has_words = re.search(r"[a-z]", re.sub(HOLE, "", sentence))
        assert not has_words or not translation.isascii()


def test_a_sentence_is_its_english_and_keeps_what_another_language_needs() -> None:
    name = Sentence("start without {name}", name="{olm}")
    whole = Sentence("{one}, or {other}", one=name, other="--mode mirror")
    assert whole == "start without {olm}, or --mode mirror"
    assert chinese(whole) == "不用 {olm} 启动，或者 --mode mirror"  # noqa: RUF001 - Chinese
    assert english(whole) == whole
    assert chinese("--mode {mirror}") == english("--mode {mirror}") == "--mode {mirror}"


def test_there_are_two_languages() -> None:
    assert speaker("zh") is chinese
    with pytest.raises(UsageError, match="no language"):
        speaker("fr")
