"""Two languages: English as it stands in the code, Chinese by the same sentence in `zh.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Say(Protocol):
    """Says a sentence in the language of who reads it."""

    def __call__(self, sentence: str, /, **values: object) -> str:
        """Return the sentence with its values put in."""


def english(sentence: str, /, **values: object) -> str:
    """Say it in English."""
    return sentence.format(**values)


def chinese(sentence: str, /, **values: object) -> str:
    """Say it in Chinese."""
    return translations()[sentence].format(**values)


@cache
def translations() -> Mapping[str, str]:
    """Return the Chinese of every sentence."""
    found: dict[str, str] = json.loads((files(__package__) / "zh.json").read_text("utf-8"))
    return found
