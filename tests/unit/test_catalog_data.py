"""The data files themselves: small, in order, one fact a line, every digest one."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mirrorkit import catalog
from mirrorkit.catalog import data
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.versions import ordered
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(catalog.__file__).parent / "data"
NAMES = ["binaries.json", "images.json", "kubernetes.json", "minikube.json"]
VERSION = re.compile(r"v\d+\.\d+\.\d+\Z")


def parsed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text("utf-8"))
    return found


def objects(value: dict[str, Any] | list[Any]) -> Iterator[dict[str, Any]]:
    """Walk through every object of a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from objects(inner)


def test_the_data_are_four_files_of_less_than_half_a_megabyte() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == NAMES
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500_000


@pytest.mark.parametrize("name", NAMES)
def test_a_data_file_has_one_fact_a_line(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=1) + "\n"
    assert text.isascii()


@pytest.mark.parametrize("name", NAMES)
def test_versions_and_names_stand_in_order(name: str) -> None:
    for found in objects(parsed(name)):
        if all(VERSION.match(key) for key in found):
            assert list(found) == ordered(found)
    tables = {
        "images.json": [parsed("images.json")],
        "minikube.json": [parsed("minikube.json")[key] for key in ("addons", "flags", "quirks")],
    }
    for table in tables.get(name, []):
        assert list(table) == sorted(table)


def test_a_table_of_changes_tells_only_changes() -> None:
    releases = set(parsed("minikube.json")["releases"])
    for found in objects(parsed("minikube.json")):
        if found and set(found) < releases:
            values = list(found.values())
            assert values[0] is not None
            assert all(one != after for one, after in pairwise(values))


def test_every_digest_is_one() -> None:
    digests = re.compile(r"sha\d+:\w*")
    for name in NAMES:
        found = digests.findall((FOLDER / name).read_text("utf-8"))
        assert all(Digest(text) == text for text in found)
    hashes = [value for by in data.binaries().minikube.values() for value in by.values()]
    for platforms in data.binaries().kubernetes.values():
        hashes += [value for by in platforms.values() for value in by.values()]
    assert len(hashes) > 1900
    assert all(Digest(f"sha256:{value}") for value in hashes)
    assert len(set(hashes)) == len(hashes), "one hash for two files"


def test_every_platform_is_spelled_in_its_normal_form() -> None:
    places = [place for by in data.binaries().minikube.values() for place in by]
    places += [place for by in data.binaries().kubernetes.values() for place in by]
    places += [place for rows in data.images().values() for row in rows for place in row.platforms]
    assert len(places) > 800
    assert [place for place in places if str(Platform.parse(place)) != place] == []


def test_every_published_name_is_canonical() -> None:
    for name in data.images():
        assert str(Reference.parse(name).canonical) == name


def test_what_a_release_pins_is_not_told_again_without_need() -> None:
    # images.json says of them only what a pin cannot: the children.
    pinned = {Reference.parse(row.kicbase).digest for row in data.minikube().releases.values()}
    assert not pinned & {row.digest for rows in data.images().values() for row in rows}


def test_every_quirk_of_the_data_has_a_word_and_every_word_a_quirk() -> None:
    assert {*Quirk, "preload_allowed_storage_drivers"} == set(data.minikube().quirks)


def test_a_misspelled_key_of_the_data_is_an_error() -> None:
    row = json.dumps({"coredns": "", "etcd": "", "pause": "", "minikube": None, "k8s_gcr": True})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(row, type=data.KubernetesRow)
