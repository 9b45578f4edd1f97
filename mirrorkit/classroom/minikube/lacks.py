"""What a lock lacks of a start's images, and what images.yaml must say for it to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.releases import kubernetes_versions
from mirrorkit.classroom.minikube.wanted import images_of
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock

_NAMED: Final = 3


def lacks(start: Start, lock: Lock) -> Iterator[Sentence]:
    """Say what the lock lacks of a start's images, and which keys of images.yaml it wants."""
    held = {name.canonical for image in lock.images for name in (image.name, *image.also)}
    images = [image for image in images_of(start) if image.name not in held]
    if not images:
        return
    more = f" … (+{len(images) - _NAMED})" if len(images) > _NAMED else ""
    names = ", ".join(str(image.name) for image in images[:_NAMED]) + more
    needs = dict.fromkeys(image.needed_by[0] for image in images)
    keys = ", ".join(f"`{key}`" for key in _keys(needs, start, lock))
    if keys:
        yield Sentence(
            "the lock lacks {names}, which this start asks for: it was made for a class"
            " without {keys}; say that in images.yaml, then run `mirrorkit lock` and"
            " `mirrorkit sync`",
            names=names,
            keys=keys,
        )
    else:
        yield Sentence(
            "the lock lacks {names}, which this start asks for: run `mirrorkit lock` and"
            " `mirrorkit sync`",
            names=names,
        )


def _keys(needs: Iterable[str], start: Start, lock: Lock) -> Iterator[str]:
    """Yield keys of images.yaml with their values, of a list with what the class has already."""
    release, wants = start.release.version, _by_kind(needs)
    had = _by_kind(need for image in lock.images for need in image.needed_by)
    if "minikube" in wants and release not in had.get("minikube", ()):
        yield f"minikube: {release}"
    elif "minikube" in wants and "kubernetes" not in wants:  # the pause image of cri-dockerd
        yield f"runtime: {start.runtime}"
    if "kubernetes" in wants:
        listed = kubernetes_versions(release)
        before = [one for one in had.get("kubernetes", ()) if one in listed]
        yield _list("kubernetes", before, [start.kubernetes])
    if "cni" in wants:
        yield _network(start)
    if "addon" in wants:
        yield _list("addons", had.get("addon", ()), wants["addon"])


def _by_kind(needs: Iterable[str]) -> dict[str, list[str]]:
    """Sort needs as `addon ingress` by their first word."""
    found: dict[str, list[str]] = {}
    for kind, _, name in (need.partition(" ") for need in dict.fromkeys(needs)):
        found.setdefault(kind, []).append(name)
    return found


def _network(start: Start) -> str:
    """Return what makes minikube choose the network (minikube.md §1.3)."""
    if start.cni != "auto":
        return f"cni: {start.cni}"
    return f"nodes: {start.nodes}" if start.nodes > 1 else f"runtime: {start.runtime}"


def _list(key: str, had: Iterable[str], more: Iterable[str]) -> str:
    return f"{key}: [{', '.join(dict.fromkeys((*had, *more)))}]"
