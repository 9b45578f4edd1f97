"""A Debian for a container, made by debootstrap from this machine's own package mirror."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import LabError, environment, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.engines import Docker

LEFT_OUT = [f"--exclude=./{what}" for what in ("var/cache/apt/*", "var/lib/apt/lists/*", "dev/*")]
PACKAGES = "$(RELEASE) $(COMPONENT) $(REPO_URI)"


def debian_tree(root: Path, packages: Sequence[str]) -> Path:
    """Install a minimal Debian of this machine's release, and some packages, into a folder."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    wanted = f"--include={','.join(packages)}"
    argv = ("debootstrap", "--variant=minbase", wanted, release, str(root), _mirror(release))
    output(argv, seconds=600)
    return root


def debian_archive(packages: Sequence[str]) -> Path:
    """Return such a Debian as a tar, made once a machine: the next run finds it."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    key = hashlib.sha256(" ".join([release, *packages]).encode()).hexdigest()[:12]
    archive = Path(tempfile.gettempdir(), f"mirrorkit-lab-{os.getuid()}", f"debian-{key}.tar")
    archive.parent.mkdir(mode=0o700, exist_ok=True)
    with archive.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
                tree = debian_tree(Path(folder, "root"), packages)
                made = Path(folder, "made")
                output(
                    ("tar", "--directory", str(tree), *LEFT_OUT, "--create", "-f", str(made), ".")
                )
                made.rename(archive)
    return archive


def import_tree(docker: Docker, root: Path, name: str) -> None:
    """Make an image of one layer from a folder."""
    archive = ("tar", "--directory", str(root), "--create", ".")
    with subprocess.Popen(archive, env=environment(), stdout=subprocess.PIPE) as tar:
        argv = ("docker", "--host", docker.host, "import", "-", name)
        subprocess.run(argv, env=environment(), stdin=tar.stdout, check=True, timeout=240)


def _mirror(release: str) -> str:
    """Return where this machine's apt has a release from."""
    listed = output(("apt-get", "indextargets", "--format", PACKAGES, "Created-By: Packages"))
    for line in listed.splitlines():
        found, component, uri = line.split()
        if (found, component) == (release, "main"):
            return uri
    raise LabError(f"apt has no main of {release}:\n{listed}")
