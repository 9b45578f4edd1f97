"""A teacher's file is replaced as one step, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.cli.wishfile import read_wish_file, replace_wish_file
from mirrorkit.documents.yaml import DOCUMENT_MAX
from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_editor_saved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_bytes(b"saved by an editor")
    with pytest.raises(DocumentError, match="changed meanwhile; nothing was written"):
        replace_wish_file(file, b"new", before=b"old")
    assert file.read_bytes() == b"saved by an editor"
    assert list(tmp_path.iterdir()) == [file]


def test_what_stayed_as_it_was_read_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_bytes(b"old")
    replace_wish_file(file, b"new", before=b"old")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_no_more_is_read_than_shows_that_it_is_too_much(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_bytes(b"#" * (DOCUMENT_MAX + 5))
    assert len(read_wish_file(file)) == DOCUMENT_MAX + 1
