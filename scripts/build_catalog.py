"""Build the catalog's data from a folder of facts, or check that it still follows from them.

python scripts/build_catalog.py FACTS_DIR           writes mirrorkit/catalog/data/*.json
python scripts/build_catalog.py --check FACTS_DIR   writes nothing; ends with 1 where they differ,
                                                    or where the catalog answers otherwise

What decides where two tables of the facts disagree stands in catalog_facts.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mirrorkit.catalog.versions import ordered
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference
from scripts.catalog_answers import complaints
from scripts.catalog_facts import (
    DASHBOARD_CACHED,
    DEFAULT_MEMORY,
    HAPROXY,
    KUBEADM_NETWORKS,
    URLS,
    Facts,
    FactsError,
    Pins,
    check_addresses,
    check_kicbase,
    check_minor_tables,
    check_pinned,
    name_of,
    read,
    reference_of,
    refuse_shared,
)

DATA = Path(__file__).resolve().parent.parent / "mirrorkit" / "catalog" / "data"


def build(facts: Facts) -> dict[str, str]:
    """Return the text of each data file."""
    minikube = _minikube(facts)
    pins = _pins(minikube)
    check_kicbase(facts["kicbase-by-minikube.yaml"], minikube["releases"])
    check_pinned(facts["minikube-addon-images.yaml"], pins)
    values = {
        "minikube.json": minikube,
        "kubernetes.json": _kubernetes(facts["kubeadm-images.json"], minikube["releases"]),
        "images.json": _images(facts["images.yaml"], pins),
        "binaries.json": _binaries(facts, minikube["releases"]),
    }
    return {name: json.dumps(value, indent=1) + "\n" for name, value in values.items()}


def since(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the releases where a value changes; what is None from the start needs no word."""
    kept: dict[str, Any] = {}
    last: Any = None
    for release, value in values.items():
        if value != last:
            kept[release] = last = value
    return kept


def _minikube(facts: Facts) -> dict[str, Any]:
    table = facts["minikube-releases.json"]
    rows: dict[str, Any] = {name: table[name] for name in ordered(_versions(table))}

    def each(value: Callable[[Any], Any], names: Iterable[str]) -> dict[str, Any]:
        found = {name: since({r: value(row)(name) for r, row in rows.items()}) for name in names}
        return {name: found[name] for name in sorted(found)}

    addons = {name for row in rows.values() for name in row["addons"]}
    quirks = {name for row in rows.values() for name in row["quirks"]}
    flags = {name for row in rows.values() for name in row["start_flags"]}
    networks = ("kindnetd", "calico", "flannel", "cilium")
    return {
        "releases": {name: _release(row) for name, row in rows.items()},
        "limits": since({name: _limits(row["limits"]) for name, row in rows.items()}),
        "default_memory_mib": DEFAULT_MEMORY,
        "cached_addons": DASHBOARD_CACHED,
        "quirks": each(lambda row: row["quirks"].get, quirks),
        "networks": each(lambda row: lambda name: _listed(row["cni"].get(name)), networks),
        "addons": each(lambda row: lambda name: _addon(name, row["addons"].get(name)), addons),
        "flags": each(lambda row: lambda name: name in row["start_flags"] or None, flags),
    }


def _versions(table: Iterable[str]) -> list[str]:
    """Leave out HEAD, which is no release, and the tables' own notes."""
    return [name for name in table if name.startswith("v")]


def _release(row: Any) -> dict[str, Any]:
    kicbase, preload = row["kicbase"], row["preload"]
    elsewhere = [Reference.parse(f"{name}:{kicbase['tag']}") for name in kicbase["repositories"]]
    urls = [preload[source] for source in preload.get("auto_order", ["gcs"])]
    return {
        "released": row["released"],
        "kicbase": kicbase["base_image"],
        "kicbase_also": [str(name) for name in elsewhere[1:]],
        "default_kubernetes": row["default_kubernetes"],
        "oldest_kubernetes": row["oldest_kubernetes"],
        "newest_kubernetes": row["newest_kubernetes"],
        "storage_provisioner": row["storage_provisioner"],
        "preload": [url.replace("{name}", preload["name"]) for url in urls],
        "iso": row["iso"],
    }


def _limits(row: Mapping[str, Any]) -> dict[str, int]:
    return {
        "cpus": row["min_cpus"],
        "memory_mib": row["min_usable_mem_mib"],
        "recommended_memory_mib": row["min_recommended_mem_mib"],
        "disk_mb": row["min_disk_mb"],
        "default_disk_mb": int(row["default_disk"].removesuffix("mb")),
    }


def _listed(value: str | list[str] | None) -> list[str] | None:
    return [value] if isinstance(value, str) else value


