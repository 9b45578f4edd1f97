"""Two languages: English as it stands in the code, Chinese by the same sentence in `zh.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Protocol

from mirrorkit.errors import UsageError
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping


class Say(Protocol):
    """Says a sentence in the language of who reads it."""

    def __call__(self, sentence: str, /, **values: object) -> str:
        """Return the sentence with its values put in; one that has them already, as it is.

        Text that is no sentence of ours, as words to type, has no other language.
        """


def english(sentence: str, /, **values: object) -> str:
    """Say it in English."""
    return sentence.format(**values) if values else str(sentence)


def chinese(sentence: str, /, **values: object) -> str:
    """Say it in Chinese."""
    if isinstance(sentence, Sentence):
        return sentence.by(translations())
    if values or sentence in translations():
        return Sentence(sentence, **values).by(translations())
    return sentence


LANGUAGES: Final[Mapping[str, Say]] = {"en": english, "zh": chinese}


def speaker(language: str) -> Say:
    """Return who says it in a language; UsageError where there is no such."""
    if language not in LANGUAGES:
        hint = Sentence("one of {words}", words=", ".join(LANGUAGES))
        what = Sentence("language")
        raise UsageError(
            Sentence("{word!r} is no {what}", word=language[:60], what=what), hint=hint
        )
    return LANGUAGES[language]


@cache
def translations() -> Mapping[str, str]:
    """Return the Chinese of every sentence."""
    found: dict[str, str] = json.loads((files(__package__) / "zh.json").read_text("utf-8"))
    return found
