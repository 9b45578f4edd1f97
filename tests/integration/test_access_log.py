"""The access log: what a line says, what it never says, and who waits for it."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from mirrorkit.server.accesslog import AccessLog, as_json, plain
from mirrorkit.server.limits import Limits
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import blob_of_size
from tests.integration.guarded import MiB, guarded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "hunter2"
LINE = re.compile(
    r"(?P<remote>\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+) "-" '
    r'"(?P<agent>(?:[^"\\]|\\.)*)" \d+\.\d{3}'
)


async def _logged(
    store: DiskStore, line: Callable[..., str], *requests: tuple[str, tuple[str, ...]]
) -> list[str]:
    """Serve these requests one by one; return the log's lines."""
    file = store.root.parent / "access.log"
    with file.open("wb") as sink:
        async with guarded(store, Limits(), AccessLog(sink.fileno(), line)) as server:
            for path, headers in requests:
                await server.get(path, *headers)
    return file.read_text().splitlines()


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


async def test_a_plain_line_is_the_combined_format(store: DiskStore) -> None:
    digest = await blob_of_size(store, MiB)
    path = f"/v2/app/blobs/{digest}?ns=docker.io"
    requests = [(path, ("User-Agent: containerd/1.7",)), ("/nowhere", ())]
    found = [LINE.fullmatch(line) for line in await _logged(store, plain, *requests)]
    assert all(found)
    blob, nowhere = (line.groupdict() for line in found if line)
    assert blob["remote"] == "127.0.0.1"
    assert blob["request"] == f"GET {path} HTTP/1.1"
    assert (blob["status"], blob["agent"]) == ("200", "containerd/1.7")
    assert int(blob["bytes"]) >= (store.size(digest) or 0)
    assert (nowhere["status"], nowhere["request"]) == ("404", "GET /nowhere HTTP/1.1")


async def test_a_json_line_says_the_same_as_data(store: DiskStore) -> None:
    (line,) = await _logged(store, as_json, ("/livez", ("User-Agent: curl/8",)))
    found = json.loads(line)
    told = {name: found[name] for name in ("event", "remote", "method", "target", "status")}
    assert told == {
        "event": "request",
        "remote": "127.0.0.1",
        "method": "GET",
        "target": "/livez",
        "status": 200,
    }
    assert found["agent"] == "curl/8"
    assert found["seconds"] >= 0


@pytest.mark.parametrize("line", [plain, as_json])
@pytest.mark.parametrize(
    "path, headers",
    [
        (f"/files/a?X-Amz-Signature={SECRET}&ns=docker.io", ()),
        (f"/files/a?ns=docker.io&X-Amz-Signature={SECRET}", ()),
        (f"/files/a?ns={SECRET}%20&sig=1", ()),
        (f"/files/a?{SECRET}", ()),
        ("/v2/", (f"Authorization: Basic {SECRET}",)),
        ("/v2/", (f"Cookie: {SECRET}", f"Referer: http://x/?token={SECRET}")),
    ],
)
async def test_no_secret_is_logged(
    store: DiskStore, line: Callable[..., str], path: str, headers: tuple[str, ...]
) -> None:
    (found,) = await _logged(store, line, (path, headers))
    assert SECRET not in found


@pytest.mark.parametrize("line", [plain, as_json])
@pytest.mark.parametrize(
    "agent", ["\x9b31mred", 'x" 200 0 "-" "y', "a\\", "\x85next", "\xe4\xb8", "\t", "a" * 5000]
)
async def test_a_line_stays_one_line_of_plain_characters(
    store: DiskStore, line: Callable[..., str], agent: str
) -> None:
    (found,) = await _logged(store, line, ("/%0a%1b[0m", (f"User-Agent: {agent}",)))
    assert found.isascii()
    assert found.isprintable()
    assert len(found) < 1500
    if line is plain:
        assert LINE.fullmatch(found)
    else:
        sent = agent.strip("\t").encode("latin-1")[:200]
        assert json.loads(found)["agent"].encode("utf-8", "surrogateescape") == sent


async def test_a_log_that_nobody_reads_holds_up_no_answer_and_no_end(store: DiskStore) -> None:
    reading, writing = os.pipe()
    try:
        async with guarded(store, Limits(), AccessLog(writing, plain)) as server:
            client = await server.connect()
            for _ in range(3000):  # a pipe holds 64 KiB
                client.ask("/livez", f"User-Agent: {'a' * 200}")
                assert (await client.answer())[0] == 200
    finally:
        os.close(reading)
        os.close(writing)
