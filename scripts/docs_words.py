"""The words of the generated pages in two languages."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

TABLE: Final = "docs/zh.yaml"


class Words:
    """Translates a page's sentences and remembers which it was asked for."""

    def __init__(self, table: Mapping[str, str] | None = None) -> None:
        self.table = table
        self.asked: dict[str, None] = {}

    def __call__(self, sentence: str) -> str:
        """Return a sentence in the page's language; one that the table lacks stays as it is."""
        self.asked[sentence] = None
        return (self.table or {}).get(sentence) or sentence

    def missing(self) -> list[str]:
        """Return what was asked for and has no translation."""
        return [] if self.table is None else [one for one in self.asked if not self.table.get(one)]

    def unused(self) -> list[str]:
        """Return what has a translation and was never asked for."""
        return [one for one in self.table or {} if one not in self.asked]


def read_table(path: Path) -> dict[str, str]:
    """Read the translations: each English sentence and its Chinese, both in quotes."""
    try:
        found: dict[str, str] = yaml.safe_load(path.read_text("utf-8")) or {}
    except yaml.YAMLError as error:
        sys.exit(f"{TABLE} is not YAML; quote both sentences: {error}")
    return found


def complaints(words: Words) -> list[str]:
    """Say what the table lacks, as lines to paste into it, and what it has for nothing."""
    wrong = []
    if missing := words.missing():
        pasted = "\n".join(f'{json.dumps(one, ensure_ascii=False)}: ""' for one in missing)
        wrong.append(f"{TABLE} lacks the Chinese of these; add them there, translated:\n{pasted}")
    if unused := words.unused():
        wrong.append("\n".join((f"{TABLE} has these for nothing; take them out:", *unused)))
    return wrong


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a Markdown table, and an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines] + [""]


def code(text: str) -> str:
    """Write a word as code, if there is one."""
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
