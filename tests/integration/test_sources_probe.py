"""`mirrorkit sources`: the order, and what each source has under each image's name."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from mirrorkit.flows.probe import Verdict, probe
from mirrorkit.wiring import open_run, read_lock
from tests.fakes.faults import endless, held, instead, status
from tests.integration.command import MIRRORKIT, Desk
from tests.integration.lesson import made
from tests.integration.mirrors import COREDNS, PAUSE, Mirrors, mirrors, put
from tests.integration.test_terminal import Terminal
from tests.lab.images import DOCKER, image, index
from tests.lab.layers import random_layer
from tests.lab.process import environment, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

LAYERS = [random_layer("probed", 3000)]
AMD = image(LAYERS, "linux/amd64")
ARM = image([random_layer("probed arm", 3000)], "linux/arm64")
BOTH = index([AMD, ARM])
FLAT = "x/google_containers/pause:3.6"
OTHER = made("other")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Mirrors]:
    with mirrors(tmp_path) as found:
        found.lock({PAUSE: BOTH})
        yield found


@pytest.fixture
def desk(here: Mirrors) -> Desk:
    return Desk(here.folder)


def probed(desk: Desk, *arguments: str) -> tuple[int, dict[str, str]]:
    """Return the exit status, and the answer of each place for the only image."""
    done = desk.run("sources", "probe", "--json", *arguments)
    document = json.loads(done.out)
    (one,) = document["images"]
    assert one["name"] == PAUSE
    assert one["digest"] == BOTH.digest
    assert document["same"] == one["same"] == (done.status == 0)
    assert all(answer["milliseconds"] >= 0 for answer in one["answers"])
    return done.status, {answer["at"]: answer["answer"] for answer in one["answers"]}


def test_each_place_is_asked_for_each_image(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {PAUSE: BOTH})
    put(here.aliyun, {FLAT: OTHER})
    here.daocloud.always("/v2/", status(403))
    assert probed(desk) == (
        0,
        {
            PAUSE: "same",
            "k8s.gcr.io/pause:3.6": "same",
            "registry.cn-hangzhou.aliyuncs.com/google_containers/pause:3.6": "other",
            f"m.daocloud.io/{PAUSE}": "refused",
        },
    )
    # Nothing was fetched but what tells one image from another.
    assert not any(one.requests("/blobs/") for one in (here.upstream, here.aliyun))
    assert not (here.folder / "store").exists()


def test_an_image_that_no_source_has_the_same_ends_with_4(here: Mirrors, desk: Desk) -> None:
    here.upstream.always("/v2/", status(500))
    put(here.aliyun, {FLAT: AMD})
    here.keep_documents(BOTH)
    assert probed(desk, "aliyun") == (
        4,
        {"registry.cn-hangzhou.aliyuncs.com/google_containers/pause:3.6": "same-image"},
    )
    found = probed(desk, "upstream", "daocloud")
    assert found[0] == 4
    assert set(found[1].values()) == {"silent", "absent"}


def test_the_table_has_a_row_for_each_image_and_a_column_for_each_source(
    here: Mirrors, desk: Desk
) -> None:
    here.lock({PAUSE: BOTH, COREDNS: OTHER, "docker.io/library/nginx:1": AMD})
    put(here.upstream, {PAUSE: BOTH, "x/library/nginx:1": AMD})
    put(here.aliyun, {FLAT: AMD, "x/google_containers/coredns:v1.8.6": OTHER})
    here.keep_documents(BOTH)
    done = desk.run("sources", "probe")
    lines = [line.replace(" ms", "ms").split() for line in done.out.splitlines()]
    answers = [[word for word in line if not word.endswith("ms")] for line in lines]
    assert answers == [
        ["image", "upstream", "aliyun", "daocloud"],
        [PAUSE, "same", "same-image", "absent"],
        [COREDNS, "absent", "same", "absent"],
        ["docker.io/library/nginx:1", "same", "-", "absent"],
    ]
    assert done.status == 0


def test_on_a_narrow_terminal_no_line_is_longer_than_it_is_wide(here: Mirrors, desk: Desk) -> None:
    name = "registry.k8s.io/ingress-nginx/kube-webhook-certgen-of-a-class:v1"
    here.lock({name: BOTH, PAUSE: BOTH})
    put(here.upstream, {name: BOTH, PAUSE: BOTH})
    terminal = Terminal(columns=80)
    try:
        subprocess.run(
            (*MIRRORKIT, "sources", "probe"),
            cwd=desk.folder,
            env=environment(TERM="xterm-256color"),
            stdin=subprocess.DEVNULL,
            stdout=terminal.end,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        terminal.shows("")
    finally:
        terminal.close()
    rows = [row for row in terminal.rows() if row]
    assert max(map(len, rows)) <= 80
    assert rows[0] == "image"
    assert rows[1].split() == ["upstream", "aliyun", "daocloud"]
    assert rows[2] == name
    assert rows[3].split()[0] == "same"
    assert len(rows) == 6


def test_where_no_source_answers_one_sentence_says_so(here: Mirrors, desk: Desk) -> None:
    here.lock({f"docker.io/library/app{number}:1": made(f"{number}") for number in range(30)})
    for mirror in (here.upstream, here.daocloud):
        mirror.always("/v2/", status(503, {"Retry-After": "900"}))
    done = desk.run("sources", "probe", "--jobs", "2")
    assert done.status == 4
    assert done.lines("error") == ["no source answers as it should"]
    assert "network" in done.lines("hint")[0]
    assert len(here.upstream.asked) <= 5  # three silences, and what was under way
    assert len(done.out.splitlines()) == 31


async def answers(here: Mirrors, seconds: float = 10) -> dict[str, Verdict]:
    lock = read_lock(here.settings.locks[0])
    async with open_run(here.settings, here.report) as run:
        found = await probe(lock.images, run, seconds=seconds)
    return {answer.source: answer.verdict for answer in found}


@pytest.mark.parametrize(
    "there, verdict",
    [
        (BOTH, Verdict.SAME),
        (AMD, Verdict.SAME_IMAGE),
        (index([AMD]), Verdict.SAME_IMAGE),
        (image(LAYERS, "linux/amd64", kind=DOCKER), Verdict.OTHER),
        (index([image(LAYERS, "linux/amd64", label="other")]), Verdict.OTHER),
        (OTHER, Verdict.OTHER),
    ],
    ids=["same", "one platform", "index of one", "other config", "other index", "other"],
)
async def test_a_copy_is_told_from_another_image_by_its_config(
    here: Mirrors, there: Made, verdict: Verdict
) -> None:
    put(here.aliyun, {FLAT: there})
    here.keep_documents(BOTH)
    assert (await answers(here))["aliyun"] is verdict


async def test_the_lock_alone_may_know_the_image_id(here: Mirrors) -> None:
    put(here.aliyun, {FLAT: AMD})
    assert (await answers(here))["aliyun"] is Verdict.OTHER
    image_id = next(iter(AMD.blobs))
    here.lock({PAUSE: BOTH}, children={PAUSE: {"linux/amd64": {"image_id": image_id}}})
    assert (await answers(here))["aliyun"] is Verdict.SAME_IMAGE


async def test_a_registry_that_leaves_the_digest_out_is_asked_for_the_manifest(
    here: Mirrors,
) -> None:
    put(here.aliyun, {FLAT: BOTH})
    for refusal in (instead(BOTH.data), status(405), status(200, {"Docker-Content-Digest": "x"})):
        here.aliyun.fail("/manifests/3.6", refusal)
        assert (await answers(here))["aliyun"] is Verdict.SAME
    here.aliyun.fail("/manifests/3.6", status(405), endless())
    assert (await answers(here))["aliyun"] is Verdict.REFUSED


async def test_a_source_that_says_nothing_is_silent_and_holds_up_no_other(here: Mirrors) -> None:
    put(here.upstream, {PAUSE: BOTH})
    here.daocloud.always("/v2/", held(here.daocloud.gate()))
    found = await answers(here, seconds=0.3)
    assert found == {"upstream": "same", "aliyun": "absent", "daocloud": "silent"}


async def test_never_more_is_asked_at_once_than_the_jobs(here: Mirrors) -> None:
    many = {f"registry.k8s.io/app{number}:1": made(f"many {number}") for number in range(9)}
    here.lock(many)
    here.upstream.always("/v2/", held(here.upstream.gate()))
    asking = asyncio.create_task(answers(here))
    jobs = here.settings.jobs
    await asyncio.to_thread(wait_until, lambda: here.upstream.at_once == jobs, 10, "all jobs")
    here.upstream.open_gates()
    await asking
    assert here.upstream.most_at_once == jobs


def test_the_list_says_the_order_and_where_each_is_set(here: Mirrors, desk: Desk) -> None:
    done = desk.run("sources")
    assert done.out.splitlines()[-1].split() == [
        "*",
        "upstream,",
        "aliyun,",
        "daocloud",
        "(built-in)",
    ]
    settings = json.loads((here.folder / "mirrorkit.yaml").read_text())
    settings["sources"] = {"school": {"repository": "harbor.school.cn/k/{last}"}}
    settings["source_order"] = {"quay.io": ["school"]}
    (here.folder / "mirrorkit.yaml").write_text(json.dumps(settings))
    document = json.loads(desk.run("sources", "--json").out)
    assert document["sources"][-1] == {
        "name": "school",
        "repository": "harbor.school.cn/k/{last}",
        "origin": "mirrorkit.yaml",
    }
    assert document["order"] == [
        {"registry": "quay.io", "sources": ["school"], "origin": "mirrorkit.yaml"},
        {
            "registry": "*",
            "sources": ["school", "upstream", "aliyun", "daocloud"],
            "origin": "mirrorkit.yaml",
        },
    ]
    chosen = desk.run("sources", env={"MIRRORKIT_SOURCE": "aliyun"}).out.splitlines()[-1]
    assert chosen.split() == ["*", "aliyun", "(MIRRORKIT_SOURCE)"]


def test_a_source_that_nobody_knows_is_a_mistake(desk: Desk) -> None:
    done = desk.run("sources", "probe", "aliyum")
    assert done.status == 2
    assert "'aliyum' is no source; known are upstream, aliyun, daocloud" in done.err
    assert desk.run("sync", "--source", "aliyum").status == 2


def test_sync_asks_the_sources_it_is_told_and_no_other(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {PAUSE: BOTH})
    put(here.daocloud, {f"x/{PAUSE}": BOTH})
    assert desk.run("sync", "--source", "aliyun", "--source", "daocloud").status == 0
    assert here.upstream.asked == []
    assert here.aliyun.asked
