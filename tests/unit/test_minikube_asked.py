"""What a start is said to ask holds what real releases asked (by scripts/build_runs.py).

They ran with the host's image cache left on, at 192.168.49.1:5080 for host and node.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mirrorkit.classroom.minikube.asked import Asked, Side, asked
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.start import Mirror, Mode
from tests.unit.starts import RELAY, start_of

RUNS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "minikube_runs.json").read_text("utf-8")
)
THERE = Mirror.at("192.168.49.1:5080")


def paths(found: tuple[Asked, ...], side: Side) -> set[str]:
    return {f"{one.method} {one.path}" for one in found if one.side is side}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['minikube']}-{run['runtime']}")
def test_every_request_of_a_real_release_is_among_those_told(run: dict[str, Any]) -> None:
    start = start_of(run["minikube"], run["kubernetes"], runtime=run["runtime"], mode=Mode.MIRROR)
    told = paths(asked(start, THERE), Side.HOST)
    assert set(run["host"]) <= told
    archive = {one for one in told if "/archives/" in one}  # kicbase, which lay there beforehand
    assert told - archive == set(run["host"])


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['minikube']}-{run['runtime']}")
def test_the_flags_give_the_node_what_the_run_gave_it(run: dict[str, Any]) -> None:
    start = start_of(run["minikube"], run["kubernetes"], runtime=run["runtime"], mode=Mode.MIRROR)
    one = recipe(start, THERE)
    assert one.environment[0].value == run["repository"]
    flags = {flag.name: flag.value for flag in one.flags}
    if run["runtime"] == "docker":
        for name in ("--insecure-registry", "--registry-mirror"):
            assert f"{name} {flags[name]}" in run["dockerd"]


def test_there_are_six_releases_with_two_runtimes() -> None:
    assert len({(run["minikube"], run["runtime"]) for run in RUNS}) == len(RUNS) == 12


def test_coredns_is_asked_under_two_names() -> None:
    nodes = paths(asked(start_of("v1.25.2"), RELAY), Side.NODE)
    assert "HEAD /v2/k8s/coredns/manifests/v1.8.6" in nodes
    assert "HEAD /v2/k8s/coredns/coredns/manifests/v1.8.6" in nodes


def test_containerd_asks_on_behalf_of_each_registry() -> None:
    nodes = paths(asked(start_of("v1.28.0", runtime="containerd"), RELAY), Side.NODE)
    assert "HEAD /v2/pause/manifests/3.8?ns=registry.k8s.io" in nodes
    assert any("kindest/kindnetd" in path and "?ns=docker.io" in path for path in nodes)
    assert not any("/v2/k8s/" in path for path in nodes)


def test_a_digest_that_minikube_names_is_asked_too_and_none_else() -> None:
    found = asked(start_of("v1.38.1", addons=("ingress",)), RELAY)
    pinned = {one.name for one in found if "/manifests/sha256:" in one.path}
    assert pinned == {
        "registry.k8s.io/ingress-nginx/controller:v1.14.3",
        "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.7",
    }


def test_docker_asks_its_drop_ins_images_and_docker_hubs_by_its_mirror() -> None:
    nodes = paths(asked(start_of("v1.28.0", addons=("auto-pause",)), RELAY), Side.NODE)
    assert "HEAD /v2/k8s/pause/manifests/3.6" in nodes
    assert "HEAD /v2/library/haproxy/manifests/2.3.5-alpine" in nodes
    calico = paths(asked(start_of("v1.38.1", cni="calico"), RELAY), Side.NODE)
    assert "HEAD /v2/quay.io/calico/node/manifests/v3.31.3" in calico


def test_host_and_nodes_ask_at_their_own_addresses() -> None:
    for one in asked(start_of("v1.34.0"), RELAY):
        address = "localhost:5080" if one.side is Side.HOST else "192.168.230.1:5080"
        assert one.url == f"http://{address}{one.path}"


def test_in_seed_mode_the_nodes_ask_nothing_and_the_host_fetches_the_seeds() -> None:
    start = start_of("v1.38.1", mode=Mode.SEED)
    found = asked(start, RELAY)
    assert paths(found, Side.NODE) == set()
    fetched = {path.removeprefix("GET ") for path in paths(found, Side.HOST)}
    assert {seed.url_path for seed in recipe(start, RELAY).seeds} <= fetched
