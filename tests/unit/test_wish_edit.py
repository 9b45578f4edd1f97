"""Images added to and removed from images.yaml: the text around them stays."""

from __future__ import annotations

import json

import pytest

from mirrorkit.documents.wish import Lesson, Wish, parse_wish
from mirrorkit.documents.wishedit import Removed, add_images, remove_images
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.oci.reference import Reference

HEAD = "version: 1\n"
NESTED = """\
version: 1
lessons:   # in order
- name: ch1
  images: [a]  # one

- images:
  - b   # two
  # three
  name: "ch2"
- {name: ch3, images: [c]}
- name: ch4  # nothing yet
# the end
"""

LISTS = {
    "block": ("images:\n  - a\n", "images:\n  - a\n  - n:1\n"),
    "block, not indented": ("images:\n- a\nnodes: 2\n", "images:\n- a\n- n:1\nnodes: 2\n"),
    "block, no newline at end": ("images:\n  - a", "images:\n  - a\n  - n:1"),
    "block, a comment at the end of the line": (
        "images:\n  - a  # why a\nnodes: 2\n",
        "images:\n  - a  # why a\n  - n:1\nnodes: 2\n",
    ),
    "block, comments before and after": (
        "images:  # all\n\n  # first\n  - a\n  # after\n\n# nodes\nnodes: 2\n",
        "images:  # all\n\n  # first\n  - a\n  - n:1\n  # after\n\n# nodes\nnodes: 2\n",
    ),
    "block, quoted": ("images:\n  - 'a'\n", "images:\n  - 'a'\n  - 'n:1'\n"),
    "block, CRLF": ("images:\r\n  - a # x\r\n\r\n", "images:\r\n  - a # x\r\n  - n:1\r\n\r\n"),
    "block, no ASCII": (
        "# 镜像 é\nimages:\n  - a # 一\n",
        "# 镜像 é\nimages:\n  - a # 一\n  - n:1\n",
    ),
    "block, the end of the document": (
        "images:\n  - a\n...\n",
        "images:\n  - a\n  - n:1\n...\n",
    ),
    "flow": ("images: [a, b] # x\n", "images: [a, b, n:1] # x\n"),
    "flow, a comma at the end": ("images: [a, ]\n", "images: [a, n:1, ]\n"),
    "flow, quoted": ('images: ["a"]\n', 'images: ["a", "n:1"]\n'),
    "flow, wrapped": ("images: [a,\n  b, c]\n", "images: [a,\n  b, c, n:1]\n"),
    "flow, one a line": (
        "images: [\n  a,  # x, y\n  b  # z\n]\n",
        "images: [\n  a,  # x, y\n  b,  # z\n  n:1\n]\n",
    ),
    "flow, one a line, a comma at the end": (
        "images: [\r\n  a,\r\n  b, # z\r\n]\r\n",
        "images: [\r\n  a,\r\n  b, # z\r\n  n:1,\r\n]\r\n",
    ),
    "empty": ("images: []  # none\nnodes: 2\n", "images: [n:1]  # none\nnodes: 2\n"),
    "empty, over two lines": ("images: [\n]\n", "images: [n:1\n]\n"),
}


@pytest.mark.parametrize("before, after", LISTS.values(), ids=LISTS)
def test_an_image_is_added_at_the_end_of_its_list_and_removed_without_a_trace(
    before: str, after: str
) -> None:
    done = add_images((HEAD + before).encode(), ["n:1"])
    assert done.data.decode() == HEAD + after
    assert (done.added, done.already) == (("n:1",), ())
    gone = remove_images(done.data, ["n:1"])
    assert gone.data.decode() == HEAD + before
    assert gone.removed == (Removed("n:1", None),)


MISSING = {
    "at the end": ("version: 1\n", "version: 1\nimages:\n  - n:1\n"),
    "no newline at end": ("version: 1", "version: 1\nimages:\n  - n:1"),
    "behind a list": (
        "version: 1\naddons:\n- ingress # x\n\n# end\n",
        "version: 1\naddons:\n- ingress # x\nimages:\n  - n:1\n\n# end\n",
    ),
    "CRLF": ("version: 1\r\n", "version: 1\r\nimages:\r\n  - n:1\r\n"),
    "JSON": ('{"version": 1}\n', '{"version": 1, "images": ["n:1"]}\n'),
}


