"""Settings that look right and are not: told at their place, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.documents.configuration import Listen
from mirrorkit.errors import DocumentError, MirrorkitError
from mirrorkit.settings import Flags, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the class, in which the settings are read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "text, place",
    [
        ("listen: a:b", "1:9: listen: 'a:b' is not HOST:PORT"),
        ("listen: ':99999'", "1:9: listen: ':99999' is not HOST:PORT"),
        ("endpoints: {a.b: {url: 'http://h:99999'}}", "1:24: endpoints.a.b.url: "),
        ("endpoints: {a.b: {url: 'http://h:x'}}", "1:24: endpoints.a.b.url: "),
        ("endpoints: {a.b: {url: 'http://a b'}}", "1:24: endpoints.a.b.url: "),
        ("endpoints: {a.b: {url: 'http://a/#b'}}", "1:24: endpoints.a.b.url: "),
        ("endpoints: {docker.io: {url: 'http://a'}, index.docker.io: {url: 'http://b'}}", "1:4"),
        ('store: "a\\0b"', "1:8: store: "),
        ("jobs: '000100'", "1:7: jobs: '000100' is not a number from 1 to 64"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(text: str, place: str) -> None:
    Path("mirrorkit.yaml").write_text(text)
    with pytest.raises(DocumentError) as refusal:
        load_settings(Flags(), {})
    assert f"mirrorkit.yaml:{place}" in refusal.value.message


def test_the_home_of_nobody_is_a_mistake_and_no_bug() -> None:
    with pytest.raises(MirrorkitError, match="MIRRORKIT_STORE"):
        load_settings(Flags(), {"MIRRORKIT_STORE": "~nobody-at-all/store"})


@pytest.mark.parametrize("text", [":00000070000", "a:1:2", "", "[:::]:80", "[1:2]:80"])
def test_what_is_no_address_to_listen_on(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Listen.parse(text)
