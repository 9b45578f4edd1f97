"""Whoever sits at a terminal is spoken to in one of two languages."""

from __future__ import annotations

import pytest

from mirrorkit.host.language import CHINESE, ENGLISH, language_of


@pytest.mark.parametrize(
    "environment, language",
    [
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, CHINESE),
        ({}, ENGLISH),
    ],
)
def test_the_language_is_the_locales_and_english_where_there_are_no_glyphs(
    environment: dict[str, str], language: str
) -> None:
    assert language_of(environment) == language
