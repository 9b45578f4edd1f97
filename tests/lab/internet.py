"""A stand-in for the public registries: their names, by TLS, at an address that tells who asked."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trustme

from tests.lab.nginx import Server, nginx
from tests.lab.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.nginx import Nginx

PUBLIC: Final = (
    "registry-1.docker.io",
    "index.docker.io",
    "docker.io",
    "registry.k8s.io",
    "k8s.gcr.io",
    "gcr.io",
    "quay.io",
    "ghcr.io",
)


@dataclass(frozen=True, slots=True)
class Internet:
    """Registries that machines reach by `/etc/hosts`, and trust by SSL_CERT_FILE."""

    folder: Path
    server: Nginx

    def on(self, root: Path) -> tuple[str, ...]:
        """Return what to put before a program for it to have these names, and a root's /etc."""
        shown = [("hosts", self.folder / "hosts")]
        shown += [(one.name, one) for one in (root / "etc").iterdir() if one.is_dir()]
        binds = [f"mkdir -p /etc/{n}; mount --bind {there} /etc/{n};" for n, there in shown[1:]]
        hosts = f"mount --bind {self.folder}/hosts /etc/hosts;"
        script = f'set -e; {hosts} {" ".join(binds)} exec "$@"'
        trusted = f"SSL_CERT_FILE={self.folder}/ca.pem"
        return ("unshare", "--mount", "sh", "-c", script, "sh", "env", trusted)

    def requests(self) -> list[str]:
        """Return what was asked there: `GET /path`."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [" ".join(line.split()[2:4]) for line in lines if line.startswith("443 ")]


@contextmanager
def internet(folder: Path, registry: str) -> Iterator[Internet]:
    """Put one registry, at HOST:PORT, behind all public names while the block lasts."""
    folder.mkdir(parents=True)
    address = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.2"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(*PUBLIC).private_key_and_cert_chain_pem.write_to_path(folder / "pem")
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {' '.join(PUBLIC)}\n")
    tls = (
        f"listen {address}:443 ssl; ssl_certificate {folder}/pem; ssl_certificate_key {folder}/pem;"
    )
    forward = f"location / {{ proxy_pass http://{registry}; proxy_set_header Host $http_host; }}"
    with nginx(folder, Server(free_port(), f"{tls} {forward}")) as server:
        yield Internet(folder, server)
