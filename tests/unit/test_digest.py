from __future__ import annotations

import hashlib

import pytest
from docker_image import digest as independent
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.digest import Digest

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HEX = "0123456789abcdef" * 4


def parsed(text: str) -> Digest | None:
    try:
        return Digest(text)
    except ValueError:
        return None


def parsed_independently(text: str) -> str | None:
    try:
        independent.validate_digest(text)
    except independent.InvalidDigest:
        return None
    return text


@pytest.mark.parametrize("text", [EMPTY, f"sha256:{HEX}", f"sha512:{HEX}{HEX}"])
def test_a_digest_is_spelled_as_it_was_read(text: str) -> None:
    assert str(Digest(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        HEX,
        f":{HEX}",
        f"sha256:{HEX[:-1]}",
        f"sha256:{HEX}0",
        f"sha512:{HEX}",
        f"sha256:{HEX.upper()}",
        f"SHA256:{HEX}",
        f"sha384:{HEX}{HEX[:32]}",
        f"md5:{HEX[:32]}",
        f"sha256:{HEX}\n",
        f"sha256:{HEX[:-1]}\n",
        f"\nsha256:{HEX}",
        f"sha256: {HEX[:-1]}",
        f"sha256:{HEX[:-1]}g",
        f"sha256:{HEX[:-1]}\N{ARABIC-INDIC DIGIT THREE}",
        f"sha256:{HEX[:-1]}\N{FULLWIDTH LATIN SMALL LETTER A}",
        f"sha256:sha256:{HEX[:-7]}",
        f"sha256+b64:{HEX}",
        "sha256:../../x",
        f"sha256:{'../' * 21}x",
        f"sha256:{HEX[:-1]}\0",
    ],
)
def test_anything_but_the_strict_grammar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a digest"):
        Digest(text)


def test_a_refusal_quotes_only_the_beginning_of_a_huge_text() -> None:
    with pytest.raises(ValueError, match="is not a digest") as refusal:
        Digest("sha256:" + "x" * 1_000_000)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_matches_the_bytes_it_was_made_of_and_no_others(algorithm: str) -> None:
    digest = Digest.of(b"layer", algorithm)
    assert digest.hex == hashlib.new(algorithm, b"layer").hexdigest()
    assert digest.matches(b"layer")
    assert not digest.matches(b"layer\n")


def test_the_digest_of_nothing_is_the_well_known_one() -> None:
    assert str(Digest.of(b"")) == EMPTY


@given(data=st.binary(), split=st.integers(min_value=0))
def test_hashing_in_pieces_gives_the_digest_of_the_whole(data: bytes, split: int) -> None:
    digest = Digest.of(data, "sha512")
    hasher = digest.hasher()
    hasher.update(data[:split])
    hasher.update(data[split:])
    assert hasher.hexdigest() == digest.hex


@given(
    algorithm=st.sampled_from(["sha256", "sha512", "SHA256", "md5", ""]),
    colon=st.sampled_from([":", "", "::"]),
    length=st.sampled_from([0, 1, 63, 64, 65, 127, 128, 129]),
    insertion=st.sampled_from(
        ["", "", "", "g", "A", "\n", "/", ".", "\N{DIGIT ONE}\N{COMBINING ACUTE ACCENT}"]
    ),
    place=st.integers(min_value=0, max_value=130),
)
def test_the_independent_parser_agrees_on_valid_and_near_valid_digests(
    algorithm: str, colon: str, length: int, insertion: str, place: int
) -> None:
    encoded = (HEX * 3)[: length - len(insertion)] if length else ""
    text = algorithm + colon + encoded[:place] + insertion + encoded[place:]
    digest = parsed(text)
    assert (str(digest) if digest else None) == parsed_independently(text)


def test_sha384_is_a_digest_elsewhere_and_on_purpose_not_here() -> None:
    text = "sha384:" + hashlib.sha384(b"").hexdigest()
    assert parsed_independently(text) == text
    assert parsed(text) is None
