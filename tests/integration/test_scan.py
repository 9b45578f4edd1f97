"""`mirrorkit scan` on a small class of its own, as a teacher runs it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.process import environment
from tests.lab.product import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

LESSONS = {
    "README.md": """\
# A class

Never `docker pull prose`.

```sh
$ docker pull redis:5-alpine
```

    kubectl run tool --image=busybox
""",
    "ch1/01.sh": """\
#!/bin/sh
# docker pull commented:1
docker run -d --rm \\
    -p 80:80 \\
    nginx:alpine
for name in $names; do
    docker pull $repo/$name
done
""",
    "ch1/Dockerfile": """\
ARG BASE=golang:1.19
FROM $BASE AS build
FROM alpine:3.15
COPY --from=build /app /app
COPY --from=lab/tools:2 /t /t
""",
    "ch2/compose.yml": "services:\n  web:\n    build: .\n    image: lab/web:1\n",
    "ch3/base/deploy.yml": "kind: Deployment\nspec: {c: [{image: nginx:alpine}]}\n",
    "ch3/base/kustomization.yaml": "resources: [deploy.yml]\n",
    "ch3/prod/kustomization.yaml": """\
resources:
- ../base
images:
- name: nginx
  newName: quay.io/lab/nginx
""",
    "setup": "#!/usr/bin/env bash\ndocker save kong:3.0 > kong.tar\n",
    ".git/hook.sh": "docker pull from-git\n",
    "web/node_modules/x/Dockerfile": "FROM from-node\n",
    "notes.txt": "docker pull from-notes\n",
    "data.json": '{"image": "from-data"}\n',
    "pod.json": '{"apiVersion": "v1", "spec": {"image": "httpd:alpine"}}\n',
}
FOUND = """\
redis:5-alpine  README.md:6
busybox  README.md:9
nginx:alpine  ch1/01.sh:5
golang:1.19  ch1/Dockerfile:2
alpine:3.15  ch1/Dockerfile:3
lab/tools:2  ch1/Dockerfile:5
lab/web:1  ch2/compose.yml:4
nginx:alpine  ch3/base/deploy.yml:2
quay.io/lab/nginx:alpine  ch3/prod/kustomization.yaml:4
httpd:alpine  pod.json:1
kong:3.0  setup:2
unresolved: $repo/$name  ch1/01.sh:7
"""


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    for name, text in LESSONS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def scan(
    folder: Path, *arguments: str | bytes, program: tuple[str, ...] = PROGRAM
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, "scan", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def scanned(folder: Path, *arguments: str) -> dict[str, Any]:
    done = scan(folder, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_folder_gives_every_image_by_file_and_line(lessons: Path) -> None:
    done = scan(lessons, ".")
    assert (done.returncode, done.stdout, done.stderr) == (0, FOUND, "")


def test_json_says_the_same_as_data(lessons: Path) -> None:
    found = scanned(lessons, ".")
    assert list(found) == ["version", "images", "unresolved"]
    assert found["version"] == 1
    written = [f"{one['image']}  {one['file']}:{one['line']}" for one in found["images"]]
    assert written == FOUND.splitlines()[:-1]
    assert found["unresolved"] == [{"text": "$repo/$name", "file": "ch1/01.sh", "line": 7}]


def test_files_and_folders_are_named_as_they_were_given_and_each_counts_once(lessons: Path) -> None:
    found = scanned(lessons, "ch1/01.sh", str(lessons / "ch2"), "ch1/01.sh", "ch1")
    files = [one["file"] for one in found["images"]]
    assert files == [f"{lessons}/ch2/compose.yml", "ch1/01.sh", *["ch1/Dockerfile"] * 3]


def test_a_file_that_is_named_is_read_whatever_it_is_called(lessons: Path) -> None:
    found = scanned(lessons, "notes.txt", "data.json")
    assert [one["image"] for one in found["images"]] == ["from-notes"]


def test_an_overlay_alone_finds_what_it_builds_on_outside(lessons: Path) -> None:
    found = scanned(lessons, "ch3/prod")
    assert [one["image"] for one in found["images"]] == ["quay.io/lab/nginx:alpine"]


def test_kustomizations_that_build_on_each_other_end(lessons: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (lessons / name).mkdir()
        (lessons / name / "kustomization.yml").write_text(
            f"resources: [../{other}, pod.yml, https://x/y, '\\0', {'n' * 300}, ../../up.yml]\n"
            "images: [{name: web, newTag: v2}]\n"
        )
        (lessons / name / "pod.yml").write_text(f"image: web:{name}\n")
    (lessons.parent / "up.yml").write_text("image: web:up\n")
    found = scanned(lessons, "a", "b")
    written = [f"{one['image']} {one['file']}" for one in found["images"]]
    assert written == [
        *("web:v2 a/kustomization.yml", "web:a a/pod.yml"),
        *("web:v2 b/kustomization.yml", "web:b b/pod.yml"),
    ]


def test_nothing_found_is_no_error(lessons: Path) -> None:
    (lessons / "empty").mkdir()
    done = scan(lessons, "empty")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no image is named there\n"
    assert scanned(lessons, "empty") == {"version": 1, "images": [], "unresolved": []}


def test_a_file_that_was_named_and_not_understood_is_told(lessons: Path) -> None:
    (lessons / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (lessons / "bad.yaml").write_text("kind: [Pod\nspec: {\n")
    done = scan(lessons, "logo.png", "bad.yaml")
    assert (done.returncode, done.stdout) == (0, "")
    said = done.stderr.splitlines()
    assert said[0] == "skipped logo.png: it is not text"
    assert said[1].startswith("not understood: bad.yaml:2:")
    assert said[2:] == ["no image is named there"]
    (lessons / "bad.yaml").write_text("image: nginx\nspec: {\n")
    done = scan(lessons, "bad.yaml")
    assert (done.stdout, done.stderr) == ("nginx  bad.yaml:1\n", "")


def test_a_path_that_does_not_exist_ends_with_2_before_anything_is_read(lessons: Path) -> None:
    done = scan(lessons, "nowhere", ".")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no nowhere\nhint: ")
    assert json.loads(scan(lessons, "--json", "nowhere").stdout)["error"]["code"] == "usage"
    assert scan(lessons, "n" * 5000).returncode == 2
    assert scan(lessons).returncode == 2


def test_what_cannot_be_read_is_told_and_the_rest_is_read(lessons: Path) -> None:
    (lessons / "big.yaml").write_bytes(b"image: nginx\n" + b"#" * 8 * 1024 * 1024)
    (lessons / "binary.sh").write_bytes(b"docker pull nginx\n\0")
    (lessons / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(lessons / "pipe.yaml")
    (lessons / "latin.sh").write_bytes(b"# caf\xe9 \xd6\xd0\xce\xc4\r\ndocker pull latin\r\n")
    (lessons / "wide.sh").write_bytes("docker pull wide\r\n".encode("utf-16"))
    done = scan(lessons, ".")
    added = {*done.stdout.splitlines()} - {*FOUND.splitlines()}
    assert added == {"latin  latin.sh:2", "wide  wide.sh:1"}
    assert done.stderr == "skipped big.yaml: larger than 8 MiB\n"


def test_a_file_without_permission_is_told(lessons: Path) -> None:
    for name in ("ch1/01.sh", "ch2"):
        (lessons / name).chmod(0)
    # root reads everything, so the scan runs without root's capabilities where it has them
    drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534", "--clear-groups")
    for folder in (lessons, *lessons.parents[:3]):
        folder.chmod(0o755)
    done = scan(lessons, ".", program=(*drop, *PROGRAM) if os.geteuid() == 0 else PROGRAM)
    told = {"skipped ch1/01.sh: Permission denied", "skipped ch2: Permission denied"}
    lines = {line for line in done.stderr.splitlines() if line.startswith("skipped")}
    assert (done.returncode, lines) == (0, told)
    assert "golang:1.19  ch1/Dockerfile:2" in done.stdout


def test_a_file_that_fails_while_it_is_read_is_told(lessons: Path) -> None:
    done = scan(lessons, "/proc/self/mem", "ch2")
    assert (done.returncode, done.stdout) == (0, "lab/web:1  ch2/compose.yml:4\n")
    assert done.stderr == "skipped /proc/self/mem: Input/output error\n"


def test_links_inside_a_folder_are_not_followed(lessons: Path) -> None:
    (lessons / "loop").symlink_to(".")
    (lessons / "root").symlink_to("/")
    (lessons / "again.sh").symlink_to("ch1/01.sh")
    assert scan(lessons, ".").stdout == FOUND
    linked = lessons.parent / "linked"
    linked.symlink_to(lessons)
    assert len(scanned(lessons.parent, "linked")["images"]) == len(FOUND.splitlines()) - 1


def test_names_of_files_do_nothing_to_a_terminal(lessons: Path) -> None:
    folder = lessons / "odd"
    folder.mkdir()
    (folder / "a\n\x1b[2J.yml").write_text("image: nginx\n")
    (folder / os.fsdecode(b"b\xff.yml")).write_text('image: "$x\\e[2J"\n')
    done = scan(lessons, "odd")
    assert done.stdout == (
        "nginx  odd/a\\n\\x1b[2J.yml:1\n"
        "unresolved: $x\\x1b[2J  odd/b\N{REPLACEMENT CHARACTER}.yml:1\n"
    )
    found = scanned(lessons, "odd")
    assert found["images"][0]["file"] == "odd/a\n\x1b[2J.yml"


def test_help_shows_how_to_begin(lessons: Path) -> None:
    done = scan(lessons, "--help")
    assert done.returncode == 0
    assert "mirrorkit scan lessons\n" in done.stdout
