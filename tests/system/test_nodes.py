"""Images that no runtime redirects are put into the nodes beforehand, under their own names."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.nodes import Node, kicbase
from tests.lab.process import LabError
from tests.lab.relay import NAME, relay_image
from tests.lab.school import School, open_school

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.images import Made

pytestmark = pytest.mark.timeout(900)  # the first run makes a whole Debian
PLANTED = ("quay.io/lab/tool:v1", "registry.k8s.io/sig-storage/provisioner:v4", "docker.io/lab/a:1")
CLASS: dict[str, Made] = {
    NAME: relay_image(),
    **{name: image([random_layer(name, 300_000)]) for name in PLANTED},
}
MIRROR, GATEWAY = "10.77.0.1:5080", "192.168.230.1:5080"
PLANT = [f"plant {name}" for name in PLANTED]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A student's machine with a relay to a mirror."""
    with (
        open_school(tmp_path_factory.mktemp("school"), CLASS) as found,
        found.mirror(found.teacher),
    ):
        found.student.setup(MIRROR, "make_relay")
        yield found


@pytest.fixture(scope="module")
def docker_nodes(school: School) -> Iterator[list[Node]]:
    """The two nodes of the profile `minikube`."""
    with ExitStack() as life:
        yield [
            life.enter_context(kicbase(school.student.docker, GATEWAY, name=name, runtime="docker"))
            for name in ("minikube", "minikube-m02")
        ]


@pytest.fixture(scope="module")
def containerd_node(school: School) -> Iterator[Node]:
    """The one node of the profile `second`."""
    with kicbase(school.student.docker, GATEWAY, name="second", runtime="containerd") as node:
        yield node


def test_each_docker_node_of_a_profile_has_each_image_under_its_own_name(
    school: School, docker_nodes: list[Node]
) -> None:
    said = school.student.setup(MIRROR, *PLANT, "plant_images $(relay_address) minikube")
    assert said.startswith("6 of 6 images are in the nodes")
    for node in docker_nodes:
        for name in PLANTED:
            config = next(iter(CLASS[name].blobs))
            assert node(f"docker image inspect --format '{{{{.Id}}}}' {name}").strip() == config


def test_planting_again_pulls_nothing_and_does_without_the_mirror(
    school: School, docker_nodes: list[Node]
) -> None:
    school.student.setup(MIRROR, *PLANT, "plant_images $(relay_address) minikube")
    held = "docker images --digests --no-trunc | sort"  # Docker's own order changes
    before = [node(held) for node in docker_nodes]
    said = school.student.setup(MIRROR, *PLANT, "plant_images 192.168.230.1:9 minikube")
    assert said.startswith("6 of 6")
    assert [node(held) for node in docker_nodes] == before


def test_a_containerd_node_has_each_image_where_kubelet_looks(
    school: School, containerd_node: Node
) -> None:
    for _ in range(2):
        said = school.student.setup(MIRROR, *PLANT, "plant_images $(relay_address) second")
        assert said.startswith("3 of 3")
    listed = containerd_node("ctr --namespace k8s.io images list").splitlines()
    rows = {line.split()[0]: line for line in listed}
    for name in PLANTED:
        assert CLASS[name].digest in rows[name]
        # containerd's CRI has seen it: so it marks what it shows to kubelet and crictl.
        assert "io.cri-containerd.image=managed" in rows[name]
        assert next(iter(CLASS[name].blobs)) in rows  # by image id, too


def test_without_a_profile_all_nodes_get_them(
    school: School, docker_nodes: list[Node], containerd_node: Node
) -> None:
    nodes = [*docker_nodes, containerd_node]
    said = school.student.setup(MIRROR, *PLANT, "plant_images $(relay_address)", by="ash")
    assert said.startswith(f"{3 * len(nodes)} of 9")


def test_what_cannot_be_planted_is_said_by_name(school: School, docker_nodes: list[Node]) -> None:
    assert docker_nodes
    with pytest.raises(LabError) as told:
        school.student.setup(
            MIRROR,
            f"plant quay.io/lab/pinned@{CLASS[PLANTED[0]].digest}",
            "plant quay.io/lab/nobody:1",
            PLANT[0],
            "plant_images $(relay_address) minikube",
            by="bash",
        )
    text = str(told.value)
    assert "2 of 4 images are in the nodes" in text
    assert "asked for by digest" in text
    for node in docker_nodes:
        assert f"{node.name}: the mirror has no quay.io/lab/nobody:1" in text


def test_a_profile_that_does_not_run_is_said(school: School) -> None:
    with pytest.raises(LabError, match="NODE: no node"):
        school.student.setup(MIRROR, *PLANT, "plant_images $(relay_address) nobody")
