"""What setup.sh says to one who types it for the first time, and is wrong about something."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from mirrorkit.classroom.doctor.frozen import profile_findings
from mirrorkit.classroom.doctor.profiles import read_profiles
from mirrorkit.classroom.minikube.choice import Choice, start_from
from mirrorkit.classroom.minikube.start import Mode
from mirrorkit.classroom.words import english
from tests.lab.script import ADDRESS, called, typed
from tests.lab.student import SHELLS


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return SHELLS[str(request.param)]


@pytest.fixture(scope="module")
def no_docker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a PATH with all of this machine's programs but Docker's."""
    folder = tmp_path_factory.mktemp("bin")
    for place in os.environ["PATH"].split(":"):
        for file in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / file.name
            if file.name != "docker" and not link.is_symlink():
                link.symlink_to(file)
    return str(folder)


DOCKER = """#!/bin/sh
case $1 in
version) echo 27.1.1 ;;
info) echo 'overlay2|/|2|[]|Debian 12|4|8000000000|true|lab' ;;
image)
    case $3 in *nginx*) [ "$2" = inspect ] ;; *gone*) false ;; esac ;;
*) exit 1 ;;
esac
"""
NEEDING = [("relay",), ("plant",), ("plant", "--profile=week2"), ("--reset", "--yes")]


@pytest.mark.parametrize("words", NEEDING, ids=" ".join)
def test_what_needs_docker_says_that_it_is_not_here_and_the_next_step(
    shell: tuple[str, ...], tmp_path: Path, no_docker: str, words: tuple[str, ...]
) -> None:
    seed = tmp_path / ".mirrorkit/seed-minikube"
    seed.parent.mkdir()
    seed.write_text("load gcr.io/k8s-minikube/kicbase:v0.0.30\n")
    done = typed(shell, tmp_path, *words, PATH=no_docker)
    assert done.returncode == 1
    assert done.stdout.startswith("fail  DOCKER   Docker is not here\n")
    assert "apt-get install -y docker.io\n" in done.stdout
    assert done.stderr == "Mend this first, then run the same line again: DOCKER\n"


@pytest.mark.parametrize("words", NEEDING, ids=" ".join)
def test_what_needs_docker_says_that_it_does_not_run(
    shell: tuple[str, ...], tmp_path: Path, words: tuple[str, ...]
) -> None:
    seed = tmp_path / ".mirrorkit/seed-minikube"
    seed.parent.mkdir()
    seed.write_text("load gcr.io/k8s-minikube/kicbase:v0.0.30\n")
    done = typed(shell, tmp_path, *words, DOCKER_HOST=f"unix://{tmp_path}/none")
    assert done.returncode == 1
    assert done.stdout.startswith("fail  RUNNING  Docker is here and does not run\n")
    assert done.stderr == "Mend this first, then run the same line again: RUNNING\n"


@pytest.mark.parametrize(
    "words", ["--name", "--name=", "--name ''", "--name --check", "start --name"]
)
@pytest.mark.parametrize(
    "locale, said",
    [("C.UTF-8", "--name needs a name, as in:"), ("zh_CN.UTF-8", "--name 后面要写名字")],
)
def test_a_name_that_was_forgotten_is_asked_for_by_an_example(
    shell: tuple[str, ...], tmp_path: Path, words: str, locale: str, said: str
) -> None:
    done = typed(shell, tmp_path, *shlex.split(words), LANG=locale)
    assert done.returncode == 2
    example = f"  → curl {ADDRESS} | sh -s -- --name 'Li Lei'\n"
    assert done.stderr.startswith(said)
    assert done.stderr.endswith(f"\n{example}")
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize(
    "words, example",
    [
        ("--profile", "--profile week2"),
        ("--profile --check", "--profile week2"),
        ("start -p", "start -p week2"),
        ("start --driver", "start --driver docker"),
        ("start --memory 4g --nodes", "start --nodes 2"),
        ("start --addons=ingress --container-runtime", "start --container-runtime containerd"),
        ("start --registry-mirror", "start"),
    ],
)
def test_each_value_that_was_forgotten_is_asked_for_by_an_example(
    shell: tuple[str, ...], tmp_path: Path, words: str, example: str
) -> None:
    done = typed(shell, tmp_path, *shlex.split(words))
    assert done.returncode == 2
    option = shlex.split(words)[-1].replace("--check", "--profile")
    asked = f"{option} needs a value, as in:\n  → curl {ADDRESS} | sh -s -- {example}\n"
    assert done.stderr == asked


