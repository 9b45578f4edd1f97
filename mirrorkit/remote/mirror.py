"""A mirror of ours, asked as a student's machine asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import aiohttp
from yarl import URL

from mirrorkit.content import LOOK
from mirrorkit.errors import UnreachableError, UpstreamError
from mirrorkit.oci.mediatypes import DOCUMENTS
from mirrorkit.remote.answers import read_capped, reason

if TYPE_CHECKING:
    from types import TracebackType

_TIMES: Final = aiohttp.ClientTimeout(total=20.0, connect=5.0)
_BODY_MOST: Final = 16 << 20
_HEADERS: Final = {"Accept": ", ".join((*sorted(DOCUMENTS), "*/*")), LOOK: "1"}


class MirrorServer:
    """One mirror at HOST:PORT, by plain HTTP; it is in the room, so no proxy is asked."""

    def __init__(self, address: str) -> None:
        self._root = f"http://{address}"
        self._session = aiohttp.ClientSession(timeout=_TIMES, headers=_HEADERS, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> bytes:
        """Return the body of an answer, whatever its status; UnreachableError without one."""
        _, body = await self._ask("GET", path)
        return body

    async def head(self, path: str) -> int:
        """Return the status of an answer; UnreachableError without one."""
        status, _ = await self._ask("HEAD", path)
        return status

    async def _ask(self, method: str, path: str) -> tuple[int, bytes]:
        url = URL(f"{self._root}{path}", encoded=True)
        try:
            async with self._session.request(method, url, allow_redirects=False) as answer:
                return answer.status, await read_capped(answer, _BODY_MOST)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnreachableError(reason(error)) from error
        except UpstreamError as error:
            raise UnreachableError(error.message) from error
