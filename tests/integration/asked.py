"""Asking /health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient

NGINX = "docker.io/library/nginx:alpine"


async def health(client: TestClient[Any, Any]) -> tuple[int, dict[str, Any]]:
    """Return status and document."""
    answer = await client.get("/health")
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.status, await answer.json()


async def item_of(client: TestClient[Any, Any], name: str = NGINX) -> dict[str, Any]:
    """Return one item of a class that is not complete."""
    status, document = await health(client)
    assert (status, document["complete"]) == (503, False)
    (item,) = (item for item in document["items"] if item["name"] == name)
    assert isinstance(item, dict)
    return item
