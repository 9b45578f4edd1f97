"""Commands that take one lock say so, and follow it while it is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.registry import fake_registry
from tests.integration.lesson import APP, WEB, made
from tests.lab.process import LOOPBACK, free_port, listening, wait_until
from tests.lab.push import status_of

if TYPE_CHECKING:
    from tests.integration.command import Desk

IMAGES = {APP: made("app"), WEB: made("web")}


@pytest.mark.parametrize("verb", ["sync", "up"])
def test_two_locks_are_a_mistake_where_one_is_taken(desk: Desk, verb: str) -> None:
    done = desk.run(verb, "--lock", "a.yaml", "--lock", "b.yaml")
    assert (done.status, done.lines("error")) == (2, ["one --lock at a time"])


def test_up_fetches_what_is_added_to_the_lock_while_it_runs(desk: Desk) -> None:
    with fake_registry(IMAGES) as one:
        desk.prepare({APP: IMAGES[APP]}, one.url)
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        with desk.running("up", "--listen", address):
            wait_until(lambda: listening(port), 15, "up")
            wait_until(lambda: status_of(address, "/health") == 200, 15, "the first image")
            desk.prepare(IMAGES, one.url)
            wait_until(lambda: status_of(address, "/v2/one.test/web/manifests/1") == 200, 20, "web")
            assert status_of(address, "/health") == 200
