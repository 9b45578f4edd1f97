"""The facts the catalog is built from: their tables, and what decides where two disagree.

Each rule stands here with its reason. Any other disagreement is an error, for then nobody has
decided yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mirrorkit.catalog.versions import rank
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference

# JSON where a table has it; the YAML ones are lists of rows.
TABLES = (
    "minikube-releases.json",
    "kubeadm-images.json",
    "images.yaml",
    "minikube-addon-images.yaml",
    "kicbase-by-minikube.yaml",
    "binaries.yaml",
    "binaries-all.yaml",
)
# kicbase-by-minikube.yaml gives every release the usual repository. v1.30.0 was tagged with the
# one of development builds; minikube-releases.json read both from that tag's own source, and wins.
KICBASE_ELSEWHERE = ("v1.30.0",)
# What only the prose of the facts says, each with its place there.
HAPROXY = {"image": "haproxy:2.3.5-alpine", "literal": True}  # minikube.md §1.3, auto-pause
DASHBOARD_CACHED = {"v1.23.0": ["dashboard"], "v1.26.0": []}  # §9 (#13911) and §13
DEFAULT_MEMORY = {"v1.23.0": [2200, 6000], "v1.37.0": [3072, 6144]}  # §7: floor and ceiling, MiB
KUBEADM_NETWORKS = {  # course.md, images by chapter
    "calico": [
        "docker.io/calico/cni:v3.23.1",
        "docker.io/calico/kube-controllers:v3.23.1",
        "docker.io/calico/node:v3.23.1",
    ],
    "flannel": [
        "docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.0.1",
        "docker.io/rancher/mirrored-flannelcni-flannel:v0.17.0",
    ],
}
URLS = {  # minikube.md §3.1; check_addresses holds the first of each against the tables
    "kubernetes": [
        "https://dl.k8s.io/release/{version}/bin/{platform}/{name}",
        "https://storage.googleapis.com/kubernetes-release/release/{version}/bin/{platform}/{name}",
        "https://kubernetes.oss-cn-hangzhou.aliyuncs.com/kubernetes-release/release/{version}/bin/{platform}/{name}",
    ],
    "minikube": [
        "https://github.com/kubernetes/minikube/releases/download/{version}/{name}",
        "https://storage.googleapis.com/minikube/releases/{version}/{name}",
    ],
}

Facts = Mapping[str, Any]
Pins = dict[str, set[str]]
"""By canonical name, the digests that releases pin it by."""


class FactsError(Exception):
    """Two tables disagree and no rule decides, or one of them cannot be right."""


def read(folder: Path) -> Facts:
    """Read every table that the catalog is made of."""
    return {name: _parse((folder / name).read_text("utf-8"), name) for name in TABLES}


def _parse(text: str, name: str) -> Any:
    return json.loads(text) if name.endswith(".json") else yaml.load(text, yaml.CSafeLoader)


def reference_of(row: Any) -> Reference:
    """Read a row's name; with its digest, for without a tag it would mean `latest`."""
    return Reference.parse(f"{row['ref']}@{row['digest']}")


def name_of(reference: Reference) -> str:
    """Return the canonical name, with its tag."""
    return str(reference.canonical).partition("@")[0]


def check_kicbase(rows: Iterable[Any], releases: Mapping[str, Any]) -> None:
    """Hold each release's kicbase against the table of kicbases."""
    for row in rows:
        if (release := releases.get(row["minikube"])) is None:
            continue
        name, _, digest = release["kicbase"].partition("@")
        named = row["ref"] == name or row["minikube"] in KICBASE_ELSEWHERE
        if not named or row["digest"] != digest:
            raise FactsError(f"kicbase of {row['minikube']}: {row['ref']}@{row['digest']}?")


def check_pinned(rows: Iterable[Any], pins: Pins) -> None:
    """Each addon image of the shorter table must be one that its release pins."""
    for row in rows:
        if row["digest"] not in pins.get(name_of(reference_of(row)), ()):
            raise FactsError(f"{row['addon']}: {row['ref']}@{row['digest']} is pinned nowhere")


def check_minor_tables(
    tables: Mapping[str, Any], rows: Mapping[str, Any], releases: Mapping[str, Any]
) -> None:
    """See that old releases' tables, one row a minor, differ from the exact ones in etcd alone.

    There the exact ones win: minikube only caches what its table says, and goes on without; what
    kubeadm pulls must be there (minikube.md §3.4, §5). Another pause would be another matter, for
    minikube writes that into the node.
    """
    for release, table in tables.items():
        newest = rank(releases[release]["newest_kubernetes"])[:2]
        for version, row in rows.items():
            minor = table.get(version.rpartition(".")[0])
            if "-" in version or minor is None or rank(version)[:2] > newest:
                continue
            coredns = minor.get(row["coredns_upstream_name"])
            if (minor["pause"], coredns) != (row["pause"], row["coredns"]):
                raise FactsError(f"minikube {release} and kubeadm {version} know other images")


def check_addresses(rows: Iterable[Any]) -> None:
    """Hold every file's address against the pattern that stands for all of them."""
    for row in rows:
        suffix = ".exe" if row["os"] == "windows" else ""
        kind = "minikube" if row["name"] == "minikube" else "kubernetes"
        long = f"{row['name']}-{row['os']}-{row['arch']}{suffix}"
        url = URLS[kind][0].format(
            version=row["version"],
            platform=f"{row['os']}/{row['arch']}",
            name=long if kind == "minikube" else row["name"],
        )
        if url != row["url"]:
            raise FactsError(f"{row['url']} is not {url}")


def refuse_shared(rows: Iterable[Any]) -> dict[tuple[str, str, str], str]:
    """Return each file's hash; one hash for two files is the sign of a wrongly copied table."""
    hashes: dict[tuple[str, str, str], str] = {}
    owners: dict[str, tuple[str, str, str]] = {}
    for row in rows:
        file = row["name"], row["version"], f"{row['os']}/{row['arch']}"
        sha256 = Digest(f"sha256:{row['sha256']}").hex
        if hashes.setdefault(file, sha256) != sha256:
            raise FactsError(f"two hashes for {' '.join(file)}")
        if owners.setdefault(sha256, file) != file:
            raise FactsError(f"{' '.join(file)} has the hash of {' '.join(owners[sha256])}")
    return hashes
