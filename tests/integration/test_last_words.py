"""What the end of a sync says of each image it could not complete, and what it saved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import flipped, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, WEB, layer_of, made

if TYPE_CHECKING:
    from tests.integration.command import Desk

IMAGES = {APP: made("base", "app"), WEB: made("base", "web")}
LAYER = layer_of("app").digest


@pytest.mark.parametrize(
    "code, attempts, next_step",
    [(404, "1 attempt", "sources probe"), (500, r"\d+ attempts", "what arrived is kept")],
)
def test_a_failure_names_image_blob_source_attempts_and_the_next_step(
    desk: Desk, upstream: FakeRegistry, code: int, attempts: str, next_step: str
) -> None:
    upstream.always(f"app/blobs/{LAYER if code == 404 else ''}", status(code))
    desk.prepare({APP: IMAGES[APP]}, upstream.url)
    done = desk.run("sync")
    assert done.status == 4
    (error,) = done.lines("error")
    assert error.startswith(f"{APP}: one.test answered {code}") or code == 404
    assert re.search(rf"\(blob [0-9a-f]{{12}}; {attempts} at one\.test\)$", error)
    assert [next_step in line for line in done.lines("next")] == [True]


def test_the_attempts_are_those_that_the_source_saw(desk: Desk, upstream: FakeRegistry) -> None:
    upstream.always("/blobs/", status(500))
    desk.prepare({APP: IMAGES[APP]}, upstream.url)
    (failure,) = desk.run("sync", "--json").events()[-1]["failures"]
    trail = failure["trail"]
    assert trail["part"] == "blob"
    assert trail["attempts"] == {"one.test": len(upstream.requests(trail["digest"]))}


def test_wrong_bytes_name_their_blob_and_end_with_5(desk: Desk, upstream: FakeRegistry) -> None:
    upstream.always(LAYER, flipped)
    desk.prepare(IMAGES, upstream.url)
    done = desk.run("sync")
    assert done.status == 5
    (error,) = done.lines("error")
    assert error.startswith(f"{APP}: ")
    assert f"(blob {LAYER.partition(':')[2][:12]}; 1 attempt at one.test)" in error
    assert desk.names() == {WEB}


def test_a_manifest_that_nobody_has_is_named(desk: Desk, upstream: FakeRegistry) -> None:
    upstream.always("app/manifests/", status(404))
    desk.prepare(IMAGES, upstream.url)
    (error,) = desk.run("sync").lines("error")
    assert error.endswith(f"(manifest {IMAGES[APP].digest.partition(':')[2][:12]})")


def test_what_is_alike_of_many_failures_is_said_once_and_so_is_the_next_step(
    desk: Desk, upstream: FakeRegistry
) -> None:
    upstream.always("/blobs/", status(404))
    desk.prepare(IMAGES, upstream.url)
    done = desk.run("sync")
    (line,) = done.lines("error")
    assert all(name in line for name in IMAGES)
    assert len(done.lines("next")) == 1


def test_of_a_class_that_nobody_answers_for_each_host_is_told_once(desk: Desk) -> None:
    names = [f"one.test/app{number}:1" for number in range(9)]
    desk.prepare(dict.fromkeys(names, made("app")), "http://nobody.invalid")
    done = desk.run("sync")
    assert done.status == 4
    assert done.err.count("trouble   http://nobody.invalid cannot be reached") == 1
    (error,) = done.lines("error")
    assert error.startswith(", ".join(names[:6]) + " and 3 more: http://nobody.invalid cannot")
    assert sorted(line for line in done.err.splitlines() if line.startswith("failed")) == [
        f"failed    {name}" for name in names
    ]


def test_what_the_store_and_sharing_saved_is_told(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    shared = f"{len(layer_of('base').data) / 1000:.1f} kB"
    assert desk.run("sync").lines("saved") == [f"{shared} shared"]
    third = {"one.test/new:1": made("base", "new")}
    upstream_images = {**IMAGES, **third}
    with fake_registry(upstream_images) as one:
        desk.prepare(upstream_images, one.url)
        assert desk.run("sync").lines("saved") == [f"{shared} already here"]
