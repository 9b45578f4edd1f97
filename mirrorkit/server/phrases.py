"""The words of the page, in the languages it speaks."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

ENGLISH: Final = "en"
CHINESE: Final = "zh"

_ACCEPTED_MOST: Final = 500


def _phrases(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        (files(__package__) / f"templates/{language}.json").read_text("utf-8")
    )
    return found


PHRASES: Final = {language: _phrases(language) for language in (ENGLISH, CHINESE)}
"""The same keys for each language."""


def choose_language(asked: str | None, accepted: str) -> str:
    """Choose by `?lang=`, else by Accept-Language (RFC 9110 §12.5.4), else English.

    Of the languages accepted the heaviest that we speak wins; among equals, the first.
    """
    if asked in PHRASES:
        return str(asked)
    weighed = [_weighed(part) for part in accepted[:_ACCEPTED_MOST].split(",")]
    spoken = [(weight, language) for weight, language in weighed if language in PHRASES and weight]
    return max(spoken, key=lambda one: one[0])[1] if spoken else ENGLISH


def _weighed(part: str) -> tuple[float, str]:
    """Read `zh-CN;q=0.9` as a weight and a language; a weight that is none counts nothing."""
    language, _, weight = part.partition(";")
    try:
        value = float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        value = 0.0
    return (value if 0 < value <= 1 else 0.0), language.strip().lower().partition("-")[0]
