"""The script that builds the catalog's data refuses facts that cannot all be right."""

from __future__ import annotations

import pytest

from scripts.build_catalog import since
from scripts.catalog_facts import (
    FactsError,
    check_addresses,
    check_kicbase,
    check_minor_tables,
    check_pinned,
    refuse_shared,
)

ONE, TWO = "1" * 64, "2" * 64


def file(name: str = "kubectl", version: str = "v1.23.3", sha256: str = ONE) -> dict[str, str]:
    row = {"name": name, "version": version, "os": "linux", "arch": "amd64", "sha256": sha256}
    return row | {"url": f"https://dl.k8s.io/release/{version}/bin/linux/amd64/{name}"}


def test_one_hash_for_two_files_is_refused() -> None:
    with pytest.raises(FactsError, match=r"kubelet v1.23.3 linux/amd64 has the hash of kubectl"):
        refuse_shared([file(), file("kubelet")])
    with pytest.raises(FactsError, match=r"v1.23.4 linux/amd64 has the hash of kubectl v1.23.3"):
        refuse_shared([file(), file(version="v1.23.4")])


def test_two_hashes_for_one_file_are_refused() -> None:
    with pytest.raises(FactsError, match=r"two hashes for kubectl v1.23.3 linux/amd64"):
        refuse_shared([file(), file(sha256=TWO)])


def test_a_row_that_stands_twice_is_one_file() -> None:
    found = refuse_shared([file(), file(), file("kubelet", sha256=TWO)])
    assert found == {
        ("kubectl", "v1.23.3", "linux/amd64"): ONE,
        ("kubelet", "v1.23.3", "linux/amd64"): TWO,
    }


def test_a_hash_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a digest"):
        refuse_shared([file(sha256="abc")])


def test_an_address_that_does_not_follow_the_pattern_is_refused() -> None:
    check_addresses([file()])
    with pytest.raises(FactsError, match=r"https://dl.k8s.io/kubectl is not https"):
        check_addresses([file() | {"url": "https://dl.k8s.io/kubectl"}])


def test_a_kicbase_that_two_tables_name_differently_is_refused() -> None:
    name = "gcr.io/k8s-minikube/kicbase:v0.0.30"
    releases = {"v1.25.2": {"kicbase": f"{name}@sha256:{ONE}"}}
    row = {"minikube": "v1.25.2", "ref": name, "digest": f"sha256:{ONE}"}
    check_kicbase([row, row | {"minikube": "v1.8.0", "digest": f"sha256:{TWO}"}], releases)
    for wrong in ({"digest": f"sha256:{TWO}"}, {"ref": f"{name}-1"}):
        with pytest.raises(FactsError, match=r"kicbase of v1.25.2"):
            check_kicbase([row | wrong], releases)


def test_an_addon_image_that_no_release_pins_is_refused() -> None:
    row = {"ref": "k8s.gcr.io/pause:3.1", "digest": f"sha256:{ONE}", "addon": "a"}
    check_pinned([row], {"registry.k8s.io/pause:3.1": {f"sha256:{ONE}"}})
    with pytest.raises(FactsError, match="is pinned nowhere"):
        check_pinned([row], {"registry.k8s.io/pause:3.1": {f"sha256:{TWO}"}})


def test_tables_of_minor_versions_may_differ_in_etcd_alone() -> None:
    releases = {"v1.25.2": {"newest_kubernetes": "v1.23.4-rc.0"}}
    row = {"coredns_upstream_name": "coredns", "coredns": "1", "pause": "3.6", "etcd": "3.5.6-0"}
    table = {"coredns": "1", "pause": "3.6", "etcd": "3.5.1-0"}

    def check(version: str, **changed: str) -> None:
        minor = version.rpartition(".")[0]
        check_minor_tables({"v1.25.2": {minor: table | changed}}, {version: row}, releases)

    check("v1.23.17")
    check("v1.24.0", pause="3.5")  # which that release does not list
    for wrong in ({"pause": "3.5"}, {"coredns": "2"}):
        with pytest.raises(FactsError, match=r"minikube v1.25.2 and kubeadm v1.23.17"):
            check("v1.23.17", **wrong)


def test_a_table_of_changes_leaves_out_what_stays() -> None:
    values = {"v1.1.0": None, "v1.2.0": 1, "v1.3.0": 1, "v1.4.0": None, "v1.5.0": 1}
    assert since(values) == {"v1.2.0": 1, "v1.4.0": None, "v1.5.0": 1}
