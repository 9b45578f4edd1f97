"""Whatever stops a writer, and whenever: what is visible is right, and the next one ends it."""

from __future__ import annotations

import json
import random
import signal
from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.ingest import journal_of
from mirrorkit.store.journal import Journal, noted
from tests.integration.watched import Call, blob_of, calls_of, files_below, write_all, writer
from tests.lab.layers import random_layer
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

BODY = random_layer("crashes", 5 << 20).data
DIGEST = blob_of(BODY).digest
NAME = "registry.k8s.io/pause:3.6"
WRITES = "pwritev,pwritev2"  # which of them Python calls depends on how it was built
CALLS = f"write,{WRITES},ftruncate,fsync,fdatasync,rename,renameat,renameat2"


def traced(root: Path, log: Path) -> list[Call]:
    """Write BODY and name it; return the system calls that matter, in order."""
    prefix = ("strace", "-f", "-y", "-s", "200", "-o", str(log), "-e", f"trace={CALLS}")
    assert write_all(root, BODY, NAME, prefix=prefix)[0] == 0
    return calls_of(log)


def assert_order(calls: list[Call], root: Path, temporary: str, final: str, told: str) -> None:
    """Hold a publication to: write, fsync, rename, fsync of the directory, and only then tell."""
    written = [c for c in calls if "write" in c.name and f"{root}/{temporary}" in c.arguments]
    synced = [c for c in calls if "sync" in c.name and f"{root}/{temporary}" in c.arguments]
    renamed = [c for c in calls if "rename" in c.name and f'"{root}/{final}"' in c.arguments]
    folder = (root / final).parent
    kept = [c for c in calls if c.name == "fsync" and f"<{folder}>)" in c.arguments]
    told_at = [c for c in calls if c.name == "write" and f'"{told}\\n"' in c.arguments]
    rename = renamed[-1]  # a new store's empty index is the first
    assert f'"{root}/{temporary}' in rename.arguments
    assert written
    assert any(max(w.ended for w in written) < s.began and s.ended < rename.began for s in synced)
    assert any(rename.ended < k.began and k.ended < told_at[0].began for k in kept)


@pytest.mark.parametrize(
    "temporary, final, told",
    [
        (f"ingest/sha256-{DIGEST.hex}", f"blobs/sha256/{DIGEST.hex}", "published"),
        (".index.json", "index.json", f"tagged {NAME}"),
    ],
    ids=["blob", "index"],
)
def test_what_is_told_done_was_written_and_synced_and_renamed_and_its_folder_synced(
    tmp_path: Path, temporary: str, final: str, told: str
) -> None:
    root = tmp_path / "store"
    calls = traced(root, tmp_path / "log")
    assert_order(calls, root, temporary, final, told)


def test_the_blob_is_on_disk_before_the_index_names_it(tmp_path: Path) -> None:
    root = tmp_path / "store"
    calls = traced(root, tmp_path / "log")
    blob_kept = [c for c in calls if c.name == "fsync" and f"<{root}/blobs/sha256>)" in c.arguments]
    named = [c for c in calls if "rename" in c.name and f'"{root}/index.json"' in c.arguments]
    assert blob_kept[0].ended < named[-1].began


@pytest.mark.parametrize("file", ["oci-layout", "index.json"])
def test_a_new_store_s_own_files_are_synced_before_they_have_their_names(
    tmp_path: Path, file: str
) -> None:
    root = tmp_path / "store"
    calls = traced(root, tmp_path / "log")
    rename = next(c for c in calls if "rename" in c.name and f'/{file}")' in c.arguments)
    temporary = rename.arguments.split('"')[1]
    synced = [c for c in calls if c.name == "fsync"]
    assert any(f"<{temporary}>)" in c.arguments and c.ended < rename.began for c in synced)
    told = next(c for c in calls if '"at 0\\n"' in c.arguments)
    kept = [c for c in synced if f"<{root}>)" in c.arguments]
    assert any(rename.ended < c.began and c.ended < told.began for c in kept)


def assert_nothing_wrong_is_visible(root: Path) -> None:
    for path in root.glob("blobs/sha256/*"):
        assert Digest.of(path.read_bytes()).hex == path.name
    for name, descriptor in DiskStore(root).index().names.items():
        assert str(name) == NAME
        assert (root / "blobs" / "sha256" / descriptor.digest.hex).exists()