@pytest.mark.parametrize("before, after", MISSING.values(), ids=MISSING)
def test_a_list_that_is_not_there_is_begun(before: str, after: str) -> None:
    assert add_images(before.encode(), ["n:1"]).data.decode() == after


REMOVED = {
    "first": ("images:\n  - a # x\n  # y\n  - b\n", "images:\n  # y\n  - b\n"),
    "last, no newline at end": ("images:\n  - b\n  - a", "images:\n  - b"),
    "last, no newline at end, CRLF": ("images:\r\n  - b\r\n  - a", "images:\r\n  - b"),
    "only": ("images: # x\n  # y\n  - a # z\nnodes: 2\n", "images: [] # x\n  # y\nnodes: 2\n"),
    "only, quoted key": ("'images' :\n- a\n", "'images' : []\n"),
    "every spelling": (
        "images: [docker.io/library/a:latest, b, library/a, index.docker.io/a]\n",
        "images: [b]\n",
    ),
    "flow, first": ("images: [a, b]\n", "images: [b]\n"),
    "flow, only": ("images: [a,]\n", "images: []\n"),
    "flow, first of a line": ("images: [b,\n  a, c]\n", "images: [b,\n  c]\n"),
    "flow, last of a line": ("images: [b, a,\n  c]\n", "images: [b,\n  c]\n"),
    "flow, alone on the first line": ("images: [a, # x\n  c]\n", "images: [ # x\n  c]\n"),
    "flow, one a line": ("images: [\n  b, # x\n  a # y\n]\n", "images: [\n  b # x\n]\n"),
}


@pytest.mark.parametrize("before, after", REMOVED.values(), ids=REMOVED)
def test_an_image_is_removed_with_its_line(before: str, after: str) -> None:
    assert remove_images((HEAD + before).encode(), ["a"]).data.decode() == HEAD + after


@pytest.mark.parametrize(
    "lesson, before, after",
    [
        ("ch1", "images: [a]  # one", "images: [a, n:1]  # one"),
        ("ch2", "  - b   # two\n", "  - b   # two\n  - n:1\n"),
        ("ch3", "images: [c]}", "images: [c, n:1]}"),
        ("ch4", "# nothing yet\n", "# nothing yet\n  images:\n    - n:1\n"),
        ("ch 5", "# nothing yet\n", '# nothing yet\n- name: "ch 5"\n  images:\n    - n:1\n'),
    ],
)
def test_a_lesson_has_its_own_list(lesson: str, before: str, after: str) -> None:
    done = add_images(NESTED.encode(), ["n:1"], lesson=lesson)
    assert done.data.decode() == NESTED.replace(before, after)
    assert done.is_new_lesson == (lesson == "ch 5")
    lessons = {one.name: one.images for one in parse_wish(done.data).lessons}
    assert lessons[lesson][-1] == Reference.parse("n:1")


@pytest.mark.parametrize(
    "before, after",
    [
        ("version: 1\n", "version: 1\nlessons:\n  - name: ch9\n    images:\n      - n:1\n"),
        ("version: 1\nlessons: []\n", "version: 1\nlessons: [{name: ch9, images: [n:1]}]\n"),
        ("{version: 1}\n", "{version: 1, lessons: [{name: ch9, images: [n:1]}]}\n"),
    ],
)
def test_a_first_lesson_is_begun(before: str, after: str) -> None:
    done = add_images(before.encode(), ["n:1"], lesson="ch9")
    assert done.data.decode() == after
    assert parse_wish(done.data) == Wish(lessons=(Lesson("ch9", (Reference.parse("n:1"),)),))


def test_several_images_are_added_in_their_order_and_each_once() -> None:
    done = add_images(b"version: 1\nimages: [\n  a\n]\n", ["c", "b", "docker.io/c:latest"])
    assert done.data == b"version: 1\nimages: [\n  a,\n  c,\n  b\n]\n"
    assert done.added == ("c", "b")


