"""A node like kicbase: a privileged container in which systemd, Docker and containerd run."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.debian import debian_archive
from tests.lab.process import LabError, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engines import Docker

IMAGE = "lab/kicbase"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "docker.io", "containerd", "iptables")
NETWORK = ("--subnet", "192.168.49.0/24", "--gateway", "192.168.49.1", "minikube")
LABEL = "created_by.minikube.sigs.k8s.io=true"
# What minikube does for each runtime, in so many words (facts/minikube.md §5).
DOCKER = """
mkdir -p /etc/systemd/system/docker.service.d
cat >/etc/systemd/system/docker.service.d/10-lab.conf <<END
[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// --insecure-registry 10.96.0.0/12 --insecure-registry {mirror}
END
systemctl daemon-reload
systemctl restart docker
"""
CONTAINERD = """
systemctl disable --now docker.socket docker
systemctl mask docker
systemctl restart containerd
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that runs."""

    docker: Docker
    name: str

    def __call__(self, script: str) -> str:
        """Run a shell script in it and return what it printed."""
        return self.docker("exec", self.name, "sh", "-ec", script)


@contextmanager
def kicbase(docker: Docker, mirror: str, *, name: str, runtime: str) -> Iterator[Node]:
    """Run a node of a profile as minikube leaves it, while the block lasts."""
    with suppress(LabError):
        docker("network", "create", *NETWORK)
    if not docker("images", "--quiet", IMAGE):
        docker(
            "import", "--change", 'ENTRYPOINT ["/sbin/init"]', str(debian_archive(PACKAGES)), IMAGE
        )
    where = ("--network", "minikube", "--tmpfs", "/tmp", "--tmpfs", "/run", "--volume", "/var")
    docker("run", "--detach", "--privileged", *where, "--label", LABEL, "--name", name, IMAGE)
    node = Node(docker, name)
    try:
        wait_until(lambda: _is_up(node), 60, f"{name}: systemd")
        node((DOCKER if runtime == "docker" else CONTAINERD).format(mirror=mirror))
        yield node
    finally:
        docker("rm", "--force", "--volumes", name)


def _is_up(node: Node) -> bool:
    with suppress(LabError):
        return "containerd" in node(
            "systemctl is-active containerd docker >/dev/null && echo containerd"
        )
    return False
