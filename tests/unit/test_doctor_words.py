"""Doctor says the same in both languages."""

from __future__ import annotations

import ast
import re
from importlib.resources import files

import pytest

from mirrorkit.classroom.doctor.words import Say, chinese, english, language_of, translations

PACKAGE = files("mirrorkit.classroom.doctor")


def said() -> set[str]:
    """Return every sentence that the code says."""
    found = set()
    for file in PACKAGE.iterdir():
        if file.name.endswith(".py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "say":
                    assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
                    found.add(str(node.args[0].value))
    return found


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    assert said() == set(translations())


def test_both_languages_put_in_the_same_values() -> None:
    for sentence, translation in translations().items():
        holes = re.findall(r"\{\w+\}", sentence)
        assert sorted(set(holes)) == sorted(set(re.findall(r"\{\w+\}", translation))), sentence
        assert not translation.isascii()


@pytest.mark.parametrize(
    "environment, language",
    [
        ({"LANG": "zh_CN.UTF-8"}, chinese),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, chinese),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, english),
        ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, english),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, chinese),
        ({}, english),
    ],
)
def test_the_language_is_the_locales_and_english_where_there_are_no_glyphs(
    environment: dict[str, str], language: Say
) -> None:
    assert language_of(environment) is language
