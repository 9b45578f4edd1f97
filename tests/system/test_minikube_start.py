"""`mirrorkit minikube start` on a machine with a real Docker and mirror; a stand-in is minikube."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.cluster import PROGRAM, Cluster, cluster
from tests.lab.engines import docker_engine
from tests.lab.process import LOOPBACK, environment, free_port, listening, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker

pytestmark = pytest.mark.system
# What the facts have of minikube's words, by the test that needs them (minikube.md §7, §8).
DOWNLOAD = """\
❌  Exiting due to K8S_INSTALL_FAILED: Failed to update cluster: updating control plane:\
 downloading binaries: downloading kubeadm: download failed: https://storage.googleapis.com/kubernetes-release
"""
MEMORY = """\
⛔  Exiting due to RSRC_INSUFFICIENT_SYS_MEMORY: System only has 990MiB available, less than the\
 required 1800MiB for Kubernetes
"""
MINIKUBE = """\
#!/bin/sh
if [ "$1" = version ]; then echo {release}; exit 0; fi
{{ printf '%s\\n' "$0" "$@"; echo --; env; }} >{notes}
echo '😄  minikube {release} on Debian 12'
cat {says} >&2
{does}
exit {status}
"""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A machine with Docker, a class, its mirror, and a minikube that prints what it is told."""

    made: Cluster
    docker: Docker
    address: str

    @property
    def _home(self) -> Path:
        return self.made.folder / "home"

    def minikube(self, says: str = "", status: int = 0, does: str = "") -> None:
        """Install the stand-in."""
        program = self.made.folder / "bin/minikube"
        program.parent.mkdir(exist_ok=True)
        (self.made.folder / "says").write_text(says)
        text = MINIKUBE.format(
            release=self.made.minikube,
            notes=self.made.folder / "notes",
            says=self.made.folder / "says",
            does=does,
            status=status,
        )
        program.write_text(text)
        program.chmod(0o755)

    def variables(self, **more: str) -> dict[str, str]:
        """Return the environment of who types."""
        return {
            "PATH": f"{self.made.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self._home),
            "DOCKER_HOST": self.docker.host,
            "LANG": "C.UTF-8",
            **more,
        }

    def start(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Type `mirrorkit minikube start` and wait for its end."""
        self._home.mkdir(exist_ok=True)
        options = ("--address", self.address, "--no-relay", *words)
        return self.made.run("start", *options, **self.variables(**more))

    def noted(self) -> tuple[list[str], dict[str, str]]:
        """Return the words and the variables that minikube was started with."""
        words, _, around = (self.made.folder / "notes").read_text().partition("\n--\n")
        pairs = (line.partition("=") for line in around.splitlines())
        return words.splitlines()[1:], {name: value for name, _, value in pairs}

    def was_started(self) -> bool:
        """Say whether minikube was started at all."""
        return (self.made.folder / "notes").exists()


@contextmanager
def teacher_of(made: Cluster, docker: Docker) -> Iterator[Teacher]:
    port = free_port()
    address = f"{LOOPBACK}:{port}"
    documents = ("--store", str(made.folder / "store"), "--lock", str(made.lock))
    argv = (*PROGRAM, "serve", *documents, "--listen", address, "--no-awake")
    with running(argv, log=made.folder / "serve.log", ready=lambda: listening(port)):
        yield Teacher(made, docker, address)


@pytest.fixture
def teacher(tmp_path: Path) -> Iterator[Teacher]:
    made = cluster(tmp_path)
    with docker_engine(tmp_path / "docker") as docker, teacher_of(made, docker) as teacher:
        yield teacher


def test_a_start_is_rewritten_seeded_run_and_its_status_handed_on(teacher: Teacher) -> None:
    teacher.minikube()
    done = teacher.start("--force", "--", "--image-mirror-country=cn", "--nodes", "1")
    assert done.returncode == 0, done.stderr
    words, around = teacher.noted()
    assert words[0] == "start"
    assert f"--base-image={teacher.made.kicbase}" in words
    assert not any("country" in word for word in words)
    assert around["MINIKUBE_IMAGE_REPOSITORY"] == f"{teacher.address}/k8s"
    assert "😄  minikube v1.25.2" in done.stdout
    assert "removed  --image-mirror-country=cn" in done.stderr
    assert teacher.docker("image", "inspect", "--format", "{{.Os}}", teacher.made.kicbase)


def test_the_lessons_images_are_for_the_nodes_of_what_was_started(teacher: Teacher) -> None:
    teacher.minikube()
    lock = teacher.made.lock
    text = lock.read_text()
    lock.write_text(text.replace("[minikube v1.25.2]", "[lesson ch1]", 3))
    done = teacher.start("--force")
    assert done.returncode == 6  # the stand-in made none
    assert "NODE: no node of minikube is running" in done.stderr


def test_twice_loads_nothing_anew(teacher: Teacher) -> None:
    teacher.minikube()
    teacher.start("--force")
    done = teacher.start("--force")
    assert done.returncode == 0
    assert "loaded    " not in done.stderr


@pytest.mark.parametrize(
    "says, status, end",
    [
        (DOWNLOAD, 100, ("BINARIES", 4, "mirrorkit minikube seed")),
        (MEMORY, 23, ("MEM", 6, "free -m")),
        ("Error: unknown flag: --colour\n", 14, ("FLAG", 2, "mirrorkit minikube flags")),
    ],
)
def test_a_failure_is_explained_with_its_cure(
    teacher: Teacher, says: str, status: int, end: tuple[str, int, str]
) -> None:
    code, ours, command = end
    teacher.minikube(says, status)
    done = teacher.start("--force")
    assert done.returncode == ours
    assert says.strip() in done.stderr
    assert f"\nerror: {code}: " in done.stderr
    assert done.stderr.endswith(f"      → {command}\n")


def test_a_failure_is_explained_in_the_language_of_who_types(teacher: Teacher) -> None:
    teacher.minikube(MEMORY, 23)
    done = teacher.start("--force", LANG="zh_CN.UTF-8", TERM="xterm")
    assert "error: MEM: Kubernetes 自身需要 1800 MiB 内存" in done.stderr
    bare = teacher.start("--force", LANG="zh_CN.UTF-8", TERM="linux")
    assert "error: MEM: Kubernetes needs 1800 MiB" in bare.stderr


def test_a_failure_nobody_knows_is_said_to_be_one(teacher: Teacher) -> None:
    teacher.minikube("🤷\n", 77)
    done = teacher.start("--force", "--", "-p", "other")
    assert done.returncode == 6
    assert "error: minikube ended with 77" in done.stderr
    assert "minikube logs -p other" in done.stderr


def test_a_dry_run_does_nothing(teacher: Teacher) -> None:
    teacher.minikube()
    done = teacher.start("--dry-run", "--", "--image-mirror-country=cn")
    assert done.returncode == 0, done.stderr
    assert "load     gcr.io/k8s-minikube/kicbase:v0.0.30" in done.stdout
    assert "--base-image=gcr.io/k8s-minikube/kicbase:v0.0.30" in done.stdout
    assert "country" not in done.stdout
    assert not teacher.was_started()
    assert teacher.docker("images", "--quiet") == ""


def test_a_start_known_to_fail_is_refused_before_anything_is_done(teacher: Teacher) -> None:
    teacher.minikube()
    done = teacher.start("--", "--kubernetes-version=v1.99.0")
    assert done.returncode == 2
    assert not teacher.was_started()
    assert teacher.docker("images", "--quiet") == ""


def test_what_the_checks_find_stops_a_start(teacher: Teacher) -> None:
    teacher.minikube()
    done = teacher.start(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 6
    assert "fail  RUNNING" in done.stderr
    assert not teacher.was_started()


def test_what_the_store_lacks_stops_a_start(teacher: Teacher) -> None:
    teacher.minikube()
    kicbase = teacher.made.images[teacher.made.kicbase]
    for digest in kicbase.all_blobs():
        (teacher.made.folder / "store/blobs" / digest.replace(":", "/")).unlink(missing_ok=True)
    findings_pass = teacher.start("--", "--wait=none")
    assert findings_pass.returncode in {1, 6}
    assert not teacher.was_started()
    assert "kicbase:v0.0.30" in findings_pass.stderr


def test_ctrl_c_is_minikube_s(teacher: Teacher) -> None:
    does = "trap 'echo cleaned; exit 130' INT; echo running; while :; do sleep 0.05; done"
    teacher.minikube(does=does)
    made = teacher.made
    documents = ("--store", str(made.folder / "store"), "--lock", str(made.lock))
    line = ("minikube", "start", *documents, "--address", teacher.address, "--no-relay", "--force")
    with subprocess.Popen(
        (*PROGRAM, *line),
        env=environment(**teacher.variables()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for text in process.stdout:
            if text == "running\n":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == "cleaned\n"
    assert err.endswith("interrupted\n")


def test_without_minikube_the_line_that_brings_it_is_said(teacher: Teacher) -> None:
    done = teacher.start(PATH="/usr/bin:/bin")
    assert done.returncode == 6
    assert "error: there is no minikube on this machine" in done.stderr
    assert f"hint: `curl {teacher.address} | sh`" in done.stderr


def test_seed_loads_kicbase_into_docker_or_makes_the_tar_where_that_is_never_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = cluster(tmp_path / "old"), cluster(tmp_path / "new", "v1.34.0", "v1.31.0")
    with docker_engine(tmp_path / "docker") as docker:
        for made, is_loaded in ((old, True), (new, False)):
            home = str(made.folder / "home")
            done = made.run(
                "seed",
                "--minikube",
                made.minikube,
                "--json",
                DOCKER_HOST=docker.host,
                MINIKUBE_HOME=home,
            )
            assert done.returncode == 0, done.stdout
            report = json.loads(done.stdout.splitlines()[-1])
            assert report["loaded"] == ([made.kicbase] if is_loaded else [])
            tar = (
                made.folder
                / f"home/.minikube/cache/kic/amd64/kicbase_{made.kicbase.rpartition(':')[2]}.tar"
            )
            assert tar.exists() is not is_loaded
        docker("load", "--input", str(tar))
        assert docker.run(new.kicbase, "echo it runs") == "it runs\n"
