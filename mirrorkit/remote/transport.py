"""HTTP to registries: endpoints, authorization, redirects, limits; what failed becomes an error."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from mirrorkit.documents.trust import Trust
from mirrorkit.errors import DeniedError, UnreachableError, UpstreamError
from mirrorkit.events import QuotaSeen
from mirrorkit.remote.addresses import Reach, is_loopback, reach_of
from mirrorkit.remote.answers import pieces, read_capped, reason, refuse
from mirrorkit.remote.auth import TOKEN_MAX, Authorizer, login_name
from mirrorkit.remote.connections import Connections
from mirrorkit.remote.credentials import docker_credentials
from mirrorkit.remote.pace import Pace
from mirrorkit.remote.quota import Quota
from mirrorkit.remote.tls import Contexts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mirrorkit.events import Listener
    from mirrorkit.remote.addresses import ReachOf
    from mirrorkit.remote.connections import Answer

_HUB_HOST: Final = "registry-1.docker.io"
_CONNECTIONS_A_HOST: Final = 8
_NOTHING_SET: Final = Trust()
_HOPS_MAX: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Transport:
    """One conversation with any number of registries, for one run."""

    def __init__(  # noqa: PLR0913 - one for each setting of the network
        self,
        endpoints: Mapping[str, str],
        *,
        connections: int = _CONNECTIONS_A_HOST,
        report: Listener = lambda _event: None,
        trust: Trust = _NOTHING_SET,
        limit_rate: int = 0,
        reach: ReachOf = reach_of,
        is_patient: bool = True,
    ) -> None:
        """Without patience a host that could not be reached is not asked again by this one."""
        self.report = report
        self._endpoints = endpoints
        self._trust = trust
        self._pace = Pace(limit_rate) if limit_rate else None
        contexts = Contexts(trust, self.base)
        self._connections = Connections(connections, contexts, reach=reach, is_patient=is_patient)
        self._authorizers: dict[URL, Authorizer] = {}
        self._quotas: dict[str, Quota] = {}
        self._targets: dict[URL, tuple[URL, Reach]] = {}
        """Where a URL was redirected to, and how near that may be."""

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()

    def base(self, host: str) -> URL:
        """Return where a registry is asked: its endpoint from the settings, else itself."""
        if host in self._endpoints:
            return URL(self._endpoints[host])
        if host == "docker.io":
            return URL(f"https://{_HUB_HOST}")
        is_plain = is_loopback(host) and host not in self._trust.by_host
        return URL(f"{'http' if is_plain else 'https'}://{host}")

    def is_held(self) -> bool:
        """Say whether bodies wait for the limit right now, and not for the network."""
        return self._pace is not None and self._pace.is_binding

    def body(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Return a blob's or file's body piece by piece, within the limit of all of them."""
        if self._pace is None:
            return pieces(response)
        return self._pace.pieces(response)

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
                login = login_name(url.origin())
                quota = self._quota(host, url, response)
                await refuse(response, host, login, quota.hint(host, login) if quota else None)
                yield response
        except DeniedError as error:
            raise self._explained(error, host, url.origin()) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise UnreachableError(f"{host}: {reason(error)}") from error

    def _explained(self, error: DeniedError, host: str, origin: URL) -> DeniedError:
        """Say where a login was not sent, where there is one."""
        realm = self._authorizer(origin).withheld_from
        if realm is None:
            return error
        where = f"endpoints.{host}.realm in mirrorkit.yaml"
        return DeniedError(
            error.message, hint=f"your login was not shown to {realm}; {where} may allow it"
        )

    def _quota(self, host: str, url: URL, response: Answer) -> Quota | None:
        """Return what the host last said of its quota, itself; tell what is new."""
        is_own = response.url.origin() == url.origin()
        before = self._quotas.get(host)
        now = Quota.of(response.headers) if is_own else None
        if now is not None and now.is_news(before):
            self._quotas[host] = now
            self.report(QuotaSeen(host, *now))
        return now or before

    @asynccontextmanager
    async def _reached(
        self, url: URL, scope: str, headers: dict[str, str], method: str
    ) -> AsyncIterator[Answer]:
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
                self._targets[url] = anew.url, anew.most
            yield anew

    async def _send_on(self, url: URL, headers: dict[str, str], method: str) -> Answer | None:
        """Send to a redirect's target that is known; None when it is no good any more."""
        known = self._targets.pop(url, None)
        if known is None:
            return None
        target, most = known
        try:
            response = await self._connections.send(target, headers, method, most)
        except (UpstreamError, aiohttp.ClientError, TimeoutError):
            return None
        if response.ok:
            self._targets[url] = target, most
            return response
        response.release()
        return None

    @asynccontextmanager
    async def _authorized(
        self, origin: URL, url: URL, scope: str, headers: dict[str, str], method: str
    ) -> AsyncIterator[Answer]:
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
                reach = response.reach
            await authorizer.answer(challenge, scope, refused=known, reach=reach)

    @asynccontextmanager
    async def _followed(
        self, url: URL, headers: dict[str, str], method: str, most: Reach = Reach.HOST
    ) -> AsyncIterator[Answer]:
        """Send, and follow redirects; what is secret stays with the origin it belongs to.

        None leads nearer to this machine than it is itself: who may ask 10.0.0.1 is inside.
        """
        for _ in range(_HOPS_MAX + 1):
            response = await self._connections.send(url, headers, method, most)
            try:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    yield response
                    return
                target = _target(url, response.headers["Location"])
                most = response.reach
            finally:
                response.release()
            if target.origin() != url.origin():
                headers = {key: value for key, value in headers.items() if key != "Authorization"}
            url = target
        raise UpstreamError(f"{url.host} redirects more than {_HOPS_MAX} times")

    def _authorizer(self, origin: URL) -> Authorizer:
        if origin not in self._authorizers:
            self._authorizers[origin] = Authorizer(
                origin,
                fetch=self._fetch_token,
                look_up=docker_credentials,
                realms=[
                    URL(realm).origin()
                    for host, realm in self._trust.realms.items()
                    if self.base(host).origin() == origin
                ],
            )
        return self._authorizers[origin]

    async def _fetch_token(
        self, url: URL, headers: dict[str, str], login: str, most: Reach
    ) -> bytes:
        async with self._followed(url, headers, "GET", most) as response:
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
