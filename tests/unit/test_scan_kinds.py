from __future__ import annotations

import pytest

from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.kinds import is_script, read_manifest, reader_for
from mirrorkit.scan.manifests import read_yaml
from mirrorkit.scan.markdown import read_markdown
from mirrorkit.scan.scripts import read_script


@pytest.mark.parametrize(
    "names, reader",
    [
        ("a.yaml a.yml A.YML compose.yml a.yaml.j2 compose.yml.example a.yaml.tpl", read_yaml),
        ("a.sh a.bash .sh run.sh.template", read_script),
        ("README.md a.markdown Dockerfile.md", read_markdown),
        ("Dockerfile dockerfile Dockerfile.web web.Dockerfile Containerfile", read_dockerfile),
        ("Dockerfile.tmpl", read_dockerfile),
        ("pod.json", read_manifest),
        ("a.txt yaml sh md README a.py _helpers.tpl Dockerfile.a.b .dockerignore json", None),
    ],
)
def test_the_name_of_a_file_says_how_it_is_read(names: str, reader: object) -> None:
    assert {name: reader_for(name) for name in names.split()} == dict.fromkeys(
        names.split(), reader
    )


def test_json_counts_where_it_is_a_manifest() -> None:
    assert [one.text for one in read_manifest('{"apiVersion": "v1", "image": "a"}')] == ["a"]
    assert read_manifest('{"image": "a"}') == []


@pytest.mark.parametrize(
    "head, said",
    [
        ("#!/bin/sh", True),
        ("#! /usr/bin/env bash", True),
        ("#!/bin/zsh -e", True),
        ("#!/usr/bin/python3", False),
        ("#!/usr/bin/fish", False),
        ("/bin/sh", False),
        ("", False),
    ],
)
def test_a_first_line_says_whether_a_file_is_a_script(head: str, said: bool) -> None:  # noqa: FBT001
    assert is_script(head) is said
