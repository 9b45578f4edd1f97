"""One line a request, plain or JSON: no secrets, no control characters, no waiting for disks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
import time
from functools import lru_cache
from queue import Full, Queue
from threading import Thread
from typing import TYPE_CHECKING, Final

from mirrorkit.server.send import SENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import StreamResponse
    from aiohttp.web_request import BaseRequest

_log: Final = logging.getLogger(__name__)
_NS: Final = re.compile(r"\A(?:.*&)?(ns=[A-Za-z0-9.:\[\]-]{1,255})(?:&|\Z)")
_AGENT_MOST: Final = 200
_GATHER_SECONDS: Final = 0.1
_BATCHES_MOST: Final = 64
_LINES_MOST: Final = 10_000


class AccessLog:
    """Hands lines to a thread that writes them; `line` makes one of a request, its answer, seconds.

    While nobody reads the file, lines gather to some ten thousands; further ones are dropped, and
    how many is said.
    """

    def __init__(
        self, file: int, line: Callable[[BaseRequest, StreamResponse, float], str]
    ) -> None:
        self._file = file
        self._line = line
        self._lines: list[str] = []
        self._dropped = 0
        self._batches: Queue[bytes] = Queue(_BATCHES_MOST)
        # A daemon, for a pipe that nobody reads must not keep the process alive.
        self._writer = Thread(target=self._write, name="access log", daemon=True)
        self._writer.start()

    def write(self, request: BaseRequest, response: StreamResponse, seconds: float) -> None:
        """Add a line for an answer that took so long."""
        if len(self._lines) >= _LINES_MOST:
            self._dropped += 1
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._hand_over)
        self._lines.append(self._line(request, response, seconds))

    def close(self) -> None:
        """Write what is left, unless nobody reads it."""
        self._hand_over()
        try:
            self._batches.put_nowait(b"")
        except Full:
            return
        self._writer.join(timeout=1)

    def _hand_over(self) -> None:
        if not self._lines:
            return
        try:
            self._batches.put_nowait("".join(self._lines).encode())
        except Full:
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._hand_over)
            return
        self._lines = []
        if self._dropped:
            _log.warning("the access log is not read fast enough: %d lines lost", self._dropped)
            self._dropped = 0

    def _write(self) -> None:
        while left := self._batches.get():
            try:
                while left:
                    left = left[os.write(self._file, left) :]
            except OSError:
                return


def open_access_log(kind: str) -> AccessLog | None:
    """Open the log on stdout; `kind` is off, plain or json."""
    # The file itself, for Python's own buffer would be waited for at the end of the process.
    lines = {"plain": plain, "json": as_json}
    return AccessLog(sys.stdout.fileno(), lines[kind]) if kind in lines else None


def plain(request: BaseRequest, response: StreamResponse, seconds: float) -> str:
    """Make a line in Apache's combined format, with the seconds at its end."""
    where = _target(request)
    agent = _quotable(request.headers.get("User-Agent", "-")[:_AGENT_MOST])
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    return (
        f"{request.remote or '-'} - - [{_moment(int(time.time()))}] "
        f'"{_quotable(request.method)} {_quotable(where)} {version}" '
        f'{response.status} {_sent(response)} "-" "{agent}" {seconds:.3f}\n'
    )


def as_json(request: BaseRequest, response: StreamResponse, seconds: float) -> str:
    """Make a JSON object on one line; seconds and bytes are numbers."""
    line = {
        "event": "request",
        "at": round(time.time(), 3),
        "remote": request.remote,
        "method": request.method,
        "target": _target(request),
        "status": response.status,
        "bytes": _sent(response),
        "seconds": round(seconds, 6),
        "agent": request.headers.get("User-Agent", "")[:_AGENT_MOST],
    }
    return json.dumps(line) + "\n"


def _target(request: BaseRequest) -> str:
    """Return the path and, of the query, `ns` alone: a presigned URL has its secret there."""
    url = request.rel_url
    if not url.raw_query_string:
        return url.raw_path
    ns = _NS.match(url.raw_query_string)
    return f"{url.raw_path}?{ns[1] if ns else '...'}"


def _sent(response: StreamResponse) -> int:
    by_sendfile: int = response.get(SENT, 0)
    return response.body_length + by_sendfile


def _quotable(text: str) -> str:
    """Escape as JSON does whatever could end a line, a quotation, or move a terminal's cursor."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return json.dumps(text)[1:-1].replace("\x7f", "\\u007f")


@lru_cache(maxsize=1)
def _moment(second: int) -> str:
    """Spell a second as Apache does."""
    return time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(second))
