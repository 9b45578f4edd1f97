"""The operator's sources and their order, as `mirrorkit.yaml` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.documents.sources import EVERY, UPSTREAM, Sources, own_profile, source_name
from mirrorkit.documents.yaml import each, required, values
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD, canonical_host, is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.documents.sources import Profile
    from mirrorkit.documents.yaml import Field

_SOURCE_KEYS: Final = frozenset({"repository", "registries"})


def registry_host(text: str) -> str:
    """Take a registry's host, in its one spelling."""
    if not is_host(text):
        raise ValueError(f"{text[:80]!r} is not a registry's host")
    return canonical_host(text)


def read_sources(sources: Field | None, order: Field | None) -> Sources:
    """Read both keys; what is wrong is noted with its place."""
    own = _own(sources)
    return Sources(own, _order(order, Sources(own).names))


def _own(field: Field | None) -> dict[str, Profile]:
    own: dict[str, Profile] = {}
    for name, entry in field.keys_parsed(_own_name) if field else ():
        profile = _profile(name or "", entry)
        if name is not None and profile is not None:
            own[name] = profile
    return own


def _profile(name: str, entry: Field) -> Profile | None:
    fields = entry.mapping(known=_SOURCE_KEYS)
    registries = _registries(fields.get("registries"))
    return required(entry, fields, "repository", lambda text: own_profile(name, text, registries))


def _own_name(text: str) -> str:
    if text == UPSTREAM:
        raise ValueError(f"{UPSTREAM} is what images are named after; take another name")
    return source_name(text)


def _registries(field: Field | None) -> frozenset[str] | None:
    if field is None:
        return None
    found = values(each(field, lambda item: item.parsed(_canonical_registry)))
    if not found:
        field.wrong("name at least one registry, or leave the key out for any")
    return frozenset(found)


def _order(field: Field | None, known: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    def a_source(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text[:60]!r} is no source; known are {', '.join(known)}")
        return text

    order: dict[str, tuple[str, ...]] = {}
    for registry, entry in field.keys_parsed(_registry_or_every) if field else ():
        names = values(each(entry, lambda item: item.parsed(a_source)))
        if not names:
            entry.wrong("name at least one source")
        if registry in order:
            entry.wrong_key(f"{registry} stands twice")
        elif registry is not None:
            order[registry] = tuple(dict.fromkeys(names))
    return order


def _registry_or_every(text: str) -> str:
    return text if text == EVERY else _canonical_registry(text)


def _canonical_registry(text: str) -> str:
    """Take a registry by the name that images are kept by: k8s.gcr.io is registry.k8s.io."""
    host = registry_host(text)
    return KUBERNETES if host == KUBERNETES_OLD else host
