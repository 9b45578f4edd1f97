"""What a bad registry answers: each function returns an answer for `FakeRegistry.fail`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.call import PIECE, Content, honest
from tests.lab.layers import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from tests.fakes.call import Call
    from tests.fakes.registry import Answer, Gate

ENDLESS = 64 << 20
"""An endless body ends here, so that a client without a limit is found out rather than killed."""


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """Answer with a status."""

    async def answer(call: Call) -> web.StreamResponse:
        return await call.send(code, body, headers)

    return answer


def redirect(location: str, code: int = 307) -> Answer:
    """Send the client elsewhere; `{path}` stands for what it asked."""

    async def answer(call: Call) -> web.StreamResponse:
        return await call.send(code, b"", {"Location": location.format(path=call.asked.path)})

    return answer


def instead(data: bytes, media_type: str = "application/octet-stream") -> Answer:
    """Serve other bytes, honestly in every other way."""

    async def answer(call: Call) -> web.StreamResponse:
        return await honest(replace(call, content=Content(data, media_type)))

    return answer


async def flipped(call: Call) -> web.StreamResponse:
    """Serve wrong bytes of the right length."""
    return await instead(bytes((call.data[0] ^ 1,)) + call.data[1:])(call)


async def longer(call: Call) -> web.StreamResponse:
    """Serve one byte more than there is, and announce it."""
    return await instead(call.data + b"x")(call)


async def shorter(call: Call) -> web.StreamResponse:
    """Serve a body that is cut short, and announce it so."""
    return await instead(call.data[:-7])(call)


async def whole(call: Call) -> web.StreamResponse:
    """Know nothing of ranges."""
    return await call.send(200, call.data)


def ranged(content_range: str) -> Answer:
    """Answer a range with a Content-Range of one's own; {start}, {end} and {size} are the truth."""

    async def answer(call: Call) -> web.StreamResponse:
        start, size = call.asked.start, len(call.data)
        stop = call.asked.stop(size)
        said = content_range.format(start=start, end=stop - 1, size=size)
        return await call.send(206, call.data[start:stop], {"Content-Range": said})

    return answer


def cut(after: int) -> Answer:
    """Announce all, send some bytes, hang up."""

    async def answer(call: Call) -> web.StreamResponse:
        start, size = call.asked.start, len(call.data)
        stop = call.asked.stop(size)
        headers = {"Content-Length": str(stop - start), "Connection": "close"}
        is_part = (start, stop) != (0, size)
        if is_part:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        response = await call.begin(206 if is_part else 200, headers)
        response.force_close()
        await call.write(call.data[start : min(start + after, stop)])
        return response

    return answer


def stopped(after: int, gate: Gate, *, resets: bool = False) -> Answer:
    """Send some bytes and wait at a gate; then send the rest, or reset the connection."""

    async def answer(call: Call) -> web.StreamResponse:
        response = await call.begin(200, {"Content-Length": str(len(call.data))})
        await call.write(call.data[:after])
        await gate.passed()
        if resets:
            call.reset()
        else:
            await call.write(call.data[after:])
        return response

    return answer


def stuck(after: int, gate: Gate) -> Answer:
    """Send some bytes of what was asked, then nothing until the gate opens."""

    async def answer(call: Call) -> web.StreamResponse:
        start, size = call.asked.start, len(call.data)
        stop = call.asked.stop(size)
        said = f"bytes {start}-{stop - 1}/{size}"
        headers = {"Content-Length": str(stop - start), "Content-Range": said}
        response = await call.begin(206, headers)
        await call.write(call.data[start : start + after])
        await gate.passed()
        return response

    return answer


def held(gate: Gate, then: Answer = honest) -> Answer:
    """Say nothing until the gate opens."""

    async def answer(call: Call) -> web.StreamResponse:
        await gate.passed()
        return await then(call)

    return answer


def endless(code: int = 200, piece: bytes = b" " * PIECE) -> Answer:
    """Send without end, without saying how much."""

    async def answer(call: Call) -> web.StreamResponse:
        response = await call.begin(code, {"Content-Type": "application/json"})
        while call.asked.sent < ENDLESS:
            await call.write(piece)
        return response

    return answer


def flipping(*places: int) -> Answer:
    """Serve a flipped bit at each of these bytes, honestly in every other way."""

    async def answer(call: Call) -> web.StreamResponse:
        data = bytearray(call.data)
        for place in places:
            data[place] ^= 1
        return await instead(bytes(data))(call)

    return answer


def saying(headers: Mapping[str, str]) -> Answer:
    """Serve the whole content with more headers."""

    async def answer(call: Call) -> web.StreamResponse:
        media_type = call.content.media_type if call.content else "text/plain"
        named = {"Docker-Content-Digest": digest_of(call.data), "Content-Type": media_type}
        return await call.send(200, call.data, {**named, **headers})

    return answer
