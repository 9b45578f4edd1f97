"""The programs a class types, minikube and kubectl, and what they need beside them."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.catalog.versions import minor
from mirrorkit.classroom.doctor.program import printed
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.classroom.setup import setup_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.classroom.words import Say

_SECONDS: Final = 15.0
_VERSION: Final = re.compile(r"v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9A-Za-z.]+)?", re.ASCII)
_SKEW: Final = 1
"""Minor versions that kubectl may be apart from the cluster (Kubernetes' version skew policy)."""
_NO_DOCKERSHIM: Final = (1, 24)
_WANTS_CRICTL: Final = "v1.30.0"
_KUBEADM_MADE: Final = Path("/etc/kubernetes/manifests/kube-apiserver.yaml")


class Tools(NamedTuple):
    """What is installed here."""

    minikube: str | None = None
    """Its version; None where there is none, or it does not say."""
    kubectl: str | None = None
    kubectl_path: str = ""
    programs: frozenset[str] = frozenset()
    """Which of the programs that driver none needs are here."""
    is_kubeadm_node: bool = False


_NONE_NEEDS: Final = ("conntrack", "cri-dockerd", "crictl")


async def read_tools() -> Tools:
    """Ask the programs on PATH for their versions; nothing is written or fetched."""
    # minikube makes its folders before it answers anything: not in this one's home.
    with tempfile.TemporaryDirectory(prefix="mirrorkit-") as home:
        asked = {"MINIKUBE_HOME": home, "MINIKUBE_IN_STYLE": "false"}
        minikube, kubectl = await asyncio.gather(
            _version("minikube", "version", environment=asked),
            _version("kubectl", "version", "--client", "-o", "json"),
        )
    return Tools(
        minikube,
        kubectl,
        shutil.which("kubectl") or "",
        frozenset(name for name in _NONE_NEEDS if shutil.which(name)),
        _KUBEADM_MADE.exists(),
    )


async def _version(*argv: str, environment: dict[str, str] | None = None) -> str | None:
    found = await printed(*argv, seconds=_SECONDS, environment=environment)
    version = _VERSION.search(found.text) if found is not None else None
    return version[0] if version else None


def tool_findings(
    tools: Tools, start: Start, mirror: str, say: Say, of_class: str | None = None
) -> Iterator[Finding]:
    """Hold what is installed against what the class starts.

    `of_class` is the class's minikube where the start looked at is another's.
    """
    yield _minikube(tools, of_class or start.release.version, mirror, say)
    yield _kubectl(tools, start, say)
    if start.driver == "none":
        yield from _none_driver(tools, start, say)
    if tools.is_kubeadm_node:
        sentence = say(
            "this machine is a node that kubeadm made; minikube with a container goes beside it,"
            " but a lesson means one or the other: look which one kubectl asks"
        )
        yield Finding(State.WARN, "KUBEADM", sentence, "kubectl config get-contexts")


def _minikube(tools: Tools, wanted: str, mirror: str, say: Say) -> Finding:
    if tools.minikube == wanted:
        return Finding(State.OK, "MINIKUBE", say("minikube is {here}", here=wanted))
    get = setup_line(mirror)
    if tools.minikube is None:
        sentence = say("no minikube here; setup brings {wanted}", wanted=wanted)
        return Finding(State.WARN, "MINIKUBE", sentence, get)
    sentence = say(
        "minikube here is {here}, the class's is {wanted}: another release wants another kicbase,"
        " which the mirror need not have; setup leaves this one alone and uses its own",
        here=tools.minikube,
        wanted=wanted,
    )
    return Finding(State.FAIL, "MINIKUBE", sentence, get)


def _kubectl(tools: Tools, start: Start, say: Say) -> Finding:
    wanted = start.kubernetes
    if tools.kubectl is None:
        sentence = say("no kubectl here; minikube has its own: minikube kubectl -- get pods")
        return Finding(State.OK, "KUBECTL", sentence)
    (_, here), (_, there) = minor(tools.kubectl), minor(wanted)
    if abs(here - there) <= _SKEW:
        return Finding(State.OK, "KUBECTL", say("kubectl is {here}", here=tools.kubectl))
    sentence = say(
        "`kubectl` here is {path}, {here}, too far from the cluster's {wanted}: an alias for"
        " `minikube kubectl --` helps at the prompt, but scripts and sudo run this one all the"
        " same",
        path=tools.kubectl_path,
        here=tools.kubectl,
        wanted=wanted,
    )
    return Finding(State.WARN, "KUBECTL", sentence, "minikube kubectl -- version")


def _none_driver(tools: Tools, start: Start, say: Say) -> Iterator[Finding]:
    """Name what driver none needs on the host (facts/minikube.md §7)."""
    needed = ["conntrack"]
    if start.runtime == "docker" and minor(start.kubernetes) >= _NO_DOCKERSHIM:
        needed.append("cri-dockerd")
    if minor(start.release.version) >= minor(_WANTS_CRICTL):
        needed.append("crictl")
    missing = [name for name in needed if name not in tools.programs]
    if not missing:
        yield Finding(State.OK, "NONE", say("what driver none needs is here"))
    for name in missing:
        sentence = say(
            "driver none needs {name} on this machine with Kubernetes {wanted}, and it is not"
            " here; driver docker needs none of it",
            name=name,
            wanted=start.kubernetes,
        )
        yield Finding(State.FAIL, "NONE", sentence, "mirrorkit doctor --driver docker")
