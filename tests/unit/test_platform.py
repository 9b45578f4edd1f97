from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.platform import Platform


@pytest.mark.parametrize(
    "text, normal",
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/aarch64/v8", "linux/arm64"),
        ("linux/arm", "linux/arm"),
        ("linux/arm/v7", "linux/arm"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        ("linux/386", "linux/386"),
        ("linux/s390x", "linux/s390x"),
        ("Linux/AMD64", "linux/amd64"),
        ("WINDOWS/X86_64", "windows/amd64"),
        ("unknown/unknown", "unknown/unknown"),
    ],
)
def test_a_platform_has_one_normal_spelling(text: str, normal: str) -> None:
    platform = Platform.parse(text)
    assert str(platform) == normal
    assert Platform.parse(normal) == platform


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "linux", "linux/", "/amd64", "linux//v8", "linux/arm/", "linux/arm/v7/x"),
        *("linux/amd64\n", "\nlinux/amd64", "linux/amd 64", "linux amd64", "linux/amd64,", "*/*"),
        *("linux/amd\N{FULLWIDTH DIGIT SIX}4", "lin\N{LATIN SMALL LETTER DOTLESS I}x/amd64"),
        *("linux/amd64\0", "linux\\amd64", "windows(10.0.17763)/amd64"),
    ],
)
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a platform"):
        Platform.parse(text)


def test_a_refusal_quotes_only_the_beginning_of_a_huge_text() -> None:
    with pytest.raises(ValueError, match="is not a platform") as refusal:
        Platform.parse("x" * 1_000_000)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("variant", [None, "", "v8"])
def test_an_empty_variant_and_the_usual_one_are_no_variant(variant: str | None) -> None:
    assert Platform.of("linux", "arm64", variant) == Platform("linux", "arm64")


known = st.sampled_from(["amd64", "arm64", "arm", "armhf", "armel", "i386", "aarch64", "x86_64"])
words = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)
variants = st.sampled_from(["", "/v1", "/v6", "/v7", "/v8"])


@given(os=words, architecture=st.one_of(known, words), variant=variants)
def test_the_normal_spelling_parses_to_the_same_value(
    os: str, architecture: str, variant: str
) -> None:
    platform = Platform.parse(f"{os}/{architecture}{variant}")
    assert Platform.parse(str(platform)) == platform
    assert Platform.of(platform.os, platform.architecture, platform.variant) == platform


@given(text=st.text())
def test_arbitrary_text_is_a_platform_or_a_value_error(text: str) -> None:
    try:
        platform = Platform.parse(text)
    except ValueError:
        return
    assert str(platform).isascii()


@pytest.mark.parametrize(
    "text, normal",
    [
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/V8", "linux/arm64"),
        ("linux/arm/7", "linux/arm"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/arm/V6", "linux/arm/v6"),
        ("linux/i386/sse2", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
    ],
)
def test_the_normal_spelling_is_that_of_containerd(text: str, normal: str) -> None:
    assert str(Platform.parse(text)) == normal
