"""`mirrorkit lock` notes where each source has each image, and says what a source made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.documents.lock import parse_lock
from tests.fakes.faults import status
from tests.integration.command import Desk
from tests.integration.lesson import made
from tests.integration.mirrors import ALIYUN, PAUSE, Mirrors, mirrors, put
from tests.integration.test_same_image import AGAIN, ARM_AGAIN, BOTH
from tests.lab.images import index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirrorkit.documents.pins import PinnedImage
    from tests.lab.images import Made

# Nobody published a digest of this tag, and of the other everybody knows one.
FREE = "registry.k8s.io/pause:99"
FLAT = "x/google_containers/pause:99"
OLD = "k8s.gcr.io"
PUBLISHED = "sha256:3d380ca8864549e74af4b29c10f9cb0956236dfb01c40ca076fb6c37253234db"
OTHER = made("something else")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Mirrors]:
    with mirrors(tmp_path) as found:
        found.lock({})
        (tmp_path / "images.lock.yaml").unlink()
        wish(found, FREE)
        yield found


@pytest.fixture
def desk(here: Mirrors) -> Desk:
    return Desk(here.folder)


def wish(here: Mirrors, *images: str) -> None:
    text = f"version: 1\nplatforms: [linux/amd64, linux/arm64]\nimages: [{', '.join(images)}]\n"
    (here.folder / "images.yaml").write_text(text)


def text(here: Mirrors) -> bytes:
    return (here.folder / "images.lock.yaml").read_bytes()


def pin(here: Mirrors) -> PinnedImage:
    (found,) = parse_lock(text(here)).images
    return found


def noted(here: Mirrors) -> dict[str, tuple[str, str | None]]:
    return {name: (str(there.name), there.digest) for name, there in pin(here).sources.items()}


HERE = {
    "upstream": (FREE, BOTH.digest),
    "aliyun": (f"{ALIYUN}/google_containers/pause:99", OTHER.digest),
}


def test_each_source_is_noted_with_the_digest_it_has_whatever_that_is(
    here: Mirrors, desk: Desk
) -> None:
    put(here.upstream, {FREE: BOTH})
    put(here.aliyun, {FLAT: OTHER})
    done = desk.run("lock")
    assert done.status == 0, done.err
    assert pin(here).digest == BOTH.digest
    assert noted(here) == HERE
    # A look is a HEAD, which no registry counts as a pull.
    assert [(one.path, one.sent) for one in here.aliyun.asked] == [
        ("/v2/google_containers/pause/manifests/99", 0)
    ]


def test_a_second_lock_is_the_same_to_the_byte_whoever_is_away_meanwhile(
    here: Mirrors, desk: Desk
) -> None:
    put(here.upstream, {FREE: BOTH})
    put(here.aliyun, {FLAT: OTHER})
    assert desk.run("lock").status == 0
    before = text(here)
    for arguments in ((), ("--offline",), ("--no-sources",), ("--check",)):
        assert desk.run("lock", *arguments).status == 0
        assert text(here) == before
    here.aliyun.always("/v2/", status(503))
    assert desk.run("lock").status == 0
    assert text(here) == before


def test_no_source_is_asked_where_that_is_not_wanted(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {FREE: BOTH})
    for arguments in (("--no-sources",), ("--check",), ("--offline",)):
        desk.run("lock", *arguments)
    assert here.aliyun.asked == here.daocloud.asked == []


def test_what_a_source_says_now_replaces_what_it_said(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {FREE: BOTH})
    put(here.aliyun, {FLAT: OTHER})
    put(here.daocloud, {f"x/{FREE}": BOTH})
    assert desk.run("lock").status == 0
    assert set(noted(here)) == {"upstream", "aliyun", "daocloud"}
    put(here.aliyun, {FLAT: BOTH})
    here.daocloud.always("/v2/", status(403))
    assert desk.run("lock").status == 0
    assert noted(here) == {**HERE, "aliyun": (HERE["aliyun"][0], BOTH.digest)}


def test_another_pin_forgets_what_was_said_of_the_one_before(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {FREE: BOTH})
    assert desk.run("lock").status == 0
    put(here.upstream, {FREE: OTHER})
    assert desk.run("lock", "--upgrade", "--no-sources").status == 0
    assert (pin(here).digest, noted(here)) == (OTHER.digest, {})


def test_of_two_places_the_one_with_the_pinned_bytes_is_noted(here: Mirrors, desk: Desk) -> None:
    # The new registry has moved the tag, and the old one has not.
    put(here.upstream, {FREE: BOTH})
    assert desk.run("lock").status == 0
    put(here.upstream, {FREE: OTHER})
    settings = json.loads((here.folder / "mirrorkit.yaml").read_text())
    settings["endpoints"][OLD] = {"url": here.daocloud.url}
    (here.folder / "mirrorkit.yaml").write_text(json.dumps(settings))
    put(here.daocloud, {FREE: BOTH})
    assert desk.run("lock").status == 0
    assert noted(here) == {"upstream": (f"{OLD}/pause:99", BOTH.digest)}


@pytest.mark.parametrize("code", [401, 404, 500])
def test_a_source_that_says_no_is_left_out_and_no_failure(
    here: Mirrors, desk: Desk, code: int
) -> None:
    put(here.upstream, {FREE: BOTH})
    here.aliyun.always("/v2/", status(code))
    done = desk.run("lock")
    assert (done.status, done.lines("error")) == (0, [])
    assert noted(here) == {"upstream": HERE["upstream"]}


def test_a_source_that_keeps_silent_holds_nobody_up_for_each_image(
    here: Mirrors, desk: Desk
) -> None:
    names = [f"registry.k8s.io/pause:{number}" for number in range(90, 99)]
    put(here.upstream, dict.fromkeys(names, BOTH))
    wish(here, *names)
    here.aliyun.always("/v2/", status(503))
    settings = json.loads((here.folder / "mirrorkit.yaml").read_text())
    (here.folder / "mirrorkit.yaml").write_text(json.dumps({**settings, "jobs": 1}))
    assert desk.run("lock").status == 0
    assert len({one.path for one in here.aliyun.asked}) == 3


def test_sync_asks_where_the_lock_says_a_source_has_it(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {FREE: BOTH})
    put(here.aliyun, {FLAT: BOTH})
    assert desk.run("lock").status == 0
    here.upstream.always("/v2/", status(404))
    done = desk.run("sync")
    assert done.status == 0, done.err
    assert here.aliyun.requests("/blobs/")


def compared(desk: Desk, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = desk.run("lock", "--source", "aliyun", "--json", *arguments)
    (found,) = json.loads(done.out)["compared"]
    return done.status, found


@pytest.mark.parametrize(
    "there, answer",
    [(BOTH, "same"), (index([AGAIN, ARM_AGAIN]), "same-image"), (OTHER, "other")],
)
def test_what_a_source_has_is_held_against_what_upstream_published(
    here: Mirrors, desk: Desk, there: Made, answer: str
) -> None:
    put(here.upstream, {FREE: BOTH})
    assert desk.run("lock").status == 0
    put(here.aliyun, {FLAT: there})
    assert compared(desk, "--upgrade") == (
        answer == "other",
        {"name": FREE, "digest": there.digest, "published": BOTH.digest, "answer": answer},
    )
    assert pin(here).digest == there.digest


def test_where_nobody_published_anything_it_is_unknown(here: Mirrors, desk: Desk) -> None:
    put(here.aliyun, {FLAT: BOTH})
    assert compared(desk) == (
        0,
        {"name": FREE, "digest": BOTH.digest, "published": None, "answer": "unknown"},
    )
    assert here.upstream.asked == []


def test_an_earlier_pin_stays_also_with_a_source(here: Mirrors, desk: Desk) -> None:
    put(here.upstream, {FREE: BOTH})
    assert desk.run("lock").status == 0
    put(here.aliyun, {FLAT: OTHER})
    assert compared(desk)[1]["answer"] == "same"
    assert pin(here).digest == BOTH.digest


def test_a_source_s_tag_goes_before_a_published_digest_and_that_is_told_and_stays(
    here: Mirrors, desk: Desk
) -> None:
    wish(here, PAUSE)
    put(here.aliyun, {"x/google_containers/pause:3.6": BOTH})
    done = desk.run("lock", "--source", "aliyun")
    assert done.status == 0, done.err
    assert done.out.splitlines() == [f"unknown    {PAUSE}  {BOTH.digest}  published {PUBLISHED}"]
    assert pin(here).digest == BOTH.digest
    before = text(here)
    assert desk.run("lock", "--offline").status == 0
    assert text(here) == before


def test_what_the_source_lacks_stays_as_it_was_published(here: Mirrors, desk: Desk) -> None:
    wish(here, PAUSE)
    assert compared(desk)[1]["answer"] == "same"
    assert (pin(here).digest, pin(here).known) == (PUBLISHED, "expected")


def test_an_upgrade_by_name_gives_up_a_published_digest(here: Mirrors, desk: Desk) -> None:
    wish(here, PAUSE)
    put(here.upstream, {PAUSE: BOTH})
    assert desk.run("lock").status == 1
    assert desk.run("lock", "--upgrade").status == 1
    assert pin(here).digest == PUBLISHED
    assert desk.run("lock", "--upgrade", PAUSE).status == 0
    assert pin(here).digest == BOTH.digest
    assert desk.run("lock").status == 0
    assert pin(here).digest == BOTH.digest