def assert_next_run_ends_it(root: Path) -> None:
    status, _, said = write_all(root, BODY, NAME)
    assert (status, said.splitlines()[-1]) == (0, f"tagged {NAME}")
    assert (root / "blobs" / "sha256" / DIGEST.hex).read_bytes() == BODY
    assert DiskStore(root).index().names[Reference.parse(NAME)].digest == DIGEST
    assert json.loads((root / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert not files_below(root / "ingest")


def wait_for_bytes(path: Path, count: int) -> None:
    wait_until(lambda: path.stat().st_size >= count, 20, f"{count} bytes")


def test_kill_9_at_random_points_loses_nothing_that_was_journalled(tmp_path: Path) -> None:
    partial = tmp_path / "ingest" / f"sha256-{DIGEST.hex}"
    journal = Journal(journal_of(partial))
    chance, vouched = random.Random(22), 0  # noqa: S311 - the same points each time
    for _ in range(15):
        with writer(tmp_path, blob_of(BODY), NAME) as one:
            offset = int(one.line().removeprefix("at "))
            assert offset == vouched
            count = min(len(BODY) - 1, offset + chance.randrange(600_000, 1_600_000))
            one.give(BODY[offset:count])
            # It writes in larger steps than it receives: a kill loses what was not yet written.
            goal = chance.randrange(offset, max(offset + 1, count - (1 << 20)))
            wait_for_bytes(partial, goal)
            one.process.kill()
            one.process.wait(30)
        vouched = noted(journal)
        assert offset <= vouched <= partial.stat().st_size
        assert partial.read_bytes()[:vouched] == BODY[:vouched]
        assert_nothing_wrong_is_visible(tmp_path)
        assert not DiskStore(tmp_path).index().names
    assert vouched > 1 << 20
    assert_next_run_ends_it(tmp_path)


def test_what_a_power_cut_took_is_fetched_again_and_nothing_else(tmp_path: Path) -> None:
    partial = tmp_path / "ingest" / f"sha256-{DIGEST.hex}"
    with writer(tmp_path, blob_of(BODY), NAME) as one:
        assert one.line() == "at 0"
        one.give(BODY[:-1])
        wait_for_bytes(partial, 3 << 20)
        one.process.kill()
        one.process.wait(30)
    before = noted(Journal(journal_of(partial)))
    with partial.open("r+b") as file:  # the journal's lines came to the disk before their bytes
        file.truncate(before - 1)
        file.truncate(before)
    status, offset, said = write_all(tmp_path, BODY, NAME)
    assert (status, said.splitlines()[-1]) == (0, f"tagged {NAME}")
    assert offset is not None
    assert before - (2 << 20) <= offset < before
    assert partial_is_gone(tmp_path)


def partial_is_gone(root: Path) -> bool:
    return not files_below(root / "ingest")


@pytest.mark.parametrize(
    "call, place",
    [
        ("mkdir", "blobs"),
        ("mkdir", "ingest"),
        ("rename", ".oci-layout.new"),
        ("rename", ".index.json.new"),
        ("fsync", ""),
        (WRITES, f"ingest/sha256-{DIGEST.hex}"),
        ("fsync", f"ingest/sha256-{DIGEST.hex}"),
        ("rename", f"ingest/sha256-{DIGEST.hex}"),
        ("fsync", "blobs/sha256"),
        ("openat", "index.lock"),
    ],
)
@pytest.mark.parametrize("is_again", [False, True], ids=["once", "twice"])
def test_kill_9_at_each_step_leaves_a_store_that_the_next_run_fills(
    tmp_path: Path, call: str, place: str, *, is_again: bool
) -> None:
    root = tmp_path / "store"
    fault = ("-P", str(root / place), "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL")
    prefix = ("strace", "-f", "-o", "/dev/null", *fault)
    assert write_all(root, BODY, NAME, prefix=prefix)[0] == -signal.SIGKILL
    assert_nothing_wrong_is_visible(root)
    if is_again:
        write_all(root, BODY, NAME, prefix=prefix)
        assert_nothing_wrong_is_visible(root)
    assert_next_run_ends_it(root)


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_kill_9_while_naming_leaves_the_index_as_it_was(tmp_path: Path, call: str) -> None:
    assert write_all(tmp_path, BODY)[0] == 0
    before = (tmp_path / "index.json").read_bytes()
    fault = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL")
    prefix = ("strace", "-f", "-o", "/dev/null", *fault)
    with writer(tmp_path, blob_of(BODY), NAME, prefix=prefix) as one:
        assert one.line() == "held"
        one.end()
        assert one.process.returncode == -signal.SIGKILL
    assert (tmp_path / "index.json").read_bytes() == before
    assert_next_run_ends_it(tmp_path)


def test_every_folder_of_a_new_store_is_synced_into_the_one_above(tmp_path: Path) -> None:
    root = tmp_path / "store"
    calls = traced(root, tmp_path / "log")
    told = next(c for c in calls if '"published\\n"' in c.arguments)
    synced = [c for c in calls if c.name == "fsync" and c.ended < told.began]
    above = {root.parent, root, root / "blobs"}
    assert {folder for folder in above if any(f"<{folder}>)" in c.arguments for c in synced)} == (
        above
    )
