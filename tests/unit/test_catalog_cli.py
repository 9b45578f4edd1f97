from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.releases import addons, kubernetes_versions
from mirrorkit.cli.main import run

Printed = pytest.CaptureFixture[str]


def told(capsys: Printed, *words: str, status: int = 0) -> str:
    assert run(["catalog", *words]) == status
    return capsys.readouterr().out


def data_of(capsys: Printed, *words: str) -> list[dict[str, Any]]:
    document = json.loads(told(capsys, *words, "--json"))
    assert document["version"] == 1
    found: list[dict[str, Any]] = document[words[0]]
    return found


def test_releases_are_printed_the_oldest_first(capsys: Printed) -> None:
    head, *rows = told(capsys, "releases").splitlines()
    assert head.split() == ["version", "released", "kicbase", "kubernetes", "oldest", "newest"]
    assert len(rows) == 27
    assert rows[6].split() == ["v1.25.2", "2022-02-23", "v0.0.30", "v1.23.3", "v1.16.0", "v1.23.17"]
    assert [row["version"] for row in data_of(capsys, "releases")] == [r.split()[0] for r in rows]


def test_kubernetes_versions_are_printed_for_one_release_or_for_all(capsys: Printed) -> None:
    text = told(capsys, "kubernetes", "--minikube", "v1.25.2")
    rows = [line.split() for line in text.splitlines()]
    assert rows[0] == ["version", "etcd", "coredns", "pause"]
    assert ["v1.23.3", "3.5.1-0", "v1.8.6", "3.6"] in rows
    assert [row[0] for row in rows[1:]] == list(kubernetes_versions("v1.25.2"))
    assert [row["version"] for row in data_of(capsys, "kubernetes")] == list(kubernetes_versions())


def test_images_are_printed_with_digest_and_need(capsys: Printed) -> None:
    options = ("images", "--minikube", "v1.25.2", "--runtime", "containerd", "--addon", "metallb")
    rows = [line.split("  ") for line in told(capsys, *options).splitlines()]
    cells = {row[0]: [cell.strip() for cell in row[1:] if cell] for row in rows}
    assert cells["docker.io/kindest/kindnetd:v20210326-1e038dc5"] == ["-", "cni kindnet"]
    assert cells["registry.k8s.io/pause:3.6"] == [
        "sha256:3d380ca8864549e74af4b29c10f9cb0956236dfb01c40ca076fb6c37253234db",
        "kubernetes v1.23.3",
    ]
    assert cells["docker.io/metallb/speaker:v0.9.6"][1] == "addon metallb"


def test_an_image_as_data_has_all_its_names(capsys: Printed) -> None:
    found = data_of(capsys, "images", "--minikube", "v1.25.2")
    coredns = next(image for image in found if "coredns" in image["name"])
    assert coredns == {
        "name": "registry.k8s.io/coredns/coredns:v1.8.6",
        "digest": "sha256:5b6ec0d6de9baaf3e92d0f66cd96a25b9edbce8716f5f15dcd1a616b3abd590e",
        "platforms": {},
        "also": ["k8s.gcr.io/coredns/coredns:v1.8.6"],
        "below_image_repository": ["coredns", "coredns/coredns"],
        "needed_by": ["kubernetes v1.23.3"],
    }
    scheduler = next(image for image in found if "scheduler" in image["name"])
    assert scheduler["platforms"]["linux/amd64"] == {
        "digest": "sha256:a70ef5379ddb3f9179d8588f71a26fa0c82c814b6fb4820d207ab56b9fdaa9b3",
        "size": None,
    }


@pytest.mark.parametrize(
    "options, choice",
    [
        (("--nodes", "3"), {"nodes": 3}),
        (("--runtime", "cri-o"), {"runtime": "cri-o"}),
        (("--cni", "calico"), {"cni": "calico"}),
        (("--kubernetes", "v1.27.4"), {"kubernetes": "v1.27.4"}),
        (("--addon", "ingress", "--addon", "olm"), {"addons": ["ingress", "olm"]}),
        (("--all-addons",), {"addons": addons("v1.32.0")}),
    ],
)
def test_each_option_chooses(
    capsys: Printed, options: tuple[str, ...], choice: dict[str, Any]
) -> None:
    found = data_of(capsys, "images", "--minikube", "v1.32.0", *options)
    expected = [str(image.name) for image in images_for("v1.32.0", **choice)]
    assert [image["name"] for image in found] == expected
    assert expected != [str(image.name) for image in images_for("v1.32.0")]


@pytest.mark.parametrize(
    "words, hint",
    [
        (["images", "--minikube", "v1.25.3"], "the nearest listed: v1.25.2 and v1.26.0"),
        (["kubernetes", "--minikube", "v1.99.0"], "the nearest listed: v1.38.1"),
        (["images"], "mirrorkit catalog images --help"),
        ([], "mirrorkit catalog --help"),
    ],
)
def test_a_mistake_ends_with_2_and_says_what_to_do(
    capsys: Printed, words: list[str], hint: str
) -> None:
    assert run(["catalog", *words]) == 2
    assert f"hint: {hint}" in capsys.readouterr().err


def test_a_mistake_is_data_too(capsys: Printed) -> None:
    words = ("images", "--minikube", "v1.25.2", "--cni", "weave", "--json")
    error = json.loads(told(capsys, *words, status=2))["error"]
    assert (error["code"], error["exit_status"]) == ("usage", 2)


@pytest.mark.parametrize("command", ["releases", "kubernetes", "images"])
def test_each_command_has_help_with_examples(capsys: Printed, command: str) -> None:
    assert f"mirrorkit catalog {command}" in told(capsys, command, "--help")


def test_help_loads_nothing_of_the_catalog() -> None:
    program = (
        "import sys; from mirrorkit.cli.main import run; run(['--help']);"
        "sys.exit('mirrorkit.catalog' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
