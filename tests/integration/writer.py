"""A process that writes to a store, for tests that watch one, hinder one or kill one.

    writer.py ROOT DIGEST SIZE [NAME ...]

It says `at OFFSET` and takes the rest of the blob on stdin, or says `held`; then it says
`published`, and `tagged NAME` for each name. An error's code and hint go to stderr.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mirrorkit.errors import MirrorkitError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.lab.ingests import append, offset


async def write(root: str, digest: str, size: str, *names: str) -> None:
    """Do what the arguments say."""
    store = DiskStore(Path(root))
    blob = Descriptor("application/octet-stream", Digest(digest), int(size))
    async with store.ingest(blob) as ingest:
        say(f"at {offset(ingest)}" if ingest else "held")
        if ingest:
            while data := os.read(0, 1 << 16):
                await append(ingest, data)
            await ingest.publish()
            say("published")
    for name in names:
        await store.tag(Reference.parse(name), blob)
        say(f"tagged {name}")


def say(line: str) -> None:
    """Say it at once and as one write."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(write(*sys.argv[1:]))
    except MirrorkitError as error:
        sys.exit(f"{error.code}: {error.message} ({error.hint})")
