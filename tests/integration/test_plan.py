"""What a sync would fetch, asked the evening before: nothing but manifests moves."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from mirrorkit.progress import readable
from tests.fakes.faults import status, stopped
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, WEB, layer_of, lock_text, made
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from tests.integration.command import Desk

BIG = 1 << 20
IMAGES = {APP: made("base", "app"), WEB: made("base", "web")}
LARGE = {APP: made("large", size=BIG)}
SHARED = len(layer_of("base").data)


def size(*names: str) -> int:
    """Return the bytes of images' blobs, each once."""
    blobs = {digest: data for name in names for digest, data in IMAGES[name].blobs.items()}
    return sum(map(len, blobs.values()))


def test_a_plan_has_each_image_its_source_its_bytes_and_why(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare(IMAGES, upstream.url)
    done = desk.run("sync", "--plan", "--json")
    plan = json.loads(done.out)
    assert done.status == 0
    assert plan["bytes"]["to_fetch"] == size(APP, WEB)
    assert plan["bytes"]["fits"]
    first, second = plan["items"]
    assert {first["source"], second["source"]} == {"one.test"}
    assert first["bytes"]["to_fetch"] == first["bytes"]["size"] == size(first["name"])
    assert second["bytes"]["shared"] == SHARED
    assert second["shared_with"] == [first["name"]]
    assert second["bytes"]["to_fetch"] == second["bytes"]["size"] - SHARED


def test_a_plan_in_words_is_a_table(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    head, one, two, total = desk.run("sync", "--plan").out.splitlines()
    assert head.split() == ["image", "or", "file", "source", "to", "fetch", "why"]
    assert one.split()[1:] == ["one.test", *readable(size(APP)).split(), "absent"]
    assert " shared with " in two
    assert total.startswith(f"in all {readable(size(APP, WEB))} to fetch; ")


def test_a_plan_fetches_no_blob_and_the_sync_after_it_no_manifest_again(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare(IMAGES, upstream.url)
    assert desk.run("sync", "--plan").status == 0
    assert not upstream.requests("/blobs/")
    assert desk.names() == set()
    assert list((desk.store / "locks").glob("*")) == []
    asked = len(upstream.requests("/manifests/"))
    assert asked == len(IMAGES)
    assert desk.run("sync").status == 0
    assert len(upstream.requests("/manifests/")) == asked


def test_a_plan_for_a_complete_class_asks_nobody(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    assert desk.run("sync").status == 0
    before = len(upstream.asked)
    done = desk.run("sync", "--plan")
    assert done.status == 0
    assert done.out.startswith("complete already: 2 items\nin all 0 B to fetch; ")
    assert len(upstream.asked) == before


def test_a_plan_knows_what_an_interrupted_sync_left(desk: Desk) -> None:
    with fake_registry(LARGE) as one:
        layer, gate = layer_of("large", BIG), one.gate()
        one.fail(layer.digest, stopped(BIG // 2, gate))
        desk.prepare(LARGE, one.url)
        partial = desk.store / "ingest" / layer.digest.replace(":", "-")
        with desk.running("sync") as process:
            arrived = lambda: partial.exists() and partial.stat().st_size >= BIG // 2  # noqa: E731
            wait_until(arrived, 15, "half of it")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
        gate.open()
        words = desk.run("sync", "--plan").out
        (item,) = json.loads(desk.run("sync", "--plan", "--json").out)["items"]
        before = len(one.requests("/blobs/"))
        assert desk.run("sync").status == 0
        sent = sum(asked.sent for asked in one.requests("/blobs/")[before:])
    assert item["bytes"]["resumed"] >= BIG // 2
    assert item["bytes"]["to_fetch"] == sent
    resumed = item["bytes"]["resumed"]
    assert f"  partial, {readable(resumed)} of 1.1 MB\n" in words


def test_a_plan_without_a_source_names_what_it_does_not_know(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare(IMAGES, upstream.url)
    upstream.always("web/manifests/", status(404))
    done = desk.run("sync", "--plan")
    assert done.status == 4
    assert [line.partition(": ")[0] for line in done.lines("error")] == [WEB]
    assert f"in all at least {readable(size(APP))} to fetch" in done.out


def test_a_plan_is_in_the_order_of_the_lessons(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    text = lock_text(IMAGES).replace("images:\n", "lessons: [ch1, ch2]\nimages:\n")
    for name, lesson in ((APP, "ch2"), (WEB, "ch1")):
        digest = f"  digest: {IMAGES[name].digest}\n"
        text = text.replace(digest, f"{digest}  needed_by: [{lesson}]\n")
    (desk.folder / "images.lock.yaml").write_text(text)
    plan = json.loads(desk.run("sync", "--plan", "--json").out)
    assert [item["name"] for item in plan["items"]] == [WEB, APP]
