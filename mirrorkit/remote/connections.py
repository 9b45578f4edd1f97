"""One request over one connection: to whom, how near, through which proxy, with which TLS."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

import aiohttp

from mirrorkit import __version__
from mirrorkit.errors import UnreachableError, UpstreamError
from mirrorkit.remote.addresses import Reach, TooNearError, reach_of, socket_factory
from mirrorkit.remote.answers import proxy_login_missing, reason
from mirrorkit.remote.proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yarl import URL

    from mirrorkit.remote.addresses import ReachOf
    from mirrorkit.remote.tls import Contexts

_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 20.0
_READ_SIZE: Final = 256 * 1024
_SILENT_SECONDS: Final = 30.0
_NAMELESS_SECONDS: Final = 10.0
_REACH_HINT: Final = "check the network, or give it another endpoint in mirrorkit.yaml"


class Answer(aiohttp.ClientResponse):
    """An answer that knows how near the address is that it came from."""

    most: Reach = Reach.HOST
    """How near it might have been."""
    reach: Reach = Reach.GLOBAL
    _peer: str | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> Answer:
        """Read the head of the answer."""
        # Afterwards is too late: a short answer gives its connection back at once.
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self._peer = peer[0] if peer else None
        await super().start(connection)
        return self

    def judge(self, reach: ReachOf) -> None:
        """Note how near its sender is; one behind a proxy is somewhere."""
        if self._peer is not None:
            self.reach = reach(self._peer)


class Connections:
    """The connections of one run: a pool for each reach, so that none is used beyond its own."""

    def __init__(
        self,
        a_host: int,
        contexts: Contexts,
        *,
        reach: ReachOf = reach_of,
        is_patient: bool = True,
    ) -> None:
        self._a_host = a_host
        self._contexts = contexts
        self._reach = reach
        self._is_patient = is_patient
        self._proxies = Proxies()
        self._sessions: dict[Reach, aiohttp.ClientSession] = {}
        self._silent: dict[URL, tuple[float, UnreachableError]] = {}
        """Until when an origin is not asked, and what became of asking it."""

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    async def send(self, url: URL, headers: Mapping[str, str], method: str, most: Reach) -> Answer:
        """Send one request, to no address nearer than `most`, and return the head of its answer.

        UnreachableError when nobody answers there, UpstreamError when nobody may be asked there.
        """
        origin, proxy = url.origin(), self._proxies.proxy_for(url)
        self._refuse_silent(origin)
        if proxy is not None and proxy.scheme == "https" and self._contexts.is_own(origin):
            # aiohttp would speak to the proxy with them too.
            raise UpstreamError(
                f"{origin} has TLS settings, which an https proxy must not see",
                hint=f"name {url.host} in NO_PROXY, or take an http:// proxy",
            )
        # What a proxy connects to is the proxy's to check; it may well be near itself.
        session = self._session(most if proxy is None else Reach.HOST)
        try:
            answer = await session.request(
                method,
                url,
                headers=headers,
                allow_redirects=False,
                proxy=proxy,
                ssl=self._contexts.context(origin),
            )
        except aiohttp.ConnectionTimeoutError as error:
            # Each try costs ten seconds: the other images need not pay them again.
            message = f"{origin} gave no connection in time"
            raise self._silent_for(origin, _SILENT_SECONDS, message) from error
        except aiohttp.ClientHttpProxyError as error:
            raise _untunnelled(origin, error.status) from error
        except aiohttp.InvalidURL as error:  # 2130706433 and its like
            raise UpstreamError(f"{origin} has a host that is no name and no address") from error
        except aiohttp.ClientConnectorDNSError as error:
            message = f"{origin} cannot be reached: {reason(error)}"
            raise self._silent_for(origin, _NAMELESS_SECONDS, message) from error
        except aiohttp.ClientConnectorError as error:
            raise self._uncalled(origin, proxy, error) from error
        found = cast("Answer", answer)
        found.most = most
        if proxy is None:
            found.judge(self._reach)
        return found

    def _silent_for(self, origin: URL, seconds: float, message: str) -> UnreachableError:
        """Remember that nobody is there, so that a class of images learns it once."""
        error = UnreachableError(message, hint=_REACH_HINT, is_unreached=True)
        until = time.monotonic() + seconds if self._is_patient else math.inf
        self._silent[origin] = until, error
        return error

    def _refuse_silent(self, origin: URL) -> None:
        until, error = self._silent.get(origin, (0.0, None))
        if error is not None and until > time.monotonic():
            raise UnreachableError(
                error.message, hint=error.hint, is_remembered=True, is_unreached=True
            )

    def _uncalled(
        self, origin: URL, proxy: URL | None, error: aiohttp.ClientConnectorError
    ) -> UpstreamError:
        unreached = _unreached(origin, proxy, error)
        if isinstance(unreached, UnreachableError) and not self._is_patient:
            self._silent[origin] = math.inf, unreached
        return unreached

    def _session(self, most: Reach) -> aiohttp.ClientSession:
        if most not in self._sessions:
            self._sessions[most] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=self._a_host,
                    socket_factory=socket_factory(most, self._reach),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                response_class=Answer,
                auto_decompress=False,
                headers={"Accept-Encoding": "identity", "User-Agent": f"mirrorkit/{__version__}"},
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
                ),
                read_bufsize=_READ_SIZE,
            )
        return self._sessions[most]


def _untunnelled(origin: URL, status: int) -> UpstreamError:
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return proxy_login_missing(origin.host or "")
    return UnreachableError(
        f"{origin} cannot be reached: the proxy answered {status}",
        hint=_REACH_HINT,
        is_unreached=True,
    )


def _unreached(
    origin: URL, proxy: URL | None, error: aiohttp.ClientConnectorError
) -> UpstreamError:
    if isinstance(error.os_error, TooNearError):
        return UpstreamError(
            f"{origin} is inside this network, and a server outside led there",
            hint="choose another source with --source; only one that is inside too may lead there",
        )
    through = f" through the proxy {proxy.host}" if proxy is not None else ""
    message = f"{origin} cannot be reached{through}: {reason(error)}"
    return UnreachableError(message, hint=_REACH_HINT, is_unreached=True)
