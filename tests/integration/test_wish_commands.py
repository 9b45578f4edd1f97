"""`mirrorkit init`, `add` and `remove` as a teacher runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.documents.wish import parse_wish
from mirrorkit.oci.reference import Reference
from mirrorkit.presets import preset_text
from tests.integration.command import MIRRORKIT, told
from tests.integration.test_terminal import Terminal
from tests.lab.process import end, environment, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirrorkit.documents.wish import Wish
    from tests.integration.command import Desk, Done

TEXT = """\
version: 1
images:  # for all
  - nginx:alpine  # the page
lessons:
  - {name: ch1, images: [busybox]}
"""
DIGEST = "sha256:" + "a" * 64
QUESTIONS = ("Preset", "minikube release", "Kubernetes versions", "Container runtime", "Addons")


@pytest.fixture
def file(desk: Desk) -> Path:
    path = desk.folder / "images.yaml"
    path.write_text(TEXT)
    return path


def wish_of(desk: Desk, name: str = "images.yaml") -> Wish:
    return parse_wish((desk.folder / name).read_bytes())


def names_in(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.folder.iterdir())


def data_of(done: Done) -> dict[str, Any]:
    assert (done.status, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


@contextmanager
def asked(desk: Desk, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """Run `mirrorkit init` with a person at a terminal."""
    terminal = Terminal()
    process = subprocess.Popen(
        (*MIRRORKIT, "init", *arguments),
        cwd=desk.folder,
        env=environment(TERM="xterm"),
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
        start_new_session=True,
    )
    try:
        yield process, terminal
    finally:
        end(process)
        os.close(terminal.end)
        os.close(terminal.screen)


def answer(terminal: Terminal, question: str, text: str) -> None:
    """Wait for a question that was not seen before, and answer it."""
    wait_until(lambda: terminal.shows(question), 15, question)
    terminal.text = terminal.text.partition(question)[2]
    os.write(terminal.screen, text.encode())


def test_without_a_terminal_the_course_is_written(desk: Desk) -> None:
    done = desk.run("init")
    assert done.status == 0
    assert done.out == (
        "wrote images.yaml: minikube v1.25.2, Kubernetes v1.23.3, v1.23.9, docker, 7 lessons\n"
    )
    assert (desk.folder / "images.yaml").read_bytes() == preset_text("course")
    assert names_in(desk) == ["images.yaml"]


def test_flags_choose_and_data_says_what_was_written(desk: Desk) -> None:
    flags = "--minikube 1.32.0 --kubernetes v1.28.3 --kubernetes v1.27.4 --runtime containerd"
    more = "--nodes 2 --addon ingress --addon metallb --cni calico --platform linux/arm64"
    found = data_of(desk.run("init", *flags.split(), *more.split(), "--output", "w.yaml", "--json"))
    assert found == {
        "version": 1,
        "file": "w.yaml",
        "preset": "current",
        "minikube": ["v1.32.0"],
        "kubernetes": ["v1.28.3", "v1.27.4"],
        "runtime": "containerd",
        "nodes": 2,
        "addons": ["ingress", "metallb"],
        "cni": "calico",
        "platforms": ["linux/arm64"],
        "lessons": ["first-pods"],
    }
    wish = wish_of(desk, "w.yaml")
    assert (wish.minikube, wish.kubernetes) == (("v1.32.0",), ("v1.28.3", "v1.27.4"))
    assert (wish.runtime, wish.nodes, wish.cni) == ("containerd", 2, "calico")
    assert wish.addons == ("ingress", "metallb")
    assert list(map(str, wish.platforms)) == ["linux/arm64"]


def test_a_class_can_have_no_addon(desk: Desk) -> None:
    assert desk.run("init", "--preset", "current", "--addon", "none").status == 0
    assert wish_of(desk).addons == ()


def test_a_file_that_is_there_is_not_overwritten_unless_forced(desk: Desk, file: Path) -> None:
    told(desk.run("init"), 2, "images.yaml is there already", "--force")
    assert file.read_text() == TEXT
    file.chmod(0o640)
    assert desk.run("init", "--force").status == 0
    assert file.read_bytes() == preset_text("course")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "flags, error, hint",
    [
        (["--minikube", "v1.25.3"], "no minikube v1.25.3", "v1.25.2 and v1.26.0"),
        (["--kubernetes", "v1.99.0"], "no Kubernetes v1.99.0", "the nearest listed"),
        (["--addon", "dashbord"], "no addon 'dashbord'", "the nearest is dashboard"),
        (["--preset", "mine"], "'mine' is no preset", "course"),
        (["--output", "."], "is a folder", "--output"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, flags: list[str], error: str, hint: str) -> None:
    told(desk.run("init", *flags), 2, error, hint)
    assert names_in(desk) == []


def test_a_folder_that_is_not_there_is_told(desk: Desk) -> None:
    told(desk.run("init", "--output", "no/w.yaml"), 6, "no/w.yaml cannot be written", "rights")


def test_on_a_terminal_it_asks_and_asks_again_what_it_cannot_read(desk: Desk) -> None:
    with asked(desk) as (process, terminal):
        answer(terminal, "course: a beginner's course of 2022", "")
        answer(terminal, "current: today's versions", "")
        answer(terminal, "Preset (course, current) [course]: ", "curent\n")
        answer(terminal, "'curent' is no preset; one of course, current", "")
        answer(terminal, "Preset (course, current) [course]: ", "current\n")
        answer(terminal, "minikube release [v1.38.1]: ", "1.32.0\n")
        answer(terminal, "Kubernetes versions [v1.28.3]: ", "v1.28.3, v1.27.4\n")
        answer(terminal, "Container runtime (docker, containerd, cri-o) [docker]: ", "\n")
        answer(terminal, "Addons (or none) [dashboard ingress metrics-server]: ", "ingress\n")
        wait_until(lambda: terminal.shows("wrote images.yaml: minikube v1.32.0"), 15, "the end")
        assert process.wait(15) == 0
    wish = wish_of(desk)
    assert (wish.minikube, wish.kubernetes) == (("v1.32.0",), ("v1.28.3", "v1.27.4"))
    assert (wish.runtime, wish.addons) == ("docker", ("ingress",))


def test_enter_takes_every_default(desk: Desk) -> None:
    with asked(desk) as (process, terminal):
        for question in QUESTIONS:
            answer(terminal, question, "\n")
        assert process.wait(15) == 0
    assert (desk.folder / "images.yaml").read_bytes() == preset_text("course")


def test_a_flag_on_a_terminal_asks_nothing(desk: Desk) -> None:
    with asked(desk, "--preset", "current") as (process, terminal):
        wait_until(lambda: terminal.shows("wrote images.yaml"), 15, "the end")
        assert process.wait(15) == 0
    assert not any(question in terminal.text for question in QUESTIONS)


def test_no_answer_writes_nothing(desk: Desk) -> None:
    with asked(desk) as (process, terminal):
        answer(terminal, QUESTIONS[0], "\x04")
        wait_until(lambda: terminal.shows("error: no answer; nothing was written"), 15, "the end")
        assert process.wait(15) == 2
    with asked(desk) as (process, terminal):
        wait_until(lambda: terminal.shows(QUESTIONS[0]), 15, "a question")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
        wait_until(lambda: terminal.shows("\ninterrupted\r\n"), 15, "the last word")
    assert names_in(desk) == []


def test_images_are_added_to_the_class_and_to_a_lesson(desk: Desk, file: Path) -> None:
    done = desk.run("add", "redis:5-alpine", "library/nginx:alpine", "docker.io/redis:5-alpine")
    assert (done.status, done.out) == (0, "added redis:5-alpine\n")
    assert done.err == "already in images.yaml: library/nginx:alpine\n"
    done = desk.run("add", "httpd", "--lesson", "ch1")
    assert (done.status, done.out, done.err) == (0, "added httpd\n", "")
    done = desk.run("add", "httpd", "--lesson", "ch2")
    assert (done.out, done.err) == ("added httpd\n", "ch2 is a new lesson\n")
    assert file.read_text() == (
        TEXT.replace("# the page\n", "# the page\n  - redis:5-alpine\n").replace(
            "[busybox]}\n", "[busybox, httpd]}\n  - name: ch2\n    images:\n      - httpd\n"
        )
    )


def test_nothing_new_leaves_the_file_untouched(desk: Desk, file: Path) -> None:
    before = file.stat()
    done = desk.run("add", "docker.io/library/busybox:latest")
    assert (done.status, done.out) == (0, "")
    assert "nothing to add; images.yaml stays as it is" in done.err
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_a_scan_finds_is_added_and_what_it_cannot_resolve_is_told(
    desk: Desk, file: Path
) -> None:
    lessons = desk.folder / "lessons"
    lessons.mkdir()
    (lessons / "ch1.sh").write_text(
        "docker pull kong:3.0\ndocker pull $repo/$name\ndocker pull nginx:alpine\n"
        f"docker pull kong:3.0\ndocker pull redis@{DIGEST}\n"
    )
    before = file.read_text()
    done = desk.run("add", "--from-scan", "lessons")
    assert (done.status, done.out) == (0, "added kong:3.0\n")
    assert done.err.splitlines() == [
        "already in images.yaml: nginx:alpine",
        f"not added, for a digest belongs into the lock: redis@{DIGEST}",
        "not added, for it could not be resolved: $repo/$name  lessons/ch1.sh:2",
    ]
    assert file.read_text() == before.replace("# the page\n", "# the page\n  - kong:3.0\n")
    found = data_of(desk.run("add", "--json", "--from-scan", "lessons/ch1.sh", "--lesson", "ch3"))
    assert found == {
        "version": 1,
        "file": "images.yaml",
        "lesson": "ch3",
        "added": ["kong:3.0", "nginx:alpine"],
        "already": [],
        "pinned": [f"redis@{DIGEST}"],
        "unresolved": [{"text": "$repo/$name", "file": "lessons/ch1.sh", "line": 2}],
    }


@pytest.mark.parametrize(
    "path, kind", [("web.yaml", "file"), ("./web.yaml", "file"), ("lessons", "folder")]
)
def test_a_file_or_folder_is_no_image_and_the_way_to_its_images_is_told(
    desk: Desk, file: Path, path: str, kind: str
) -> None:
    (desk.folder / "web.yaml").write_text("image: redis:7\n")
    (desk.folder / "lessons").mkdir()
    (desk.folder / "lessons" / "web.yaml").write_text("image: redis:7\n")
    told(desk.run("add", path), 2, f"{path} is a {kind}", f"`mirrorkit add --from-scan {path}`")
    done = desk.run("add", "kong:3.0", path, "--lesson", "ch 2")
    told(done, 2, "not an image", f"`mirrorkit add --from-scan {path} --lesson 'ch 2'`")
    assert file.read_text() == TEXT
    assert desk.run("add", "--from-scan", path).out == "added redis:7\n"


@pytest.mark.usefixtures("file")
def test_an_image_called_as_a_folder_is_added_by_its_tag(desk: Desk) -> None:
    (desk.folder / "redis").mkdir()
    assert desk.run("add", "redis:latest", "web.yaml").status == 0
    assert Reference.parse("redis") in wish_of(desk).images
    assert Reference.parse("web.yaml") in wish_of(desk).images


def test_what_was_added_and_removed_again_leaves_the_same_file(desk: Desk, file: Path) -> None:
    file.write_bytes(TEXT.replace("\n", "\r\n").encode())
    before = file.read_bytes()
    assert desk.run("add", "redis", "quay.io/x/y:1").status == 0
    assert file.read_bytes() != before
    done = desk.run("remove", "docker.io/library/redis:latest", "quay.io/x/y:1")
    assert (done.status, done.out) == (0, "removed redis\nremoved quay.io/x/y:1\n")
    assert file.read_bytes() == before


def test_an_image_is_removed_from_every_lesson_or_from_one(desk: Desk, file: Path) -> None:
    assert desk.run("add", "busybox", "--lesson", "ch2").status == 0
    assert desk.run("remove", "busybox", "--lesson", "ch1").out == "removed busybox from ch1\n"
    assert "{name: ch1, images: []}" in file.read_text()
    assert data_of(desk.run("remove", "busybox", "--json")) == {
        "version": 1,
        "file": "images.yaml",
        "removed": [{"image": "busybox", "lesson": "ch2"}],
    }


@pytest.mark.parametrize(
    "arguments, error, hint",
    [
        (["add", "Not An Image"], "'Not An Image' is not an image name", "nginx:alpine"),
        (["add", f"nginx@{DIGEST}"], "the digest has a key of its own", "lock"),
        (["add", "redis", "--lesson", "../ch1"], "--lesson: '../ch1'", "letters"),
        (["add", "--from-scan", "nowhere"], "there is no nowhere", "exist"),
        (["add"], "NAME|PATH", "mirrorkit add --help"),
        (["remove", "nginx:alpin"], "has no image 'nginx:alpin'", "docker.io/library/nginx:alpine"),
        (["remove", "kong:9.9"], "has no image", "has docker.io/library/busybox:latest, doc"),
        (["remove", "busybox", "--lesson", "ch11"], "no lesson 'ch11'", "the nearest is ch1"),
        (["remove"], "NAME", "mirrorkit remove --help"),
    ],
)
def test_bad_names_change_nothing(
    desk: Desk, file: Path, arguments: list[str], error: str, hint: str
) -> None:
    told(desk.run(*arguments), 2, error, hint)
    assert file.read_text() == TEXT
    assert names_in(desk) == ["images.yaml"]


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_file_that_cannot_be_edited_is_told(desk: Desk, command: str) -> None:
    told(desk.run(command, "nginx"), 3, "there is no images.yaml", "mirrorkit init")
    told(desk.run(command, "nginx", "--file", "."), 3, "cannot be read", "name a file")
    (desk.folder / "images.yaml").write_text("version: 1\nimages: [nginx\n")
    told(desk.run(command, "nginx"), 3, "images.yaml:3:1: ", "bracket or quote")
    (desk.folder / "images.yaml").write_text("version: 1\nimmages: []\n")
    told(desk.run(command, "nginx"), 3, "images.yaml has 1 mistake")
    found = json.loads(desk.run(command, "nginx", "--file", "none", "--json").out)
    assert found["error"]["code"] == "document"


def test_a_link_is_edited_where_it_leads(desk: Desk, file: Path) -> None:
    real = desk.folder / "real.yaml"
    file.rename(real)
    file.symlink_to("real.yaml")
    assert desk.run("add", "redis").status == 0
    assert file.is_symlink()
    assert Reference.parse("redis") in wish_of(desk, "real.yaml").images


@pytest.mark.parametrize("command", ["init", "add", "remove"])
def test_help_has_examples(desk: Desk, command: str) -> None:
    done = desk.run(command, "--help")
    assert done.status == 0
    assert f"Examples:\n    mirrorkit {command}" in done.out
