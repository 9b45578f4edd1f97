"""`mirrorkit up`: serve at once, fill beside it, survive an evening without sources."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from tests.lab.minikube import fetched
from tests.lab.process import listening, wait_until
from tests.lab.product import hosts_of, product_for
from tests.lab.push import status_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.images import Made
    from tests.lab.registry import DockerRegistry

OLD = "k8s.gcr.io"  # where an image of registry.k8s.io is asked too
_ASKING = "asking who answers"
NGINX = "/v2/library/nginx/manifests/alpine"


def test_up_serves_at_once_and_becomes_complete(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    product = product_for(tmp_path, images, upstream.address)
    with product.serving("up") as server:
        wait_until(lambda: status_of(server.address, "/health") == 200, 60, "complete")
        assert status_of(server.address, NGINX) == 200
        assert json.loads(fetched("GET", f"http://{server.address}/health")[1])["fetches"]
    assert product.status()["complete"]


def test_without_a_source_up_serves_what_it_has_says_so_and_tries_again(
    tmp_path: Path, own_upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    product = product_for(tmp_path, images, own_upstream.address)
    product.configure(dict.fromkeys([*hosts_of(images), OLD], own_upstream.address))
    product.lock({name: images[name] for name in list(images)[:5]})
    assert product("sync").returncode == 0
    product.lock(images)
    own_upstream.stop()
    with product.serving("up") as server:
        log = tmp_path / "up.log"
        wait_until(lambda: "no source answers" in log.read_text(), 15, "word of no source")
        assert status_of(server.address, "/health") == 503
        assert status_of(server.address, "/v2/registry.k8s.io/pause/manifests/3.6") == 200
        assert status_of(server.address, NGINX) == 404
        own_upstream.start()
        wait_until(lambda: status_of(server.address, "/health") == 200, 60, "complete")
        assert status_of(server.address, NGINX) == 200


def test_a_class_synced_by_another_process_is_served_without_a_restart(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    product = product_for(tmp_path, images, upstream.address)
    with product.serving() as server:
        assert status_of(server.address, NGINX) == 404
        assert product("sync").returncode == 0
        assert status_of(server.address, NGINX) == 200
        assert status_of(server.address, "/health") == 200
        port = int(server.address.rpartition(":")[2])
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not listening(port), 10, "a clean end")


def test_up_shows_the_made_up_class_only_where_asked_and_nothing_real_can_be_had(
    tmp_path: Path, own_upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    product = product_for(tmp_path, images, own_upstream.address)
    product.configure(dict.fromkeys([*hosts_of(images), OLD], own_upstream.address))
    own_upstream.stop()
    made_up = "/v2/library/nginx/manifests/alpine-demo"
    with product.serving("up", "--demo-if-offline") as server:
        assert status_of(server.address, made_up) == 200
        assert status_of(server.address, NGINX) == 404
    log = (tmp_path / "up.log").read_text()
    assert log.index(_ASKING) < log.index("no source answers and nothing is held yet")
    assert not product.store.exists()
    with product.serving("up") as server:
        assert status_of(server.address, made_up) == 404
    own_upstream.start()
    with product.serving("up", "--demo-if-offline") as server:
        wait_until(lambda: status_of(server.address, "/health") == 200, 60, "complete")
        assert status_of(server.address, made_up) == 404
    own_upstream.stop()
    (tmp_path / "up.log").unlink()
    with product.serving("up", "--demo-if-offline") as server:
        assert status_of(server.address, NGINX) == 200
    assert _ASKING not in (tmp_path / "up.log").read_text()
