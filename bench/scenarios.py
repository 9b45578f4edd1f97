"""The six lines a sync is measured on; each scenario gives its figures and their goals."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from bench.largeclass import KICBASE, large_image
from bench.measure import Cost, middle, spent
from tests.fakes.call import Content
from tests.fakes.registry import fake_registry
from tests.lab.classroom import split_name
from tests.lab.line import bad_line
from tests.lab.nginx import nginx, proxy
from tests.lab.process import LOOPBACK, LabError, free_port, listening, wait_until
from tests.lab.product import Product, product_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.lab.images import Made

MIB = 1 << 20
_ZEROS = bytes(MIB)
PEAK_MOST = 150
"""Megabytes of memory at any moment, in each of them."""
RATE = 4 * MIB
SLOW_RATE = 3 * MIB // 2
CONNECTIONS = 8
STALL_SECONDS = 20
RESET_AFTER = 8 * MIB
SILENT_EVERY = 5
RANGE = 8 * MIB
LIE_EVERY, LIE_FIRST = 10, 4
"""Of a blob's ranges, which are wrong."""
MIRROR = "mirror.test"


class Figure(NamedTuple):
    """One measured figure beside its goal."""

    scenario: str
    cost: Cost
    value: float
    goal: float
    what: str
    peer: float | str = ""
    """What skopeo took, or how it ended."""
    is_least: bool = False
    """The goal is the least that it should be, not the most."""


class Bench(NamedTuple):
    """What all scenarios share."""

    place: Path
    images: Mapping[str, Made]
    upstream: str
    program: str
    rounds: int

    @property
    def large(self) -> dict[str, Made]:
        """The one large image."""
        return {KICBASE: self.images[KICBASE]}

    def sync(self, images: Mapping[str, Made], upstream: str, mirror: str = "") -> Cost:
        """Fill an empty store; from a mirror too, where one is given."""
        product = product_for(self.place, images, upstream, (self.program,)).at("filled")
        if mirror:
            hosts = {split_name(name)[0] for name in images}
            product.configure({**dict.fromkeys(hosts, upstream), MIRROR: mirror})
            product.lock(images, mirror=MIRROR)
        self._make_ready()
        cost = spent(product.command("sync", "--json"), self.place / "sync.log")
        self._complete(product, images)
        shutil.rmtree(product.store)
        return cost

    def events(self, kind: str) -> list[dict[str, str]]:
        """Return what the last sync told of one kind."""
        lines = (self.place / "sync.log").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in found if event.get("event") == kind]

    def skopeo(self, images: Mapping[str, Made], upstream: str) -> Cost:
        """Copy image by image, as skopeo does; what the layout has already is not copied again."""
        copy = ("skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false")
        target, costs = self.place / "skopeo", []
        self._make_ready()
        try:
            for name in images:
                _, repository, tag = split_name(name)
                source = f"docker://{upstream}/{repository}:{tag}"
                argv = (*copy, source, f"oci:{target}:{name}")
                costs.append(spent(argv, self.place / "skopeo.log"))
        finally:
            shutil.rmtree(target, ignore_errors=True)
        return Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs))

    def _make_ready(self) -> None:
        """Let nobody pay for what the run before left unwritten, or for memory to be found again.

        A virtual machine gives memory that was freed back to its host within seconds; the first
        touch of it then costs more than the copy that is measured.
        """
        os.sync()
        used = self.place / "used"
        with used.open("wb") as file:
            for _ in range(0, size_of(self.images), len(_ZEROS)):
                file.write(_ZEROS)
        used.unlink()

    def _complete(self, product: Product, images: Mapping[str, Made]) -> None:
        """Refuse a figure for work not done."""
        blobs = product.store / "blobs"
        sizes = {d: len(data) for made in images.values() for d, data in made.all_blobs().items()}
        missing = [
            digest
            for digest, size in sizes.items()
            if not (path := blobs / digest.replace(":", "/")).is_file()
            or path.stat().st_size != size
        ]
        if missing:
            raise LabError(f"{product.store}: lacks {len(missing)} of {len(sizes)} blobs")


def size_of(images: Mapping[str, Made]) -> int:
    """Return the bytes of images, each blob once."""
    blobs = {d: len(data) for made in images.values() for d, data in made.all_blobs().items()}
    return sum(blobs.values())


def loopback(bench: Bench) -> list[Figure]:
    """(a) Nothing in the way: the machine itself is the limit."""
    ours, theirs = [], []
    for _ in range(bench.rounds):
        ours.append(bench.sync(bench.images, bench.upstream))
        theirs.append(bench.skopeo(bench.images, bench.upstream))
    cost = Cost(
        middle([one.wall for one in ours]),
        middle([one.cpu for one in ours]),
        max(one.peak for one in ours),
    )
    wall, cpu = middle([one.wall for one in theirs]), middle([one.cpu for one in theirs])
    peer = f"{wall:.3g}/{cpu:.3g}"
    return [
        Figure("a loopback", cost, cost.wall / wall, 0.45, "wall / skopeo's", peer),
        Figure("a loopback", cost, cost.cpu / cpu, 1, "CPU / skopeo's", peer),
        Figure("a loopback", cost, cost.peak / 1e6, PEAK_MOST, "MB of memory", peer),
    ]