SILENT = "127.0.0.1:9"  # nobody listens there


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a PATH with a Docker that answers, played."""
    program = tmp_path_factory.mktemp("docker") / "docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    "words", [(), ("--check",), ("--name", "Li Lei", "start", "-p", "week2"), ("plant",)]
)
def test_where_the_mirror_is_silent_a_student_learns_what_to_look_at_and_types_it_again(
    shell: tuple[str, ...], docker: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = typed(shell, tmp_path, *words, mirror=SILENT, PATH=docker)
    said = done.stdout + done.stderr
    assert done.returncode in {1, 6}
    assert f"the mirror {SILENT} does not answer: " in said
    for look in ("the teacher's Wi-Fi", "the address on the screen", "turn VPN and proxy off"):
        assert look in said
    assert f"→ curl {SILENT} | sh -s -- {shlex.join(('--no-report', *words))}\n" in said
    assert "/health" not in said
    assert "START" not in said


def test_a_program_that_asks_is_told_the_bare_fact(shell: tuple[str, ...], tmp_path: Path) -> None:
    done = typed(shell, tmp_path, "--check", "--porcelain", mirror=SILENT)
    assert f"fail\tMIRROR\tthe mirror {SILENT} does not answer\tcurl " in done.stdout


KICBASE, OTHER = "gcr.io/k8s-minikube/kicbase:v0.0.30", "docker.io/library/nginx:1.22-alpine"
PLACED = f"""\
d ~/.minikube
d ~/.minikube/cache
f ~/.minikube/cache/kubectl
f ~/.minikube/cache/preload
i {KICBASE}
i {OTHER}
i docker.io/library/gone:1
p minikube
"""
MINIKUBE = """#!/bin/sh
profile=$HOME/.minikube/profiles/minikube
case $1 in
delete) rm -r "$profile" ;;
start) mkdir -p "$profile" && echo '{}' >"$profile/config.json" ;;
esac
"""


@pytest.fixture
def lived_in(tmp_path: Path) -> Path:
    """Return a home in which setup.sh has been, and the student made a cluster of their own."""
    program = tmp_path / ".mirrorkit/bin/minikube"
    program.parent.mkdir(parents=True)
    program.write_text(MINIKUBE)
    program.chmod(0o755)
    (tmp_path / ".mirrorkit/placed").write_text(PLACED.replace("~", str(tmp_path)))
    (tmp_path / ".mirrorkit/seed-minikube").write_text(f"load {KICBASE}\n")
    for name in ("minikube", "own"):
        config = tmp_path / f".minikube/profiles/{name}/config.json"
        config.parent.mkdir(parents=True)
        config.write_text("{}")
    (tmp_path / ".minikube/cache").mkdir()
    (tmp_path / ".minikube/cache/kubectl").touch()
    return tmp_path


def test_an_uninstall_ends_with_what_went_what_stays_and_why_and_the_line_that_begins_again(
    shell: tuple[str, ...], docker: str, lived_in: Path
) -> None:
    done = typed(shell, lived_in, "--uninstall", "--yes", PATH=docker)
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout
        == f"""\
Removed:
  the cluster minikube
  the image {KICBASE}
  1 file elsewhere
  {lived_in}/.mirrorkit, with programs, downloads and settings
Left:
  the image {OTHER}: a container uses it
  {lived_in}/.minikube: what is in it was not placed by this script
  the cluster own: this script did not make it
This begins again:
  → curl {ADDRESS} | sh
"""
    )
    assert done.stderr == ""


def test_an_uninstall_in_chinese_leaves_no_english_sentence(
    shell: tuple[str, ...], docker: str, lived_in: Path
) -> None:
    done = typed(shell, lived_in, "--uninstall", "--yes", PATH=docker, LANG="zh_CN.UTF-8")
    assert done.stdout.startswith("已移除")
    for word in ("the ", "Removed", "Left", "this"):
        assert word not in done.stdout


def test_an_uninstall_where_nothing_is_says_so(
    shell: tuple[str, ...], docker: str, tmp_path: Path
) -> None:
    done = typed(shell, tmp_path, "--uninstall", PATH=docker)
    assert done.returncode == 0
    assert done.stdout == (
        "There was nothing here that this script had placed.\n"
        f"This begins again:\n  → curl {ADDRESS} | sh\n"
    )


def test_what_is_in_a_docker_that_does_not_run_is_said_to_stay(
    shell: tuple[str, ...], lived_in: Path
) -> None:
    done = typed(shell, lived_in, "--uninstall", "--yes", DOCKER_HOST=f"unix://{lived_in}/none")
    assert f"  the image {KICBASE}: Docker does not answer\n" in done.stdout
    assert "the image" not in done.stdout.partition("Left:")[0]


def test_a_reset_ends_with_what_is_new_what_stays_and_the_line_that_starts_it_again(
    shell: tuple[str, ...], docker: str, lived_in: Path
) -> None:
    done = typed(shell, lived_in, "--reset", "--yes", PATH=docker)
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout
        == f"""\
The cluster minikube is made anew and runs; the old one and all work in it are gone.
Left: {lived_in}/.mirrorkit, for the next --reset, and other clusters (own).
This starts it again, after a reboot, say:
  → sh {lived_in}/.mirrorkit/setup.sh --no-report start
