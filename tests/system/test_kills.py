"""A laptop that dies in mid-sync, again and again: nothing wrong is kept, nothing right is lost."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.spans import Parts, Span
from mirrorkit.store.ingest import journal_of
from mirrorkit.store.journal import Journal
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.command import check_store
from tests.lab.images import OCI, image
from tests.lab.layers import random_layer
from tests.lab.line import Line, bad_line
from tests.lab.process import environment, output, wait_until
from tests.lab.product import Product, product_for

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
SIZES = {"base": (24, 6, 0.1), "first": (40, 3), "second": (12, 12, 1.5), "third": (0.4, 0.2)}
IMAGES = {
    f"registry.k8s.io/{name}:v1": image(
        [random_layer(f"{name} {n}", int(size * MIB)) for n, size in enumerate(sizes)],
        kind=OCI,
        label=name,
    )
    for name, sizes in SIZES.items()
}
BLOBS = {digest: data for made in IMAGES.values() for digest, data in made.all_blobs().items()}
RATE = 8 * MIB
"""Bytes a second of a connection: so a kill meets several blobs half way."""
TAIL_MOST = 3 * MIB


@dataclass
class Evening:
    """One class, one store, one upstream behind a slow line; and a chance that always falls so."""

    product: Product
    upstream: FakeRegistry
    line: Line
    chance: random.Random
    vouched: dict[str, Parts] = field(default_factory=dict)
    """Of each blob what must not be asked for again: what the journals said, or all of it."""
    lost: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    """Of each blob, which file its journal was, and of how many lines, when all bytes from a place
    on were lost."""
    saved: int = 0
    """Bytes that some restart found vouched for, at most."""

    def kill_once(self, longest: int) -> None:
        """Sync, and kill it when a random number of bytes has come, at most `longest`."""
        before, goal = len(self.upstream.asked), self.chance.randrange(longest)
        target = self.line.drained + goal
        command = self.product.command("sync")
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            come = lambda: self.line.drained >= target or process.poll() is not None  # noqa: E731
            wait_until(come, 30, f"{goal} bytes")
        finally:
            process.kill()
            process.wait(30)
        self.look(before)

    def look(self, before: int) -> None:
        """Hold what was asked since against what was vouched for; then read the journals anew."""
        for asked in self.upstream.asked[before:]:
            _, kind, digest = asked.path.rsplit("/", 2)
            if kind == "blobs":
                span = Span(asked.start, asked.stop(len(BLOBS[digest])))
                known = self.vouched.get(digest, Parts())
                assert known.within(span) == [], f"{digest}: {span} was asked for again"
        store = self.product.store
        for digest, data in BLOBS.items():
            self.vouched[digest] = vouched_for(store, digest, len(data), self.lost.get(digest, []))
        self.saved = max(self.saved, sum(parts.count for parts in self.vouched.values()))

    def zero_a_tail(self) -> None:
        """Do to one partial what a power cut does: its last pages never came to the disk."""
        partials = sorted(self.product.store.glob("ingest/sha256-*[!l]"))
        partials = [one for one in partials if one.stat().st_size]
        if not partials:
            return
        partial = self.chance.choice(partials)
        size = partial.stat().st_size
        start = max(size - self.chance.randrange(1, TAIL_MOST), 0)
        with partial.open("r+b") as file:
            file.truncate(start)
            file.truncate(size)
        digest = partial.name.replace("-", ":", 1)
        journal = journal_of(partial)
        if journal.exists():
            count = len(list(Journal(journal).lines()))
            self.lost.setdefault(digest, []).append((journal.stat().st_ino, count, start))
        self.vouched[digest] = lines_of(partial, self.lost.get(digest, []))


def vouched_for(store: Path, digest: str, size: int, lost: list[tuple[int, int, int]]) -> Parts:
    """Return what needs no fetching: all that is published, and what a journal says is there."""
    if (store / "blobs" / digest.replace(":", "/")).exists():
        parts = Parts()
        parts.add(Span(0, size), "")
        return parts
    return lines_of(store / "ingest" / digest.replace(":", "-"), lost)


def lines_of(partial: Path, lost: list[tuple[int, int, int]]) -> Parts:
    """Return what a journal vouches for, without the lines about bytes that were lost since.

    A journal that was written anew has none of those.
    """
    parts, journal = Parts(), journal_of(partial)
    inode = journal.stat().st_ino if journal.exists() else 0
    for number, line in enumerate(Journal(journal).lines()):
        is_lost = any(
            which == inode and number < count and line.stop > start for which, count, start in lost
        )
        if line.hash and not is_lost:
            parts.add(line.span, "")
    return parts


@pytest.mark.parametrize("kills, is_power_lost", [(100, False), (25, True)], ids=["kill", "power"])
def test_after_kills_at_random_moments_one_run_ends_it_and_nothing_is_fetched_twice(
    tmp_path: Path, kills: int, *, is_power_lost: bool
) -> None:
    with fake_registry(IMAGES) as upstream, bad_line(upstream.address, rate=RATE) as line:
        product = product_for(tmp_path, IMAGES, line.address)
        chance = random.Random(kills)  # noqa: S311 - the same moments each time
        evening = Evening(product, upstream, line, chance)
        for number in range(kills):
            # Most die young; some live long enough to journal what is not the beginning.
            evening.kill_once(30 * MIB if number % 10 == 9 else MIB)
            check_store(product.store)
            if is_power_lost:
                evening.zero_a_tail()
        assert evening.saved > 8 * MIB
        before = len(upstream.asked)
        ended = product("sync")
        assert ended.returncode == 0, ended.stderr
        evening.look(before)
    assert check_store(product.store) == set(IMAGES)
    for digest, data in BLOBS.items():
        assert (product.store / "blobs" / digest.replace(":", "/")).read_bytes() == data
        assert str(Digest.of(data)) == digest
    assert list(product.store.glob("ingest/*")) == []
    for name in IMAGES:
        copy = ("skopeo", "--insecure-policy", "copy", "--quiet", f"oci:{product.store}:{name}")
        output((*copy, f"dir:{tmp_path}/{name.replace('/', '-')}"))
