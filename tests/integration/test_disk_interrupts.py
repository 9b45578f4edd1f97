"""Ctrl-C while the disk is slow: a lock is held for as long as something is written under it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.integration.watched import blob_of, write_all, writer
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

BODY = b"x" * 100_000
SLOW = ("-e", "trace=fsync", "-e", "inject=fsync:delay_exit=3000000")


def strace(log: Path, path: Path) -> tuple[str, ...]:
    return ("strace", "-f", "-o", str(log), "-P", str(path), *SLOW)


def test_a_name_given_while_an_interrupted_writer_ends_is_not_lost(tmp_path: Path) -> None:
    assert write_all(tmp_path, BODY)[0] == 0
    prefix = ("strace", "-f", "-o", "/dev/null", *SLOW)
    with writer(tmp_path, blob_of(BODY), "interrupted", prefix=prefix) as first:
        assert first.line() == "held"
        wait_until(lambda: any_written(tmp_path), 20, "a new index")
        os.killpg(first.process.pid, signal.SIGINT)
        status, _, said = write_all(tmp_path, BODY, "kept")
        assert (status, said.splitlines()[-1]) == (0, "tagged kept")
        first.end()
    assert Reference.parse("kept") in DiskStore(tmp_path).index().names


def any_written(root: Path) -> bool:
    return any(path.stat().st_size for path in root.glob(".index.json.*"))


def test_a_blob_that_an_interrupted_writer_still_publishes_is_no_other_s_to_write(
    tmp_path: Path,
) -> None:
    blob = blob_of(BODY)
    partial = tmp_path / "ingest" / f"sha256-{blob.digest.hex}"
    with writer(tmp_path, blob, prefix=strace(tmp_path / "log", partial)) as first:
        assert first.line() == "at 0"
        first.give(BODY)
        first.stdin.close()
        wait_until(lambda: "fsync" in (tmp_path / "log").read_text(), 20, "publishing")
        os.killpg(first.process.pid, signal.SIGINT)
        with writer(tmp_path, blob) as second:
            answer = second.line()
            first.process.wait(60)
            if answer != "held":
                second.give(BODY[int(answer.removeprefix("at ")) :])
            said = second.end()
            assert (second.process.returncode, said) in {(0, "published\n"), (0, "")}
    assert DiskStore(tmp_path).read(blob.digest) == BODY
