"""Which images a class needs: a minikube room or a kubeadm room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.catalog import data
from mirrorkit.catalog.images import Image, made, merged, spelled
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.releases import Release, addon_images, listed_kubernetes, release
from mirrorkit.catalog.versions import at, minor
from mirrorkit.errors import UsageError
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD, Reference
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUNTIMES: Final = ("docker", "containerd", "cri-o")
NETWORKS: Final = ("auto", "bridge", "calico", "cilium", "false", "flannel", "kindnet")
"""What `minikube start --cni` may name; `bridge` and `false` need no image."""

_COMPONENTS: Final = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
)
_NO_DOCKERSHIM: Final = (1, 24)
"""From this Kubernetes on cri-dockerd stands between kubelet and Docker."""
_CRI_DOCKERD_PAUSE: Final = Reference(KUBERNETES_OLD, "pause", "3.6")
RELAY: Final = Reference("docker.io", "library/nginx", "1.22-alpine")
"""What leads a student's clusters to the mirror: of the published nginx images the smallest. Its
branch has ended, so the tag rests, and the course has it anyway."""


def images_for(  # noqa: PLR0913 - each is a choice of the class
    minikube: str,
    kubernetes: str | None = None,
    *,
    runtime: str = "docker",
    nodes: int = 1,
    addons: Iterable[str] = (),
    cni: str = "auto",
) -> tuple[Image, ...]:
    """Return what a class on minikube's docker driver needs, in the order it is needed.

    Without `kubernetes` it is the release's default. UsageError for a version, runtime, network
    or addon that is not listed.
    """
    chosen = release(minikube)
    version = listed_kubernetes(kubernetes or chosen.default_kubernetes, chosen.version)
    checked(runtime, RUNTIMES, "container runtime")
    return merged(
        [
            *_machine(chosen),
            # No digest: where a registry answers, its tag decides.
            Image(RELAY, None, needed_by=("relay",)),
            *control_plane(version),
            *_pause_of_cri_dockerd(chosen, version, runtime),
            *_network(chosen, network_of(checked(cni, NETWORKS, "network"), runtime, nodes)),
            *(image for name in addons for image in _addon(chosen, name, f"addon {name}")),
        ]
    )


def kubeadm_room(kubernetes: str, cni: str | None = None) -> tuple[Image, ...]:
    """Return what a room of kubeadm machines needs.

    flannel and calico are those of the course's manifests; the images of any other manifest
    belong into images.yaml.
    """
    version = listed_kubernetes(kubernetes)
    networks = data.kubernetes().networks
    names = networks[checked(cni, tuple(networks), "network")] if cni else ()
    network = (made(Reference.parse(name), f"cni {cni}") for name in names)
    return merged([*control_plane(version), *network])


def checked(word: str, listed: tuple[str, ...], what: str) -> str:
    """Return a word that is listed; UsageError for any other."""
    if word not in listed:
        hint = Sentence("one of {words}", words=", ".join(listed))
        raise UsageError(Sentence("{word!r} is no {what}", word=word[:60], what=what), hint=hint)
    return word


def network_of(cni: str, runtime: str, nodes: int) -> str:
    """Return what minikube chooses for `auto` with the docker driver (minikube.md §1.3).

    One node with Docker needs no image: nothing up to v1.28.0, then a bridge from Kubernetes 1.24.
    """
    if nodes < 1:
        raise UsageError(f"a class has no {nodes} nodes", hint="--nodes is 1 or more")
    if cni != "auto":
        return cni
    return "kindnet" if nodes > 1 or runtime != "docker" else "bridge"


def built_in(kubernetes: str) -> dict[str, str]:
    """Return the tags of etcd, coredns and pause that a listed version has built in."""
    row = data.kubernetes().versions[kubernetes]
    return {"etcd": row.etcd, "coredns": row.coredns.partition(":")[2], "pause": row.pause}


def control_plane(kubernetes: str) -> Iterator[Image]:
    """Yield what kubeadm of a listed version pulls."""
    row = data.kubernetes().versions[kubernetes]
    components = [f"{name}:{kubernetes}" for name in _COMPONENTS]
    for text in (*components, f"pause:{row.pause}", f"etcd:{row.etcd}", row.coredns):
        name = Reference.parse(f"{KUBERNETES}/{text}")
        yield made(
            name,
            f"kubernetes {kubernetes}",
            also=[name.on(KUBERNETES_OLD)] if row.k8s_gcr_io else [],
            below=_flat_and_nested(name.repository),
        )


def _flat_and_nested(repository: str) -> tuple[str, ...]:
    """Spell coredns both ways: kubeadm asks for `coredns`, minikube for `coredns/coredns`."""
    return tuple(dict.fromkeys((repository.rpartition("/")[2], repository)))


def _machine(chosen: Release) -> Iterator[Image]:
    """Yield what every start of a release wants, whatever the Kubernetes."""
    needed_by = f"minikube {chosen.version}"
    for name, also in ((chosen.kicbase, chosen.kicbase_also), (chosen.storage_provisioner, ())):
        yield made(name, needed_by, also=also, below=(name.repository,))
    for addon in chosen.cached_addons:
        yield from _addon(chosen, addon, needed_by)


def _pause_of_cri_dockerd(chosen: Release, kubernetes: str, runtime: str) -> Iterator[Image]:
    """Yield the pause image that cri-dockerd asks for when nobody tells it another (#14624)."""
    told = Quirk.CRI_DOCKERD_GETS_PAUSE_IMAGE in chosen.quirks
    if runtime == "docker" and minor(kubernetes) >= _NO_DOCKERSHIM and not told:
        yield made(_CRI_DOCKERD_PAUSE, f"minikube {chosen.version}", below=("pause",))


def _network(chosen: Release, network: str) -> Iterator[Image]:
    """Yield a network's images; which of them follow `--image-repository`: minikube.md §1.3."""
    table = data.minikube().networks.get("kindnetd" if network == "kindnet" else network, {})
    flattened = network == "kindnet" or (
        network == "calico" and Quirk.CALICO_FOLLOWS_IMAGE_REPOSITORY in chosen.quirks
    )
    for name in map(Reference.parse, at(table, chosen.version) or ()):
        below = (name.repository.rpartition("/")[2],) if flattened else ()
        yield made(name, f"cni {network}", below=below)


def _addon(chosen: Release, addon: str, needed_by: str) -> Iterator[Image]:
    """Yield an addon's images; below `--image-repository` minikube puts {image} as it stands.

    Up to v1.26.1 a host stands inside some: `k8s.gcr.io/ingress-nginx/…`.
    """
    for image in addon_images(addon, chosen.version).values():
        path = image.image.partition("@")[0]
        below = () if image.literal else (path.partition(":")[0],)
        yield made(spelled(image), needed_by, below=below)
