"""The files of a system, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Files:
    """What is there already, by absolute path."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def read(self, path: str) -> str | None:
        return self._texts.get(path)

    def names(self, folder: str) -> list[str]:
        inside = (one for one in self._texts if one.startswith(f"{folder}/"))
        return sorted({one.removeprefix(f"{folder}/").partition("/")[0] for one in inside})
