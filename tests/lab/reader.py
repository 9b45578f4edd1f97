"""Somebody who follows a page of docs/: types its `sh` blocks and looks for what it says."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from tests.docs.pages import read_page
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docs.pages import Block

SERVERS = ("mirrorkit serve", "mirrorkit up")
PROGRAM = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m mirrorkit "$@"\n'


def follow(
    name: str, run: Callable[[Block], str], write: Callable[[Block], None] | None = None
) -> int:
    """Run a page's `sh` blocks in order and hold each `text` block against what was printed.

    `write` takes its documents, which begin with a comment of their name. Return how many blocks
    were run.
    """
    said, typed = "", 0
    for block in read_page(ROOT / "docs" / name).blocks:
        if block.kind == "yaml" and write is not None and block.text.startswith("# "):
            write(block)
        elif block.kind == "sh":
            typed += 1
            said = run(block)
        elif block.kind == "text":
            for line in block.text.splitlines():
                assert shows(line, said), f"{name}:{block.line}: {line!r} is not in:\n{said}"
    return typed


def shows(line: str, said: str) -> bool:
    """Say whether a line was printed; `…` stands for anything."""
    pattern = ".*".join(map(re.escape, line.split("…")))
    return re.search(f"^{pattern}$", said, re.MULTILINE) is not None
