"""The proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY ask for.

Not aiohttp's `trust_env`: that also sends what stands in .netrc, and knows no networks in NO_PROXY.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from mirrorkit.errors import UpstreamError
from mirrorkit.remote.addresses import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping


class Proxies:
    """The environment's proxies, or the system's where a Mac keeps them."""

    def __init__(self, found: Mapping[str, str] | None = None) -> None:
        self._found = getproxies() if found is None else found
        self._direct = tuple(self._found.get("no", "").replace(",", " ").split())

    def proxy_for(self, url: URL) -> URL | None:
        """Return the proxy for a URL, login included; None where it is asked directly.

        UpstreamError, without the login, where the proxy is of a kind that cannot be used.
        """
        proxy = self._found.get(url.scheme)
        host = url.host_port_subcomponent or ""
        if not proxy or is_loopback(host) or self._is_direct(url) or proxy_bypass(host):
            return None
        try:
            address = URL(proxy if "://" in proxy else f"http://{proxy}")
            is_usable = address.scheme in ("http", "https") and bool(address.host)
            shown = str(address.origin())
        except ValueError:
            is_usable, shown = False, f"in {url.scheme}_proxy"
        if not is_usable:
            raise UpstreamError(
                f"{url.host}: the proxy {shown} cannot be used",
                hint=f"{url.scheme}_proxy takes http://HOST:PORT;"
                " NO_PROXY names hosts to ask directly",
            )
        return address

    def _is_direct(self, url: URL) -> bool:
        return any(_covers(entry.lower(), url) for entry in self._direct)


def _covers(entry: str, url: URL) -> bool:
    """Read an entry as curl and Go do: *, HOST, .SUFFIX, ADDRESS, NETWORK/BITS, each with :PORT."""
    host = (url.host or "").rstrip(".").lower()
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # one of the two is a name
        pass
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit():
        return url.port is not None and int(port[:6]) == url.port and _covers(name, url)
    suffix = entry.removeprefix("*").strip(".")
    return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))
