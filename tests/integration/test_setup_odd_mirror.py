"""setup.sh where what answers at the mirror's port does not answer as a mirror does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.lab.script import called
from tests.lab.student import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Odd(BaseHTTPRequestHandler):
    """Says five bytes and sends ten, on a day that no calendar has."""

    def do_HEAD(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nDate: today GMT\r\nContent-Length: 5\r\n\r\n")

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")


@pytest.fixture
def odd() -> Iterator[str]:
    """Serve on a free port; the HOST:PORT."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_date_that_is_none_ends_no_check(shell: str, odd: str, tmp_path: Path) -> None:
    done = called(SHELLS[shell], tmp_path, "PORCELAIN=1 DRIVER=docker", "check_network", mirror=odd)
    assert done.returncode == 0
    assert done.stderr == ""
    codes = [line.split("\t")[1] for line in done.stdout.splitlines()]
    assert codes == ["MIRROR", "PROXY", "FAKEIP"]


@pytest.mark.parametrize("shell", SHELLS)
def test_more_bytes_than_were_told_end_a_download_and_begin_it_not_for_ever(
    shell: str, odd: str, tmp_path: Path
) -> None:
    call = f"fetch http://{odd}/files/x {tmp_path}/there ''"
    done = called(SHELLS[shell], tmp_path, "REPORT=", call, mirror=odd)
    assert done.returncode == 6
    assert done.stderr.startswith("HASH: ")
    assert not (tmp_path / "there").exists()
