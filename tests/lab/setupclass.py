"""A class for setup.sh: a mirror on the teacher's machine, with a stand-in for minikube."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.layers import random_layer
from tests.lab.process import LabError, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engines import Docker
    from tests.lab.product import Product
    from tests.lab.room import Host

KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
MINIKUBE = "minikube/v1.25.2/minikube-linux-amd64"
KUBECTL = "k8s-release/v1.23.3/bin/linux/amd64/kubectl"
PRELOAD = "preloaded-images-k8s-v17-v1.23.3-docker-overlay2-amd64.tar.lz4"
STAND_IN = rb"""#!/bin/sh
case $1 in version) echo "minikube version: v1.25.2"; exit ;; esac
{ env | sed -n 's/^MINIKUBE_/& /p'; echo "$0 $*"; } >>/tmp/minikube.log
profile=minikube
for word; do case $word in --profile=*) profile=${word#*=} ;; esac; done
case "$1 $2" in "delete --profile") profile=$3 ;; esac
folder=$HOME/.minikube/profiles/$profile
case $1 in
start)
    mkdir -p "$folder"
    printf '{\n\t"ImageRepository": "%s",\n\t"KubernetesVersion": "v1.23.3"\n}\n' \
        "${MINIKUBE_IMAGE_REPOSITORY:-}" >"$folder/config.json" ;;
delete) rm -rf "$folder" && rmdir "$HOME/.minikube/profiles" ;;
esac
exit
"""
PADDING = 24 * 2**20
FILES = {
    MINIKUBE: STAND_IN + random_layer("padding", PADDING).data,
    KUBECTL: b"#!/bin/sh\necho Client Version: v1.23.3\n",
    f"minikube/preload/{PRELOAD}": b"made-up preload",
}


@dataclass(frozen=True, slots=True)
class Class:
    """A mirror on one machine, and a Docker on the other, where the students sit."""

    mirror: Product
    teacher: Host
    student: Host
    engine: Docker | None
    files: dict[str, bytes]
    port: int = 5080

    @property
    def docker(self) -> Docker:
        """The students' Docker; LabError where this class has none."""
        if self.engine is None:
            raise LabError("no Docker here")
        return self.engine

    @property
    def address(self) -> str:
        return f"{self.teacher.address}:{self.port}"

    @property
    def log(self) -> str:
        """What was asked, a request a line."""
        return (self.mirror.folder / "serve.log").read_text()

    def seats(self) -> list[dict[str, object]]:
        """Return who has reported since the mirror was started."""
        said = self.teacher.run("curl", "-fsS", f"http://{self.address}/api/v1/seats")
        found: list[dict[str, object]] = json.loads(said)["seats"]
        return found

    @contextmanager
    def serving(self) -> Iterator[int]:
        words = ("--listen", self.address, "--access-log", "plain")
        argv = (*self.teacher.prefix, *self.mirror.command("serve", *words))
        log = self.mirror.folder / "serve.log"
        with running(argv, log=log, ready=self._answers) as process:
            yield process.pid

    def _answers(self) -> bool:
        with suppress(LabError):
            return bool(self.teacher.run("curl", "-fsS", f"http://{self.address}/livez"))
        return False
