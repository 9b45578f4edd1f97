"""HTTP to registries: endpoints, authorization, redirects, limits; what failed becomes an error."""

from __future__ import annotations

import ipaddress
import time
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from mirrorkit import __version__
from mirrorkit.errors import (
    UnreachableError,
    UpstreamError,
)
from mirrorkit.remote.answers import plain, read_capped, reason, refuse
from mirrorkit.remote.auth import TOKEN_MAX, Authorizer, login_name
from mirrorkit.remote.credentials import docker_credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mirrorkit.events import Listener

_HUB_HOST: Final = "registry-1.docker.io"
_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 20.0
_CONNECTIONS_A_HOST: Final = 8
_READ_SIZE: Final = 256 * 1024
_HOPS_MAX: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SILENT_SECONDS: Final = 30.0
_REACH_HINT: Final = "check the network, or give it another endpoint in mirrorkit.yaml"


class Transport:
    """One conversation with any number of registries, for one run."""

    def __init__(
        self,
        endpoints: Mapping[str, str],
        *,
        connections: int = _CONNECTIONS_A_HOST,
        report: Listener = lambda _event: None,
    ) -> None:
        self.report = report
        self._endpoints = endpoints
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._authorizers: dict[URL, Authorizer] = {}
        self._silent_until: dict[URL, float] = {}
        self._targets: dict[URL, URL] = {}
        """Where a URL was redirected to."""
        self._proxies = getproxies()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def base(self, host: str) -> URL:
        """Return where a registry is asked: its endpoint from the settings, else itself."""
        if host in self._endpoints:
            return URL(self._endpoints[host])
        if host == "docker.io":
            return URL(f"https://{_HUB_HOST}")
        return URL(f"{'http' if _is_loopback(host) else 'https'}://{host}")

    @asynccontextmanager
    async def get(
        self,
        host: str,
        path: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a GET, or a HEAD, to a registry and yield the answer when it is a good one (2xx).

        Raises NotFoundError, DeniedError, UnreachableError or UpstreamError, naming the host;
        errors while the body is read are turned into UnreachableError too.
        """
        base = self.base(host)
        url = base / path.lstrip("/")
        async with self._good(url, host, scope, dict(headers or {}), method) as response:
            yield response

    @asynccontextmanager
    async def fetch(
        self, url: URL, headers: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a GET for a plain file; the errors are those of `get`."""
        host = url.host_port_subcomponent or ""
        if host in self._endpoints:
            url = self.base(host).join(url.relative())
        async with self._good(url, host, "", dict(headers)) as response:
            yield response

    @asynccontextmanager
    async def _good(
        self, url: URL, host: str, scope: str, headers: dict[str, str], method: str = "GET"
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and yield the answer when it is a good one; whatever breaks names the host."""
        try:
            async with self._reached(url, scope, headers, method) as response:
                await refuse(response, host, login_name(url.origin()))
                yield response
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise UnreachableError(f"{host}: {reason(error)}") from error

    @asynccontextmanager
    async def _reached(
        self, url: URL, scope: str, headers: dict[str, str], method: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask where this was redirected to before, as long as that answers well; else ask anew.

        A blob in many pieces so pays the way to its CDN once.
        """
        response = await self._send_on(url, headers, method)
        if response is not None:
            try:
                yield response
            finally:
                response.release()
            return
        async with self._authorized(url.origin(), url, scope, headers, method) as anew:
            if anew.ok and anew.url != url:
                self._targets[url] = anew.url
            yield anew

    async def _send_on(
        self, url: URL, headers: dict[str, str], method: str
    ) -> aiohttp.ClientResponse | None:
        """Send to a redirect's target that is known; None when it is no good any more."""
        target = self._targets.pop(url, None)
        if target is None:
            return None
        try:
            response = await self._send(target, headers, method)
        except (UnreachableError, aiohttp.ClientError, TimeoutError):
            return None
        if response.ok:
            self._targets[url] = target
            return response
        response.release()
        return None

    @asynccontextmanager
    async def _authorized(
        self, origin: URL, url: URL, scope: str, headers: dict[str, str], method: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and once more after answering a challenge."""
        authorizer = self._authorizer(origin)
        for is_last in (False, True):
            known = authorizer.header(scope)
            headers.pop("Authorization", None)
            if known is not None:
                headers["Authorization"] = known
            async with self._followed(url, headers, method) as response:
                challenge = ", ".join(response.headers.getall("WWW-Authenticate", ()))
                own = response.url.origin() == origin
                if (
                    is_last
                    or response.status != HTTPStatus.UNAUTHORIZED
                    or not own
                    or not challenge
                ):
                    yield response
                    return
            await authorizer.answer(challenge, scope, refused=known)

    @asynccontextmanager
    async def _followed(
        self, url: URL, headers: dict[str, str], method: str = "GET"
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and follow redirects; what is secret stays with the origin it belongs to."""
        for _ in range(_HOPS_MAX + 1):
            response = await self._send(url, headers, method)
            try:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    yield response
                    return
                target = _target(url, response.headers["Location"])
            finally:
                response.release()
            if target.origin() != url.origin():
                headers = {key: value for key, value in headers.items() if key != "Authorization"}
            url = target
        raise UpstreamError(f"{url.host} redirects more than {_HOPS_MAX} times")

    async def _send(
        self, url: URL, headers: Mapping[str, str], method: str
    ) -> aiohttp.ClientResponse:
        origin, proxy = url.origin(), _proxy_for(url, self._proxies)
        if self._silent_until.get(origin, 0.0) > time.monotonic():
            raise UnreachableError(f"{origin} gave no connection in time", hint=_REACH_HINT)
        try:
            return await self._open_session().request(
                method, url, headers=headers, allow_redirects=False, proxy=proxy
            )
        except aiohttp.ConnectionTimeoutError as error:
            # Each try costs ten seconds: the other images need not pay them again.
            self._silent_until[origin] = time.monotonic() + _SILENT_SECONDS
            raise UnreachableError(
                f"{origin} gave no connection in time", hint=_REACH_HINT
            ) from error
        except aiohttp.ClientConnectorError as error:
            through = f" through the proxy {URL(proxy).host}" if proxy else ""
            message = f"{origin} cannot be reached{through}: {reason(error)}"
            raise UnreachableError(message, hint=_REACH_HINT) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept-Encoding": "identity", "User-Agent": f"mirrorkit/{__version__}"},
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
                ),
                read_bufsize=_READ_SIZE,
            )
        return self._session

    def _authorizer(self, origin: URL) -> Authorizer:
        if origin not in self._authorizers:
            self._authorizers[origin] = Authorizer(
                origin, fetch=self._fetch_token, look_up=docker_credentials
            )
        return self._authorizers[origin]

    async def _fetch_token(self, url: URL, headers: dict[str, str], login: str) -> bytes:
        async with self._followed(url, headers) as response:
            await refuse(response, url.host or "", login)
            return await read_capped(response, TOKEN_MAX)


def _target(url: URL, location: str) -> URL:
    """Read where a redirect leads; never from https to http."""
    try:
        target = url.join(URL(location))
        is_safe = target.scheme == "https" or url.scheme == target.scheme == "http"
        _ = target.origin()
    except ValueError:
        is_safe = False
    if not is_safe:
        raise UpstreamError(f"{url.host} redirects to an unsafe address")
    return target


def _proxy_for(url: URL, proxies: Mapping[str, str]) -> str | None:
    """Return the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY ask for.

    Not aiohttp's `trust_env`: that also sends what stands in .netrc.
    """
    proxy, host = proxies.get(url.scheme), url.host_port_subcomponent or ""
    if not proxy or _is_loopback(host) or proxy_bypass(host):  # a proxy has another loopback
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    if not address.startswith(("http://", "https://")):
        raise UpstreamError(
            f"{url.host}: the proxy {plain(proxy)} cannot be used",
            hint=f"{url.scheme}_proxy takes http://HOST:PORT; NO_PROXY names hosts to ask directly",
        )
    return address


def _is_loopback(host: str) -> bool:
    """Say whether a registry's HOST[:PORT] is this machine, where Docker too speaks plain http."""
    name = URL(f"//{host}").host or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