"""
    )


def test_a_reset_in_chinese_leaves_no_english_sentence(
    shell: tuple[str, ...], docker: str, lived_in: Path
) -> None:
    done = typed(shell, lived_in, "--reset", "--yes", PATH=docker, LANG="zh_CN.UTF-8")
    assert done.stdout.count("\n") == 4
    for word in ("The ", "Left", "This", "other"):
        assert word not in done.stdout


MIRROR = f"{ADDRESS}/k8s"
BESIDE = [
    ((), "mirrorkit"),
    ((("mirrorkit", MIRROR),), "mirrorkit"),
    ((("mirrorkit", "10.9.9.9:5080/k8s"), ("own", MIRROR)), "mirrorkit-2"),
    ((("mirrorkit", ""), ("mirrorkit-2", MIRROR)), "mirrorkit-2"),
]


@pytest.mark.parametrize("made, named", BESIDE, ids=["new", "made", "old", "second"])
def test_beside_an_old_profile_setup_and_doctor_name_the_same_one_that_is_here_or_comes(
    shell: tuple[str, ...], tmp_path: Path, made: tuple[tuple[str, str], ...], named: str
) -> None:
    for name, repository in (("minikube", "10.1.1.1:5080/k8s"), *made):
        _profile(tmp_path, name, repository)
    start = start_from(Choice(minikube="v1.25.2", kubernetes="v1.23.3"))
    profiles = list(read_profiles(tmp_path / ".minikube"))
    found = profile_findings(profiles, start, Mode.MIRROR, {ADDRESS}, english)
    assert [one.command.rpartition(" ")[2] for one in found if one.command] == [named]
    calls = (f"REPOSITORY={MIRROR} KUBERNETES=v1.23.3 DRIVER=docker RUNTIME=docker", "fitting")
    assert called(shell, tmp_path, *calls, "check_profiles").stdout.startswith(named)
    said = called(shell, tmp_path, *calls[:1], "check_profiles").stdout
    assert f"the profile minikube keeps its old settings, so {named} is started beside it" in said


def _profile(home: Path, name: str, repository: str) -> None:
    kubernetes = {"KubernetesVersion": "v1.23.3", "ContainerRuntime": "docker"}
    config = {
        "Driver": "docker",
        "InsecureRegistry": [ADDRESS],
        "RegistryMirror": [f"http://{ADDRESS}"],
        "KubernetesConfig": {**kubernetes, "ImageRepository": repository},
    }
    file = home / ".minikube/profiles" / name / "config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(config, indent="\t"))


def test_setup_takes_the_profile_that_it_names(shell: tuple[str, ...], tmp_path: Path) -> None:
    _profile(tmp_path, "minikube", "10.1.1.1:5080/k8s")
    asks = f'ask_recipe() {{ echo "asked for $1"; REPOSITORY={MIRROR} KUBERNETES=v1.23.3; }}'
    calls = (asks, "keep_recipe() { :; }", "DRIVER=docker RUNTIME=docker", "choose_profile")
    done = called(shell, tmp_path, *calls, 'echo "$PROFILE"')
    assert done.stdout == "asked for minikube\nasked for mirrorkit\nmirrorkit\n"
    kept = called(shell, tmp_path, "PROFILE=minikube", *calls, 'echo "$PROFILE"')
    assert kept.stdout == "asked for minikube\nminikube\n"
    assert kept.stderr == "the profile minikube keeps its old settings\n"


def test_what_takes_root_is_said_to_stay_with_the_command_that_takes_it_away(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    ours = tmp_path / ".mirrorkit/daemon.json"
    ours.parent.mkdir()
    for file in (ours, tmp_path / "daemon.json"):
        file.write_text("{}")
    calls = ("DAEMON=$HOME/daemon.json", "drop_settings", 'cat "$SCRATCH/stays"')
    said = called(shell, tmp_path, *calls).stdout
    there = f"{tmp_path}/daemon.json"
    assert said.endswith(f"it takes root, by: sudo rm {there}\n")
    (tmp_path / "daemon.json.mirrorkit-backup").touch()
    said = called(shell, tmp_path, "rm $SCRATCH/stays", *calls).stdout
    assert said.endswith(f": sudo mv -f {there}.mirrorkit-backup {there}\n")
    ours.write_text("{} ")
    assert called(shell, tmp_path, "rm $SCRATCH/stays", *calls[:2]).stderr == ""
    assert not (tmp_path / "stays").exists()


def test_a_cluster_that_never_came_is_not_said_to_have_been_removed(
    shell: tuple[str, ...], docker: str, lived_in: Path
) -> None:
    (lived_in / ".minikube/profiles/minikube/config.json").unlink()
    (lived_in / ".minikube/profiles/minikube").rmdir()
    done = typed(shell, lived_in, "--uninstall", "--yes", PATH=docker)
    assert "the cluster minikube" not in done.stdout
