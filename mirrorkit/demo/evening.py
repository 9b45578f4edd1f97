"""The evening before a made-up class: init, lock, sync, by the product's own verbs."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.demo.told import Step, Unplugged
from mirrorkit.demo.upstream import open_upstream
from mirrorkit.documents.wish import parse_wish
from mirrorkit.errors import IncompleteError
from mirrorkit.flows.locking import Inquiry
from mirrorkit.progress import Tally, counted, readable
from mirrorkit.settings import CONFIGURATION_NAME, LOCK_NAME, WISH_NAME, Flags, load_settings
from mirrorkit.wiring import lock_wish, sync_once, write_locked

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.demo.told import Teller
    from mirrorkit.demo.upstream import Upstream
    from mirrorkit.documents.wish import Wish
    from mirrorkit.settings import Settings


class _Evening(NamedTuple):
    folder: Path
    settings: Settings
    upstream: Upstream
    tell: Teller


async def prepare(folder: Path, tell: Teller) -> Settings:
    """Prepare a made-up class in an empty folder, from an upstream that has ended when this does.

    Raises MirrorkitError when anything of it is missing or wrong.
    """
    text = (files(__package__) / "class.yaml").read_bytes()
    wish = parse_wish(text, "class.yaml")
    async with open_upstream(wish) as upstream:
        (folder / WISH_NAME).write_bytes(text)
        tell(Step("init", f"{WISH_NAME}: {_wished(wish)}"))
        evening = _Evening(folder, _settings(folder, upstream), upstream, tell)
        await _lock(evening)
        await _sync(evening)
    tell(Unplugged(upstream.asked))
    return evening.settings


def _wished(wish: Wish) -> str:
    kept = counted(len(wish.images), "image")
    return f"{kept} of a cluster, {counted(len(wish.lessons), 'lesson')}, made up"


def _settings(folder: Path, upstream: Upstream) -> Settings:
    """Send every registry of the class to the made-up upstream, as mirrorkit.yaml can."""
    text = {
        "store": str(folder / "store"),
        "endpoints": {host: {"url": upstream.url} for host in sorted(upstream.hosts)},
        "source_order": {"*": ["upstream"]},
    }
    file = folder / CONFIGURATION_NAME
    file.write_text(json.dumps(text, indent=1), encoding="utf-8")  # which YAML reads
    return load_settings(Flags(locks=(folder / LOCK_NAME,), config=file), {})


async def _lock(evening: _Evening) -> None:
    lock = evening.settings.locks[0]
    wish = evening.folder / WISH_NAME
    locked = await lock_wish(evening.settings, wish, Inquiry(), upgrade=frozenset())
    for name, reason in locked.failures.items():
        raise IncompleteError(f"{name} could not be locked: {reason}")
    write_locked(lock, locked)
    evening.tell(Step("lock", f"{lock.name}: {locked.summary()}"))


async def _sync(evening: _Evening) -> None:
    """Sync twice: once for the bytes, once to see that nothing is asked for again."""
    tally, began = Tally(), time.monotonic()
    report = await sync_once(evening.settings, tally.add)
    for error in report.failures.values():
        raise error
    asked, seconds = evening.upstream.asked, time.monotonic() - began
    counts = [report.completeness.count(kind) for kind in ("image", "file")]
    done = [sum(count[key] for count in counts) for key in ("complete", "total")]
    got = f"{readable(tally.fetched_in_all)} in {seconds:.1f} s"
    evening.tell(Step("sync", f"store: {done[0]} of {done[1]} complete, {got}, every byte checked"))
    await sync_once(evening.settings, tally.add)
    again = evening.upstream.asked - asked
    if again or not report.completeness.is_complete:
        raise IncompleteError(f"a second sync made {again} requests; nothing should be missing")
    evening.tell(Step("sync", "once more: all is held, no request made"))
