"""What setup.sh says to one who types it for the first time, and is wrong about something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.script import typed
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
