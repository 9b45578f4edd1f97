"""The language of whoever sits at this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Final = "en"
CHINESE: Final = "zh"
_NAMES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of(environment: Mapping[str, str]) -> str:
    """Choose as setup.sh does: by the locale; a bare console has no Chinese glyphs."""
    locale = next((environment[name] for name in _NAMES if environment.get(name)), "")
    is_bare = environment.get("TERM") == "linux"
    return CHINESE if locale.startswith("zh") and not is_bare else ENGLISH