def _addon(name: str, row: Any) -> dict[str, Any] | None:
    """Keep of each image what minikube joins: {{registry}}/{{image}}."""
    if row is None:
        return None
    images = {
        key: {"image": image["image"]} | ({"registry": at} if (at := image["registry"]) else {})
        for key, image in row["images"].items()
    }
    for key, image in row["images"].items():
        spelled = _spelled(images[key])
        if Reference.parse(spelled) != Reference.parse(image["default"]):
            raise FactsError(f"addon {name}: {spelled} is not {image['default']}")
    # The addon's own table of images lacks what its manifest names literally; the manifest is
    # what the node pulls by, and wins.
    return images | ({"haproxy": HAPROXY} if name == "auto-pause" else {})


def _spelled(image: Mapping[str, Any]) -> str:
    return "/".join(filter(None, (image.get("registry"), image["image"])))


def _pins(minikube: Mapping[str, Any]) -> Pins:
    pins: Pins = {}
    texts = [row["kicbase"] for row in minikube["releases"].values()]
    for changes in minikube["addons"].values():
        for images in filter(None, changes.values()):
            texts.extend(map(_spelled, images.values()))
    for reference in map(Reference.parse, texts):
        if reference.digest:
            pins.setdefault(name_of(reference), set()).add(str(reference.digest))
    return pins


def _kubernetes(table: Any, releases: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the exact tags of each version; kubeadm of that version has them built in."""
    rows = table["versions"]
    stable = ordered(name for name in rows if "-" not in name)
    check_minor_tables(table["_about"]["minor_only_tables_of_old_releases"], rows, releases)
    return {
        "versions": {name: _version(rows[name]) for name in stable},
        "networks": KUBEADM_NETWORKS,
    }


def _version(row: Any) -> dict[str, Any]:
    first = row["first_minikube_release_listing_it"]
    return {
        "coredns": f"{row['coredns_upstream_name']}:{row['coredns']}",
        "etcd": row["etcd"],
        "pause": row["pause"],
        "minikube": None if first == "HEAD" else first,
        "k8s_gcr_io": row["images_k8s_gcr_io"] is not None,
    }


def _images(rows: Iterable[Any], pins: Pins) -> dict[str, Any]:
    """Keep what is published of every image, unless a release's own pin says all of it already."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        name = name_of(reference_of(row))
        pinned = pins.get(name)
        if pinned and row["digest"] not in pinned:
            raise FactsError(f"{name}@{row['digest']} is pinned nowhere")
        if pinned and not row.get("platforms"):
            continue
        kept.setdefault(name, []).append(_published(row))
    for name, found in kept.items():
        if len(found) > 1 and not all(one.get("moving") for one in found):
            raise FactsError(f"{name} has two digests and is said not to move")
    return {name: sorted(kept[name], key=lambda one: str(one["digest"])) for name in sorted(kept)}


def _published(row: Any) -> dict[str, Any]:
    children = {
        child["platform"]: {key: child[key] for key in ("digest", "size") if key in child}
        for child in row.get("platforms", ())
    }
    found = {"digest": str(Digest(row["digest"])), "presets": row["presets"]}
    optional = {"platforms": children, "moving": row.get("moving_tag", False)}
    return found | {key: value for key, value in optional.items() if value}


def _binaries(facts: Facts, releases: Mapping[str, Any]) -> dict[str, Any]:
    rows = facts["binaries-all.yaml"]
    hashes = refuse_shared([*rows, *facts["binaries.yaml"]])
    check_addresses(rows)
    minikube: dict[str, dict[str, str]] = {name: {} for name in releases}
    kubernetes: dict[str, dict[str, dict[str, str]]] = {}
    listed = {name for name in facts["kubeadm-images.json"]["versions"] if "-" not in name}
    for (name, version, platform), sha256 in sorted(hashes.items()):
        if name == "minikube" and version in minikube:
            minikube[version][platform] = sha256
        elif name != "minikube" and version in listed:
            kubernetes.setdefault(version, {}).setdefault(platform, {})[name] = sha256
    return {
        "urls": URLS,
        "minikube": minikube,
        "kubernetes": {version: kubernetes[version] for version in ordered(kubernetes)},
    }


def main(arguments: list[str]) -> int:
    """Write the data, or say which of it no longer follows from the facts."""
    parser = argparse.ArgumentParser(description="Build the catalog's data from facts.")
    parser.add_argument("facts", type=Path, metavar="FACTS_DIR")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    facts = read(options.facts)
    try:
        texts = build(facts)
    except FactsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    stale = [name for name, text in texts.items() if not _holds(DATA / name, text)]
    if options.check:
        wrong = [f"{name} does not follow from the facts" for name in stale]
        return _tell(wrong or list(complaints(facts, options.facts)))
    for name in stale:
        (DATA / name).write_text(texts[name], "utf-8")
    return 0


def _tell(wrong: list[str]) -> int:
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
