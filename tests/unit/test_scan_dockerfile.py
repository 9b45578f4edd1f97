from __future__ import annotations

import pytest

from mirrorkit.scan.dockerfile import read_dockerfile
from tests.unit.scanning import lines_of


@pytest.mark.parametrize(
    "text, found",
    [
        ("FROM nginx", ["1 nginx"]),
        ("from nginx:1.21 as web", ["1 nginx:1.21"]),
        ("  FROM   nginx\t# not a comment here", ["1 nginx"]),
        ("FROM --platform=$BUILDPLATFORM golang:1.19 AS build", ["1 golang:1.19"]),
        ("FROM --platform=linux/amd64 nginx", ["1 nginx"]),
        ('FROM "nginx"', ["1 nginx"]),
        ("FROM \\\n  # a note\n\n  nginx AS \\\n  web", ["4 nginx"]),
        ("FROM nginx\n# FROM redis\nFROM busybox", ["1 nginx", "3 busybox"]),
        ("FROM scratch\nCOPY --from=scratch a b", []),
        ("FROM", []),
        ("FROM --platform=linux/amd64", []),
        ("RUN echo FROM redis\nCMD docker run redis", []),
        ("# syntax=docker/dockerfile:1\nFROM nginx", ["2 nginx"]),
        ("#escape=`\nFROM `\n nginx\nCOPY x c:\\\nCOPY --from=redis a b", ["3 nginx", "5 redis"]),
        ("# note\n# escape=`\nFROM \\\n nginx", ["4 nginx"]),
    ],
)
def test_from_names_an_image(text: str, found: list[str]) -> None:
    assert lines_of(read_dockerfile(text)) == found


@pytest.mark.parametrize(
    "text, found",
    [
        ("FROM golang AS Build\nFROM build", ["1 golang"]),
        ("FROM golang AS a\nFROM a AS b\nFROM B\nCOPY --from=A x y", ["1 golang"]),
        ("FROM later\nFROM nginx AS later", ["1 later", "2 nginx"]),
        ("FROM nginx AS nginx\nCOPY --from=nginx x y", ["1 nginx"]),
    ],
)
def test_a_stage_above_is_no_image(text: str, found: list[str]) -> None:
    assert lines_of(read_dockerfile(text)) == found


@pytest.mark.parametrize(
    "instruction, found",
    [
        ("COPY --from=redis:5 a b", ["2 redis:5"]),
        ("COPY --chown=1:1 --from=redis a b", ["2 redis"]),
        ("copy --from='redis' a b", ["2 redis"]),
        ("COPY --from=0 a b", []),
        ("COPY --from=web a b", []),
        ("COPY --from=$X a b", ["2 ? $X"]),
        ("COPY from=redis b", []),
        ("RUN --mount=type=bind,from=redis,target=/x ls", ["2 redis"]),
        ("RUN --mount=type=cache,target=/from ls from=redis", []),
    ],
)
def test_a_copy_from_another_image_counts(instruction: str, found: list[str]) -> None:
    assert lines_of(read_dockerfile(f"FROM scratch AS web\n{instruction}")) == found


@pytest.mark.parametrize(
    "text, found",
    [
        ("ARG BASE=nginx:alpine\nFROM $BASE", ["2 nginx:alpine"]),
        ('ARG TAG="1.21"\nFROM nginx:${TAG}', ["2 nginx:1.21"]),
        ("ARG A=1 B='2'\nFROM nginx:$A.$B", ["2 nginx:1.2"]),
        ("ARG HOST=quay.io\nARG BASE=$HOST/x\nFROM ${BASE}/y", ["3 quay.io/x/y"]),
        ("ARG TAG=1\nARG TAG=2\nFROM nginx:$TAG", ["3 nginx:2"]),
        ("ARG TAG\nFROM nginx:$TAG", ["2 ? nginx:$TAG"]),
        ("ARG TAG\nFROM nginx:${TAG:-1.2}", ["2 nginx:1.2"]),
        ("ARG TAG=\nFROM nginx:${TAG:-1.2}", ["2 nginx:1.2"]),
        ("ARG TAG=9\nFROM nginx:${TAG:-1.2}", ["2 nginx:9"]),
        ("ARG SLIM=yes\nFROM nginx${SLIM:+:alpine}", ["2 nginx:alpine"]),
        ("FROM nginx\nARG TAG=1\nFROM redis:$TAG", ["1 nginx", "3 ? redis:$TAG"]),
        ("ARG BASE=nginx", []),
        ("ARG STAGE=web\nFROM nginx AS web\nFROM $STAGE", ["2 nginx"]),
    ],
)
def test_the_default_of_an_argument_counts_where_from_sees_it(text: str, found: list[str]) -> None:
    assert lines_of(read_dockerfile(text)) == found


@pytest.mark.parametrize(
    "text, found",
    [
        ("FROM a\nRUN <<EOF cat\nFROM b\nEOF\nFROM c", ["1 a", "5 c"]),
        ("FROM a\nCOPY <<-'X' <<Y /d/\nFROM b\n\tX\nFROM c\nY\nFROM d", ["1 a", "7 d"]),
        ("FROM a\nRUN cat <<EOF\nFROM b", ["1 a", "3 b"]),
        ("FROM a\nRUN echo $((1<<2))\nFROM b\n2", ["1 a", "3 b"]),
        ("FROM a\nENV X <<EOF\nFROM b\nEOF", ["1 a", "3 b"]),
    ],
)
def test_a_here_document_is_no_instruction(text: str, found: list[str]) -> None:
    assert lines_of(read_dockerfile(text)) == found


def test_arguments_that_multiply_each_other_end_as_unresolved() -> None:
    bomb = "".join(f"ARG A{n + 1}={f'$A{n}' * 100}\n" for n in range(40))
    (found,) = read_dockerfile("ARG A0=" + "x" * 900 + f"\n{bomb}FROM $A40$Z")
    assert not found.is_resolved
    assert len(found.text) < 1000
