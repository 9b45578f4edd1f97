"""Where a source may lead a client: never nearer to this machine than it is itself.

The servers are on loopback; a table says which of its addresses play the ones outside.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import UnreachableError, UpstreamError
from mirrorkit.oci.reference import Reference
from mirrorkit.remote.addresses import Reach, reach_of
from mirrorkit.remote.registry import Repository
from mirrorkit.remote.transport import Transport
from tests.fakes.faults import redirect, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.lesson import APP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTSIDE, OUTSIDE_TOO, SITE, LINK, HERE = (f"127.0.0.{n}" for n in (2, 3, 4, 5, 1))
ROLES = {
    OUTSIDE: Reach.GLOBAL,
    OUTSIDE_TOO: Reach.GLOBAL,
    SITE: Reach.SITE,
    LINK: Reach.LINK,
}
REFUSED = "inside this network"


def role(address: str) -> Reach:
    """Say how near an address is in this play."""
    return ROLES[address] if address in ROLES else reach_of(address)


@pytest.fixture
def servers() -> Iterator[dict[str, FakeRegistry]]:
    with (
        fake_registry({APP: IMAGE}, host=OUTSIDE) as outside,
        fake_registry({APP: IMAGE}, host=OUTSIDE_TOO) as outside_too,
        fake_registry({APP: IMAGE}, host=SITE) as site,
        fake_registry({APP: IMAGE}, host=LINK) as link,
        fake_registry({APP: IMAGE}, host=HERE) as here,
    ):
        yield {one.host: one for one in (outside, outside_too, site, link, here)}


async def refused(upstream: FakeRegistry | str) -> UpstreamError:
    """Read a blob, which must be refused for the address it leads to; return the error."""
    async with app_at(upstream, reach=role) as app:
        with pytest.raises(UpstreamError, match=REFUSED) as refusal:
            await read(app)
    assert not isinstance(refusal.value, UnreachableError)  # asking again changes nothing
    return refusal.value


@pytest.mark.parametrize("there", [OUTSIDE_TOO, SITE, LINK, HERE])
@pytest.mark.parametrize("source", [OUTSIDE, SITE, LINK, HERE])
async def test_a_redirect_leads_no_nearer_than_the_source_itself_is(
    servers: dict[str, FakeRegistry], source: str, there: str
) -> None:
    target = servers[there]
    servers[source].fail("/blobs/", redirect(f"{target.url}{{path}}?signature=secret"))
    if role(there) <= role(source):
        async with app_at(servers[source], reach=role) as app:
            assert await read(app) == (0, LAYER)
        assert len(target.asked) == 1 + (source == there)
    else:
        assert "secret" not in (await refused(servers[source])).message
        assert target.asked == []


async def test_the_way_back_inside_is_closed_once_it_led_outside(
    servers: dict[str, FakeRegistry],
) -> None:
    servers[SITE].fail("/blobs/", redirect(f"{servers[OUTSIDE].url}{{path}}"))
    servers[OUTSIDE].fail("/blobs/", redirect(f"{servers[SITE].url}{{path}}"))
    await refused(servers[SITE])
    assert len(servers[SITE].asked) == 1


async def test_a_connection_that_a_source_inside_left_open_is_not_taken_by_one_outside(
    servers: dict[str, FakeRegistry],
) -> None:
    here, outside = servers[HERE], servers[OUTSIDE]
    transport = Transport({"one.test": here.url, "two.test": outside.url}, reach=role)
    inner, outer = (
        Repository(Reference(n, "app", "1"), transport) for n in ("one.test", "two.test")
    )
    outside.fail("/blobs/", redirect(f"{here.url}{{path}}"))
    assert await read(inner) == (0, LAYER)
    with pytest.raises(UpstreamError, match=REFUSED):
        await read(outer)
    await transport.close()
    assert len(here.asked) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
async def test_no_spelling_of_this_machine_comes_past_the_check(
    servers: dict[str, FakeRegistry], host: str
) -> None:
    there = f"http://{host}:{servers[HERE].port}{{path}}"
    servers[OUTSIDE].fail("/blobs/", redirect(there))
    async with app_at(servers[OUTSIDE], reach=role) as app:
        with pytest.raises(UpstreamError):
            await read(app)
    assert servers[HERE].asked == []
    assert len(servers[OUTSIDE].asked) == 1


async def test_an_address_outside_is_taken_where_a_name_has_one_inside_too(
    servers: dict[str, FakeRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = servers[HERE].port
    with fake_registry({APP: IMAGE}, host=OUTSIDE_TOO, port=port) as there:
        resolve(monkeypatch, {"cdn.test": lambda: [HERE, OUTSIDE_TOO]})
        servers[OUTSIDE].fail("/blobs/", redirect(f"http://cdn.test:{port}{{path}}"))
        async with app_at(servers[OUTSIDE], reach=role) as app:
            assert await read(app) == (0, LAYER)
        assert len(there.asked) == 1
    assert servers[HERE].asked == []


async def test_a_name_that_moved_inside_since_it_was_asked_is_refused(
    servers: dict[str, FakeRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(([OUTSIDE], [HERE]))
    resolve(monkeypatch, {"one.example": lambda: next(answers)})
    upstream, there = servers[OUTSIDE], servers[HERE]
    upstream.fail("/blobs/", redirect(f"http://one.example:{there.port}{{path}}"))
    await refused(f"http://one.example:{upstream.port}")
    assert len(upstream.asked) == 1
    assert there.asked == []


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("there", [SITE, HERE])
async def test_a_token_server_that_redirects_inside_is_not_followed(
    servers: dict[str, FakeRegistry], there: str, code: int
) -> None:
    upstream = servers[OUTSIDE]
    challenge = f'Bearer realm="{upstream.url}/token",service="fake"'
    upstream.always("/v2/", status(401, {"WWW-Authenticate": challenge}))
    upstream.always("/token", redirect(f"{servers[there].url}/token", code))
    async with app_at(upstream, reach=role) as app:
        with pytest.raises(UpstreamError, match=REFUSED):
            await app.manifest(MANIFEST)
    assert servers[there].asked == []
    assert len(upstream.requests("/token")) == 1


async def test_behind_a_proxy_the_check_is_the_proxy_s(
    servers: dict[str, FakeRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fake plays the proxy, and every host behind it.
    proxy = servers[SITE]
    monkeypatch.setenv("http_proxy", proxy.url)
    proxy.fail("/blobs/", redirect("http://10.0.0.1{path}"))
    async with app_at("http://one.example", reach=role) as app:
        assert await read(app) == (0, LAYER)
    assert [asked.headers["Host"] for asked in proxy.asked][1:] == ["10.0.0.1"]


async def test_what_came_through_a_proxy_does_not_lead_past_it_to_the_inside(
    servers: dict[str, FakeRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", servers[HERE].url)
    monkeypatch.setenv("no_proxy", SITE)
    servers[HERE].fail("/blobs/", redirect(f"{servers[SITE].url}{{path}}"))
    await refused("http://one.example")
    assert servers[SITE].asked == []
    assert len(servers[HERE].asked) == 1


def resolve(monkeypatch: pytest.MonkeyPatch, names: dict[str, Callable[[], list[str]]]) -> None:
    """Put a table before the system's resolver."""
    system = socket.getaddrinfo

    def look_up(host: str, port: int, *more: int) -> list[tuple[object, ...]]:
        if host not in names:
            return [*system(host, port, *more)]
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (address, port)) for address in names[host]()]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
