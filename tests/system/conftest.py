"""What the system tests share: a class of images, and an upstream that has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.classroom import classroom
from tests.lab.registry import docker_registry
from tests.lab.wheelhouse import make_wheelhouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.images import Made
    from tests.lab.registry import DockerRegistry

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def images() -> dict[str, Made]:
    """The class by canonical name, some 7 MB."""
    return classroom(scale=0.02)


@pytest.fixture(scope="session")
def upstream(
    tmp_path_factory: pytest.TempPathFactory, images: dict[str, Made]
) -> Iterator[DockerRegistry]:
    """A registry that holds the whole class; not to be stopped or pushed to by a test."""
    with docker_registry(tmp_path_factory.mktemp("upstream")) as registry:
        registry.push_all(images)
        yield registry


@pytest.fixture
def own_upstream(tmp_path: Path, images: dict[str, Made]) -> Iterator[DockerRegistry]:
    """A registry that holds the whole class, for one test to stop, count or break."""
    with docker_registry(tmp_path / "upstream") as registry:
        registry.push_all(images)
        yield registry


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheelhouse` makes."""
    return make_wheelhouse(tmp_path_factory.mktemp("wheels"))
