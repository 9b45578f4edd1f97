"""TLS contexts by the operator's settings; what SSL_CERT_FILE names is trusted beside them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from mirrorkit.documents.trust import Tls
from mirrorkit.errors import DocumentError, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from yarl import URL

    from mirrorkit.documents.trust import Trust


class Contexts:
    """One context for each origin that has settings of its own, and one for all others.

    A client certificate so goes to its origin alone, wherever that redirects. DocumentError for a
    file that is not there or is none, and for two hosts at one origin that differ.
    """

    def __init__(self, trust: Trust, base: Callable[[str], URL]) -> None:
        self._own: dict[URL, ssl.SSLContext] = {}
        # True is the library's own context, which is there already.
        self._usual = _context(Tls(), trust.ca, "") if trust.ca else True
        chosen: dict[URL, Tls] = {}
        for host, tls in trust.by_host.items():
            origin = base(host).origin()
            if chosen.setdefault(origin, tls) != tls:
                raise DocumentError(f"endpoints.{host}: {origin} stands elsewhere with another TLS")
            self._own[origin] = _context(tls, trust.ca, f"endpoints.{host}.")

    def is_own(self, origin: URL) -> bool:
        """Say whether an origin has settings of its own."""
        return origin in self._own

    def context(self, origin: URL) -> ssl.SSLContext | bool:
        """Return the context of an origin."""
        return self._own.get(origin, self._usual)


def _context(tls: Tls, ca: str | None, where: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for path, name in ((ca, "ca"), (tls.ca, f"{where}ca")):
        if path is not None:
            _load(context.load_verify_locations, path, name)
    if tls.cert is not None:
        # A password of "" so that OpenSSL does not ask for one on the terminal.
        key = str(Path(tls.key).expanduser()) if tls.key else None
        _load(lambda file: context.load_cert_chain(file, key, lambda: ""), tls.cert, f"{where}cert")
    if tls.is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load(load: Callable[[str], None], path: str, name: str) -> None:
    try:
        load(str(Path(path).expanduser()))
    except ssl.SSLError as error:
        raise DocumentError(f"{name}: {path} is not what it should be: {error.reason}") from error
    except OSError as error:
        raise unreadable(f"{name}: {path}", error) from error
    except RuntimeError as error:  # ~nobody
        raise DocumentError(f"{name}: {path} cannot be read: {error}") from error
