"""A school without internet: mirrorkit from a stick, and nothing of it missing."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.lab.process import output
from tests.lab.wheelhouse import ROOT, offline_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OFFLINE = ("unshare", "--net")


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheelhouse: Path) -> None:
    (wheel,) = wheelhouse.glob("mirrorkit-*.whl")
    ours = set(output(("git", "-C", str(ROOT), "ls-files", "mirrorkit")).split())
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == ours
    kinds = {
        "mirrorkit/py.typed",
        "mirrorkit/presets/course.yaml",
        "mirrorkit/catalog/data/images.json",
    }
    assert kinds <= held


@pytest.mark.parametrize("pip", ["by-arguments", "by-environment"])
def test_pipx_installs_from_the_wheelhouse_without_a_network(
    wheelhouse: Path, tmp_path: Path, pip: str
) -> None:
    env = offline_environment(
        tmp_path, PIPX_HOME=str(tmp_path / "pipx"), PIPX_BIN_DIR=str(tmp_path / "bin")
    )
    if (
        pip == "by-environment"
    ):  # as `make wheelhouse` says: pipx's own pip is renewed from there too
        env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}
        said = offline(env, tmp_path, "pipx", "install", "mirrorkit")
        assert not {"error", "warning", "traceback"} & set(said.lower().replace(":", " ").split())
    else:
        arguments = f"--pip-args=--no-index --find-links {wheelhouse}"
        offline(env, tmp_path, "pipx", "install", arguments, "mirrorkit")
    works(env, tmp_path, tmp_path / "bin/mirrorkit")


def works(env: Mapping[str, str], folder: Path, program: Path) -> None:
    """Assert that an installed mirrorkit has its presets and catalog with it."""
    assert "v1.25.2" in offline(env, folder, program, "catalog", "releases")
    offline(env, folder, program, "init", "--preset", "course")
    assert " proven" in offline(env, folder, program, "lock", "--offline")


def offline(env: Mapping[str, str], folder: Path, *argv: str | Path) -> str:
    """Run a program where there is no network at all; return all it said."""
    done = subprocess.run(
        (*OFFLINE, *argv), cwd=folder, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout
