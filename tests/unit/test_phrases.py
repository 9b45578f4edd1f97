from __future__ import annotations

import pytest

from mirrorkit.server.phrases import CHINESE, ENGLISH, PHRASES, choose_language


def test_both_languages_have_the_same_keys_and_something_to_say_for_each() -> None:
    assert set(PHRASES[ENGLISH]) == set(PHRASES[CHINESE])
    for phrases in PHRASES.values():
        assert all(text.strip() for text in phrases.values())


def test_chinese_is_chinese() -> None:
    plain = {key for key, text in PHRASES[CHINESE].items() if text.isascii()}
    assert plain == {"html_lang", "other_language"}


@pytest.mark.parametrize(
    "asked, accepted, language",
    [
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "zh", "zh"),
        (None, "ZH-tw", "zh"),
        (None, "en-US,en;q=0.9,zh;q=0.8", "en"),
        (None, "fr,zh;q=0.2,en;q=0.1", "zh"),
        (None, "fr", "en"),
        (None, "zh;q=0", "en"),
        (None, "zh;q=nan,en;q=x,*", "en"),
        (None, "zh;q=9999", "en"),
        (None, "," * 100_000 + "zh", "en"),
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("../../etc/passwd", "zh", "zh"),
    ],
)
def test_the_language_is_what_was_asked_for_or_accepted(
    asked: str | None, accepted: str, language: str
) -> None:
    assert choose_language(asked, accepted) == language
