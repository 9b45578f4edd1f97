"""Locks with mistakes: each is told, at its place, in words a teacher can act on."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError

A, B = (f"sha256:{letter * 64}" for letter in "ab")


def images(*entries: str) -> str:
    return "\n- ".join(("version: 1\nimages:", *entries)) + "\n"


def files(*entries: str) -> str:
    return "\n- ".join(("version: 1\nfiles:", *entries)) + "\n"


def mistakes_in(text: str) -> list[str]:
    with pytest.raises(DocumentError) as refusal:
        parse_lock(text.encode(), "l.yaml")
    return [mistake.removeprefix("l.yaml:") for mistake in refusal.value.mistakes]


EVERY_MISTAKE = f"""\
versoin: 1
platforms: [linux/amd64, plan9]
images:
  - name: nginx@{A}
    digest: sha256:../../x
    colour: red
  - digest: {A}
    digest: {A}
    known: maybe
    sources: {{aliyun: {{name: "A B", size: 1}}}}
    platforms: {{linux/386: {{size: -1, digest: latest}}}}
  - nginx
files:
  - {{path: ../x, size: 1k, sha256: {A}, urls: ["ftp://x/y", [z]]}}
unpinned: {{}}
"""


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    no_digest = "is not a digest (sha256:… or sha512:… in lower case)"
    image_keys = "also, digest, known, name, needed_by, platforms, sources"
    assert mistakes_in(EVERY_MISTAKE) == [
        "1:1: `version: 1` is missing",
        "1:1: unknown key 'versoin'; did you mean 'version'?",
        "2:26: platforms[1]: 'plan9' is not a platform (OS/ARCHITECTURE[/VARIANT])",
        f"4:11: images[0].name: 'nginx@{A}': the digest has a key of its own",
        f"5:13: images[0].digest: 'sha256:../../x' {no_digest}",
        f"6:5: images[0]: unknown key 'colour'; known are {image_keys}",
        "7:5: images[1]: `name` is missing",
        "8:5: images[1]: duplicate key 'digest'",
        "9:12: images[1].known: `proven` or `expected` is expected here",
        "10:30: images[1].sources.aliyun.name: 'A B' is not an image name",
        "10:37: images[1].sources.aliyun: unknown key 'size'; known are digest, name",
        "11:35: images[1].platforms.linux/386.size: '-1' is not a whole number",
        f"11:47: images[1].platforms.linux/386.digest: 'latest' {no_digest}",
        "12:5: images[2]: a mapping (key: value) is expected here",
        "14:12: files[0].path: '../x' is not a plain relative path",
        "14:24: files[0].size: '1k' is not a whole number",
        f"14:36: files[0].sha256: 'sha256:{A}' {no_digest}",
        "14:116: files[0].urls[0]: 'ftp://x/y' is not an http or https URL",
        "14:129: files[0].urls[1]: text is expected here",
        "15:11: unpinned: a list (- item) is expected here",
    ]


def test_of_many_mistakes_the_first_twenty_are_shown_and_the_rest_counted() -> None:
    told = mistakes_in("version: 1\n" + "".join(f"key{number}: 1\n" for number in range(27)))
    assert [mistake.partition(":")[0] for mistake in told[:-1]] == [str(n) for n in range(2, 22)]
    assert told[-1] == "… and 7 more"


@pytest.mark.parametrize(
    "text, mistakes",
    [
        ("images: []\n", ["1:1: `version: 1` is missing"]),
        ("version: 2\n", ["1:10: version: version '2' is not known; this mirrorkit reads 1"]),
        ("version: '1 '", ["1:10: version: version '1 ' is not known; this mirrorkit reads 1"]),
        ("\ufeffversion: 2", ["1:10: version: version '2' is not known; this mirrorkit reads 1"]),
        ("[]", ["1:1: a mapping (key: value) is expected here"]),
        ("version 1", ["1:1: a mapping (key: value) is expected here"]),
        ("version: 1\nversion: 1\n", ["2:1: duplicate key 'version'"]),
        ("version: 1\n'version': 1\n", ["2:1: duplicate key 'version'"]),
        ("version: 1\nimagse: []\n", ["2:1: unknown key 'imagse'; did you mean 'images'?"]),
        ("version: 1\n[a]: 1\n", ["2:1: a key must be plain text"]),
        ("version: 1\nimages:\n", ["2:8: images: a list (- item) is expected here"]),
        ("version: 1\n<<: {}\nfiles: 1", ["2:1: unknown key '<<'", "3:8: files: a list"]),
        ("version: 1\nplatforms: []\n", ["2:12: platforms: name at least one platform"]),
        (images("{name: a}"), ["3:3: images[0]: `digest` is missing"]),
        (images(f"{{name: a, digest: {A[7:]}}}"), [f"3:21: images[0].digest: '{A[7:]}' is not"]),
        (
            images(f"{{name: a, digest: {A}}}", f"{{name: docker.io/library/a, digest: {B}}}"),
            ["4:3: images[1]: docker.io/library/a:latest already stands for docker.io/library/a"],
        ),
        (
            images(
                f"{{name: a, digest: {A}, also: [c, c]}}", f"{{name: b, digest: {B}, also: [c]}}"
            ),
            ["4:3: images[1]: docker.io/library/c:latest already stands for docker.io/library/a"],
        ),
        (
            images(
                f"{{name: registry.k8s.io/a, digest: {A}}}",
                f"{{name: b, digest: {B}, also: [k8s.gcr.io/a]}}",
            ),
            ["4:3: images[1]: k8s.gcr.io/a:latest already stands for registry.k8s.io/a:latest"],
        ),
        (
            files(f"{{path: a, sha256: {A[7:]}}}", f"{{path: b, sha256: {A[7:]}}}"),
            ["4:3: files[1]: has the same sha256 as a"],
        ),
        (
            files(f"{{path: a, sha256: {A[7:]}}}", f"{{path: a, sha256: {B[7:]}}}"),
            ["4:3: files[1]: a stands twice"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(text: str, mistakes: list[str]) -> None:
    told = mistakes_in(text)
    assert len(told) == len(mistakes)
    assert all(map(str.startswith, told, mistakes)), told


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "a/../b", "..", ".", "./a", "/etc/passwd", "a//b", "a/", ".ssh", "a/.b", "-rf"),
        *("C:\\x", "a\\b", "a b", "a%2e", "a?b", "a#b", "~", "a\n", "é", "a" * 513),
    ],
)
def test_a_file_path_that_could_leave_its_root_is_refused(path: str) -> None:
    text = yaml.safe_dump({"version": 1, "files": [{"path": path, "sha256": A[7:]}]})
    (mistake,) = mistakes_in(text)
    assert "files[0].path: " in mistake
    assert "is not a plain relative path" in mistake


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/y",
        "file:///etc/passwd",
        "//x/y",
        "x/y",
        "https:///y",
        "https:x",
        "data:,x",
        "http:",
    ],
)
def test_a_url_that_is_not_http_is_refused(url: str) -> None:
    (mistake,) = mistakes_in(files(f"{{path: a, sha256: {A[7:]}, urls: ['{url}']}}"))
    assert mistake.endswith(f"files[0].urls[0]: {url!r} is not an http or https URL")


keys = st.sampled_from(
    [
        *("version", "platforms", "images", "files", "unpinned", "lessons", "name", "digest"),
        *("path", "sha256", "size", "urls", "also", "sources", "known", "needed_by", "linux/amd64"),
    ]
)
leaves = st.sampled_from([1, -1, None, True, "nginx", A, A[7:], "linux/amd64", "https://x/"])
trees = st.recursive(
    st.one_of(leaves, st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(fields=st.dictionaries(keys, trees, max_size=5))
def test_arbitrary_fields_are_told_at_their_places_in_order(fields: dict[str, object]) -> None:
    text = yaml.safe_dump({**fields, "version": 1, "imags": []}, allow_unicode=True)
    places = [
        (int(place[1]), int(place[2]))
        for mistake in mistakes_in(text)
        if (place := re.match(r"(\d+):(\d+): ", mistake))
    ]
    assert places
    assert places == sorted(places)


@pytest.mark.parametrize(
    "text, place",
    [
        ("version:\n", "1:9: version: "),
        ("version: []\n", "1:10: version: "),
        (images(f"{{name: a, digest: {A}, known: []}}"), "3:101: images[0].known: "),
        (images(*[f"{{name: registry.k8s.io/a, digest: {A}}}"] * 2), "4:3: images[1]: "),
    ],
)
def test_one_mistake_is_told_once(text: str, place: str) -> None:
    (mistake,) = mistakes_in(text)
    assert mistake.startswith(place)


def test_a_platform_that_is_none_is_told_at_its_own_place() -> None:
    text = images(f"name: a\n  digest: {A}\n  platforms:\n    linux:\n      size: 1")
    assert mistakes_in(text) == [
        "6:5: images[0].platforms.linux: 'linux' is not a platform (OS/ARCHITECTURE[/VARIANT])"
    ]


def test_one_platform_under_two_spellings_is_a_duplicate_key() -> None:
    platforms = "{linux/arm64: {size: 1}, linux/arm64/v8: {size: 1}}"
    (mistake,) = mistakes_in(images(f"{{name: a, digest: {A}, platforms: {platforms}}}"))
    assert "linux/arm64" in mistake


@pytest.mark.parametrize("key", ["a\nb", "a\x1b[2Jb", "a\u202eb"])
def test_a_mistake_is_one_line_without_control_characters(key: str) -> None:
    sources = {key: {"colour": "red", "name": "a"}}
    image = {"name": "a", "digest": A, "sources": sources}
    (mistake,) = mistakes_in(yaml.safe_dump({"version": 1, "images": [image]}))
    assert mistake.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        *("https://x/\ny", "ht\ntps://x/y", " https://x/y", "https://x/y ", "https://x/a b"),
        *(
            "https://x:port/y",
            "https://x:99999/y",
            "https://x y/",
            "https://x/\x00",
            "https://x/\r",
        ),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    file = {"path": "a", "sha256": A[7:], "urls": [url]}
    (mistake,) = mistakes_in(yaml.safe_dump({"version": 1, "files": [file]}))
    assert "files[0].urls[0]: " in mistake


@pytest.mark.parametrize("entry", [{"path": "../../etc/passwd"}, {"name": "Not An Image"}])
def test_what_is_unpinned_is_named_as_strictly_as_what_is_pinned(entry: dict[str, str]) -> None:
    (mistake,) = mistakes_in(yaml.safe_dump({"version": 1, "unpinned": [entry]}))
    assert "unpinned[0]." in mistake
