"""Docker's static binaries, played by this machine's own in the layout of their archive."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

ARCHIVE = "docker/docker-20.10.24.tgz"
PROGRAMS = (
    *("containerd", "containerd-shim-runc-v2", "ctr", "docker", "docker-init"),
    *("docker-proxy", "dockerd", "runc"),
)
LIBRARIES = ("iptables", "libdevmapper1.02.1", "libseccomp2", "libudev1", "libselinux1")
"""What Debian's programs want and static ones have in them; iptables they all want."""


def there(name: str) -> Path:
    """Return where this machine has a program."""
    found = shutil.which(name)
    assert found, name
    return Path(found).resolve()


def static_archive() -> bytes:
    """Pack this machine's Docker as download.docker.com does."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as archive:
        for name in PROGRAMS:
            archive.add(there(name), f"docker/{name}")
    return made.getvalue()