def slow(bench: Bench) -> list[Figure]:
    """(b) Each connection has a limit; one image."""
    server = proxy(bench.upstream, limit_rate="4m")
    with nginx(bench.place / "nginx", server, log=False):
        cost = bench.sync(bench.large, server.address)
        peer = bench.skopeo(bench.large, server.address)
    return [Figure("b 4 MiB/s each", cost, cost.wall, 14.5, "wall s", peer.wall)]


def resets(bench: Bench) -> list[Figure]:
    """(c) Each connection is reset before a large blob could pass."""
    with bad_line(bench.upstream, reset_after=RESET_AFTER) as line:
        cost = bench.sync(bench.images, line.address)
        share = line.drained / size_of(bench.images)
        peer: float | str = "gives up"
        with suppress(LabError):
            peer = bench.skopeo(bench.large, line.address).wall
    return [Figure("c reset at 8 MiB", cost, share, 1.02, "bytes drained / bytes", peer)]


def two_speeds(bench: Bench) -> list[Figure]:
    """(d) Two sources, each slow, and one slower."""
    fast = proxy(bench.upstream, limit_rate=str(RATE))
    slower = proxy(bench.upstream, limit_rate=str(SLOW_RATE))
    with nginx(bench.place / "nginx", fast, slower, log=False):
        cost = bench.sync(bench.large, fast.address, slower.address)
    rate = size_of(bench.large) / cost.wall
    share = rate / (CONNECTIONS * (RATE + SLOW_RATE))
    what = "rate / sum of both"
    return [Figure("d two sources", cost, share, 0.85, what, is_least=True)]


def silence(bench: Bench) -> list[Figure]:
    """(e) Every fifth connection says nothing, for ever."""
    with bad_line(bench.upstream, rate=RATE) as line:
        undisturbed = bench.sync(bench.large, line.address)
    with bad_line(bench.upstream, rate=RATE, silent_every=SILENT_EVERY) as line:
        cost = bench.sync(bench.large, line.address)
    share = (cost.wall - STALL_SECONDS) / undisturbed.wall
    what = f"(wall - {STALL_SECONDS} s) / {undisturbed.wall:.3g} s undisturbed"
    return [
        Figure("e 1 in 5 silent", cost, share, 1.3, what),
        Figure("e 1 in 5 silent", cost, cost.wall / undisturbed.wall, 1.3, "wall / undisturbed"),
    ]


def lies(bench: Bench) -> list[Figure]:
    """(f) One of two sources flips a bit in every tenth range; the first to be asked, or not."""
    size, found = size_of(bench.large), []
    with (
        _liar() as address,
        bad_line(address, rate=RATE) as wrong,
        bad_line(bench.upstream, rate=RATE) as right,
    ):
        for first, second, liar in (
            (wrong, right, split_name(KICBASE)[0]),
            (right, wrong, MIRROR),
        ):
            before = wrong.drained + right.drained
            cost = bench.sync(bench.large, first.address, second.address)
            extra = (wrong.drained + right.drained - before) / size - 1
            named = {e["source"] for e in bench.events("source-failed") if "wrong" in e["reason"]}
            # The second to be asked may happen to bring no wrong byte.
            if named - {liar} or not (named or liar == MIRROR):
                raise LabError(f"named as liars: {named or 'nobody'}, not {liar}")
            what = f"extra bytes / bytes; named: {liar if named else 'nobody'}"
            found.append(Figure("f bits flipped", cost, extra, 1, what))
    return found


@contextmanager
def _liar() -> Iterator[str]:
    """Serve the large image with wrong bits, in a process of its own."""
    port = free_port()
    process = get_context("spawn").Process(target=serve_wrong, args=(port,))
    process.start()
    try:
        wait_until(lambda: listening(port), 60, "the liar")
        yield f"{LOOPBACK}:{port}"
    finally:
        process.kill()
        process.join()


def serve_wrong(port: int) -> None:
    """Serve the large image until killed: every tenth range of its blobs with a bit flipped."""
    with fake_registry({KICBASE: large_image()}, port=port) as registry:
        for key, content in registry.contents.items():
            if key[1] == "blobs":
                registry.contents[key] = Content(_flipped(content.data), content.media_type)
        signal.pause()


def _flipped(data: bytes) -> bytes:
    wrong = bytearray(data)
    for place in range(LIE_FIRST * RANGE, len(wrong), LIE_EVERY * RANGE):
        wrong[place] ^= 1
    return bytes(wrong)


SCENARIOS: dict[str, Callable[[Bench], list[Figure]]] = {
    "a": loopback,
    "b": slow,
    "c": resets,
    "d": two_speeds,
    "e": silence,
    "f": lies,
}
