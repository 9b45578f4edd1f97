"""Names that nobody wrote: our parser held against itself and against docker-image-py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from docker_image import digest as independent_digest
from docker_image import reference as independent
from hypothesis import assume, given
from hypothesis import strategies as st

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

FULLWIDTH_ONE = "\N{FULLWIDTH DIGIT ONE}"

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
dotted = st.lists(st.from_regex(r"[A-Za-z0-9]{1,5}", fullmatch=True), min_size=2).map(".".join)
addresses = st.ip_addresses(v=6).map(lambda address: f"[{address}]")
ports = st.integers(min_value=0, max_value=65535).map(lambda port: f":{port}")
hosts = st.one_of(
    st.sampled_from(["localhost", "docker.io", "index.docker.io"]),
    dotted,
    st.builds(str.__add__, st.one_of(labels, dotted, addresses), ports),
    addresses,
)
parts = st.from_regex(r"[a-z0-9]{1,4}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
tags = st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9._-]{0,9}", fullmatch=True)
digests = st.binary(max_size=2).map(lambda data: f"@{Digest.of(data)}")


def optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), strategy)


whole = st.builds("{}/{}".format, hosts, paths)
short = paths.map(lambda path: path.replace(".", "_"))  # a dot would make the first part a host
names = st.builds("{}{}{}".format, st.one_of(whole, short), optional(tags), optional(digests))


@st.composite
def near_names(draw: st.DrawFn) -> str:
    """Draw a valid name with one small piece put in, or put over one character."""
    name = draw(names)
    place = draw(st.integers(min_value=0, max_value=len(name)))
    piece: str = draw(st.sampled_from([*".:/@_-A1[] \n?", "..", "//", "__", "é", FULLWIDTH_ONE]))
    return name[:place] + piece + name[place + draw(st.integers(min_value=0, max_value=1)) :]


@given(text=names)
def test_the_canonical_spelling_parses_to_the_same_value(text: str) -> None:
    reference = Reference.parse(text)
    assert Reference.parse(str(reference)) == reference


@given(text=st.text())
def test_arbitrary_text_is_a_name_or_a_value_error(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except ValueError:
        return
    assert str(reference).isascii()
    assert len(reference.name) <= 255


Parts = tuple[str, str, str | None, str | None]


def ours(text: str) -> Parts | None:
    try:
        reference = Reference.parse(text)
    except ValueError:
        return None
    digest = str(reference.digest) if reference.digest else None
    return reference.registry, reference.repository, reference.tag, digest


def theirs(text: str) -> Parts | None:
    """Read with docker-image-py; Docker's default tag and our spelling of hosts are added."""
    try:
        found = independent.Reference.parse_normalized_named(text)
    except (independent.InvalidReference, independent_digest.InvalidDigest):
        return None
    tag = found["tag"] or (None if found["digest"] else "latest")
    return found.domain().lower(), found.path(), tag, found["digest"]


# Where we differ from Docker's parser on purpose: a sentence, an example, what texts it covers.
DIFFERENCES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "a newline at the end is refused": ("nginx:1\n", lambda text: text.endswith("\n")),
    "an IPv6 address may end in an IPv4 address": (
        "[::ffff:10.0.0.1]:5080/x",
        lambda text: re.match(r"\[[^/]*\.[^/]*\]", text) is not None,
    ),
    "what stands in brackets has a colon": (
        "[abcd]:5080/x",
        lambda text: re.match(r"\[[0-9A-Fa-f]*\]:", text) is not None,
    ),
    "a port has at most five digits": (
        "localhost:123456/x",
        lambda text: re.search(r":[0-9]{6,}/", text) is not None,
    ),
    "Docker Hub in capitals is Docker Hub": (
        "Docker.IO/nginx",
        lambda text: (
            re.match(r"(index\.)?docker\.io/", text.lower()) is not None
            and re.match(r"[a-z.]+/", text) is None
        ),
    ),
    "the registry behind Docker Hub is Docker Hub": (
        "registry-1.docker.io/nginx",
        lambda text: text.lower().startswith("registry-1.docker.io/"),
    ),
    "the host counts towards the 255 characters of a name": (
        "localhost/" + "a" * 255,
        lambda text: len(text.partition("@")[0]) > 255,
    ),
    "64 hex digits are a name like any other": (
        "0123456789abcdef" * 4,
        lambda text: re.match(r"[0-9a-f]{64}\Z", text) is not None,
    ),
    "a capital letter alone does not make a host": (
        "Mirror/nginx",
        lambda text: re.match(r"[^./:@]*[A-Z][^./:@]*/", text) is not None,
    ),
    "sha384 is no digest": (f"x@sha384:{'0' * 96}", lambda text: "@sha384:" in text),
}


@pytest.mark.parametrize("example, covers", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_each_difference_to_docker_is_one(example: str, covers: Callable[[str], bool]) -> None:
    assert ours(example) != theirs(example)
    assert covers(example)


@given(text=st.one_of(names, near_names()))
def test_docker_reads_valid_and_near_valid_names_as_we_do(text: str) -> None:
    assume(not any(covers(text) for _, covers in DIFFERENCES.values()))
    assert ours(text) == theirs(text)
