"""Doctor says the same in both languages."""

from __future__ import annotations

import ast
import re
from importlib.resources import files

from mirrorkit.classroom.doctor.words import translations

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
