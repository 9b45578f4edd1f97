"""The lines a student types, for releases with different ways."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mirrorkit.classroom.lines import Line, student_lines
from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.pins import Lock
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable

ADDRESS = "10.1.2.3:5080"
COURSE = parse_lock((Path(__file__).parents[2] / "images.lock.yaml").read_bytes())
DIGEST = Digest.of(b"")


def lock(
    minikube: str, kicbase: str, kubernetes: str, platforms: str = "linux/amd64", file: str = ""
) -> Lock:
    """Make a lock with one release's kicbase and one Kubernetes."""
    text = f"""
version: 1
platforms: [{platforms}]
images:
- name: gcr.io/k8s-minikube/kicbase:{kicbase}
  digest: {DIGEST}
  needed_by: [minikube {minikube}]
- {{name: registry.k8s.io/kube-apiserver:{kubernetes}, digest: {DIGEST}}}
"""
    if file:
        text += f"files:\n- {{path: '{file}', sha256: {DIGEST.hex}}}\n"
    return parse_lock(text.encode())


def commands(lines: Iterable[Line]) -> dict[str, str]:
    return {line.purpose: line.command for line in lines}


def test_the_course_is_started_with_one_line_or_with_three() -> None:
    first, *rest = student_lines(COURSE, ADDRESS)
    lines = tuple(rest)
    assert first == ("setup", f"curl {ADDRESS} | sh")
    assert [line.purpose for line in lines] == ["minikube", "kicbase", "start"]
    start = commands(tuple(lines))["start"].split()
    assert start[:3] == [f"MINIKUBE_IMAGE_REPOSITORY={ADDRESS}/k8s", "./minikube", "start"]
    assert set(start[3:]) == {
        "--driver=docker",
        "--kubernetes-version=v1.23.3",
        "--container-runtime=docker",
        "--base-image=gcr.io/k8s-minikube/kicbase:v0.0.30",  # by tag alone
        "--preload=false",
        "--cache-images=false",
        f"--insecure-registry={ADDRESS}",
        f"--registry-mirror=http://{ADDRESS}",
        f"--binary-mirror=http://{ADDRESS}/k8s-release",
    }


@pytest.mark.parametrize("line", student_lines(COURSE, ADDRESS), ids=lambda line: line[0])
def test_each_line_is_one_that_a_shell_can_read(line: tuple[str, str]) -> None:
    done = subprocess.run(["sh", "-n", "-c", line[1]], check=True, capture_output=True)
    assert done.stderr == b""
    assert "\n" not in line[1]


def test_a_shell_makes_of_it_a_program_the_lock_has_and_a_platform_that_is_one() -> None:
    found = commands(student_lines(COURSE, ADDRESS))

    def expanded(purpose: str) -> str:
        quoted = found[purpose].split('"')[1]
        done = subprocess.run(["sh", "-c", f'echo "{quoted}"'], check=True, capture_output=True)
        return done.stdout.decode().strip()

    program = expanded("minikube").removeprefix(f"http://{ADDRESS}/files/")
    assert program in {file.path for file in COURSE.files}
    archive, _, platform = expanded("kicbase").partition("?platform=")
    assert archive == f"http://{ADDRESS}/archives/gcr.io/k8s-minikube/kicbase:v0.0.30.tar"
    assert Platform.parse(platform) in COURSE.platforms


def test_with_one_platform_and_one_program_nothing_is_left_to_the_shell() -> None:
    one = lock("v1.33.1", "v0.0.44", "v1.30.0", file="minikube/v1.33.1/minikube-linux-amd64")
    found = commands(student_lines(one, ADDRESS))
    assert found["minikube"] == (
        f'curl -fo minikube "http://{ADDRESS}/files/minikube/v1.33.1/minikube-linux-amd64"'
        " && chmod +x minikube"
    )
    archive = f"http://{ADDRESS}/archives/gcr.io/k8s-minikube/kicbase:v0.0.44.tar"
    assert found["kicbase"] == f'curl -f "{archive}?platform=linux/amd64" | docker load'


def test_without_a_program_in_the_lock_the_students_own_minikube_is_started() -> None:
    found = commands(student_lines(lock("v1.33.1", "v0.0.44", "v1.30.0"), ADDRESS))
    assert set(found) == {"setup", "kicbase", "start"}
    assert " minikube start " in found["start"]


def test_v1_34_0_never_uses_what_docker_holds_so_its_cache_is_filled() -> None:
    found = commands(student_lines(lock("v1.34.0", "v0.0.45", "v1.31.0"), ADDRESS))
    assert found["kicbase"].endswith('-o "$HOME/.minikube/cache/kic/amd64/kicbase_v0.0.45.tar"')
    assert "docker load" not in found["kicbase"]


@pytest.mark.parametrize(
    "minikube, kubernetes, is_cured", [("v1.28.0", "v1.25.3", True), ("v1.28.0", "v1.23.3", False)]
)
def test_what_needs_more_than_flags_is_one_line_that_fetches_all_of_it(
    minikube: str, kubernetes: str, *, is_cured: bool
) -> None:
    found = commands(student_lines(lock(minikube, "v0.0.36", kubernetes), ADDRESS))
    fetched = f'curl -f "http://{ADDRESS}/api/v1/minikube/flags?format=shell&arch=amd64" | sh'
    assert (found["start"] == fetched) == is_cured
    assert ("kicbase" in found) != is_cured


def test_a_release_without_binary_mirror_has_its_programs_seeded() -> None:
    platforms = "linux/amd64, linux/arm64"
    old = lock("v1.24.0", "v0.0.28", "v1.22.3", platforms, "minikube/v1.24.0/minikube-linux-amd64")
    found = commands(student_lines(old, ADDRESS))
    url = f"http://{ADDRESS}/api/v1/minikube/flags?format=shell&arch=$(uname -m)"
    assert found["start"] == f'curl -f "{url}" | PATH="$PWD:$PATH" sh'


def test_a_release_that_nobody_lists_leaves_one_pull() -> None:
    found = commands(student_lines(lock("v9.9.9", "v0.0.99", "v1.30.0"), ADDRESS))
    assert set(found) == {"pull"}


def test_without_minikube_an_image_is_pulled() -> None:
    text = f"version: 1\nimages: [{{name: 'nginx:alpine', digest: '{DIGEST}'}}]"
    found = student_lines(parse_lock(text.encode()), ADDRESS)
    assert commands(found) == {"pull": f"docker pull {ADDRESS}/docker.io/library/nginx:alpine"}


def test_an_empty_lock_has_nothing_to_type() -> None:
    assert student_lines(Lock(()), ADDRESS) == ()