@pytest.mark.parametrize("name", ["pause:3.6", "k8s.gcr.io/pause:3.6", "registry.k8s.io/pause:3.6"])
@pytest.mark.parametrize("wished", ["k8s.gcr.io/pause:3.6", "registry.k8s.io/pause:3.6"])
def test_the_old_and_the_new_registry_of_kubernetes_are_one(wished: str, name: str) -> None:
    text = f"version: 1\nlessons: [{{name: ch1, images: [{wished}]}}]\n".encode()
    done = add_images(text, [name])
    is_other = name == "pause:3.6"
    assert (done.added, done.already) == (((name,), ()) if is_other else ((), (name,)))
    assert (done.data == text) == (not is_other)


def test_what_another_lesson_has_is_added_to_this_one() -> None:
    done = add_images(NESTED.encode(), ["docker.io/library/a", "b"], lesson="ch2")
    assert (done.added, done.already) == (("docker.io/library/a",), ("b",))


def test_an_image_is_removed_wherever_it_stands_or_from_one_lesson() -> None:
    text = NESTED.replace("[c]", "[a, c]")
    everywhere = remove_images(text.encode(), ["a"])
    assert everywhere.removed == (Removed("a", "ch1"), Removed("a", "ch3"))
    assert everywhere.data.decode() == text.replace("[a]", "[]").replace("[a, c]", "[c]")
    alone = remove_images(text.encode(), ["a"], lesson="ch3")
    assert alone.data.decode() == text.replace("[a, c]", "[c]")


def test_a_byte_order_mark_stays() -> None:
    text = b"\xef\xbb\xbfversion: 1\nimages: [a]\n"
    assert add_images(text, ["b"]).data == text.replace(b"[a]", b"[a, b]")


def test_json_stays_json() -> None:
    text = json.dumps({"version": 1, "images": ["a"], "lessons": []}, indent=2)
    for lesson in (None, "ch1"):
        json.loads(add_images(text.encode(), ["n:1"], lesson=lesson).data)


@pytest.mark.parametrize("name", ["null", "on", "123", "[::1]:5000/x", "localhost:5080/x:1"])
def test_a_name_that_yaml_could_read_otherwise_is_quoted(name: str) -> None:
    done = add_images(b"version: 1\nimages: [a]\n", [name])
    assert done.data.decode().count('"') == (0 if name.startswith("localhost") else 2)
    assert parse_wish(done.data).images[-1] == Reference.parse(name)


@pytest.mark.parametrize(
    "name, hint",
    [
        ("ngnix:alpine", "the nearest is docker.io/library/nginx:alpine"),
        ("k8s.gcr.io/pause:3.5", "the nearest is registry.k8s.io/pause:3.6"),
        ("zzz", "it has docker.io/library/nginx:alpine, registry.k8s.io/pause:3.6"),
    ],
)
def test_what_is_not_there_cannot_be_removed(name: str, hint: str) -> None:
    text = b"version: 1\nimages: [nginx:alpine, k8s.gcr.io/pause:3.6]\n"
    with pytest.raises(UsageError, match="has no image") as refusal:
        remove_images(text, ["nginx:alpine", name])
    assert refusal.value.hint == hint


def test_a_lesson_that_is_not_there_has_nothing_to_remove() -> None:
    with pytest.raises(UsageError, match="no lesson 'ch7'") as refusal:
        remove_images(NESTED.encode(), ["a"], lesson="ch7")
    assert refusal.value.hint == "the nearest is ch4"
    with pytest.raises(UsageError) as refusal:
        remove_images(NESTED.encode(), ["a"], lesson="zzz")
    assert refusal.value.hint == "it has ch1, ch2, ch3, ch4"


UNUSUAL = {
    "a block of text": "images:\n  - b\n  - |-\n    a\nnodes: 2\n",
    "a dash on a line of its own": "images:\n  -\n    a\n  - b\n",
    "a key with a question mark": "? images\n: - a\n",
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_a_layout_that_could_be_edited_wrongly_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="does not edit; nothing was changed"):
        remove_images((HEAD + text).encode(), ["a"])


def test_a_wish_with_mistakes_is_not_edited() -> None:
    with pytest.raises(DocumentError, match="has 1 mistake"):
        add_images(b"version: 1\nimages: [A B]\n", ["n"])
