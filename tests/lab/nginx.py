"""An nginx in a private prefix: static files, a slow or guarded registry, a CDN."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.htpasswd import htpasswd_line
from tests.lab.process import LOOPBACK, free_port, listening, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# One directory of temporary files, the user of the tests (their directories are private), and a
# log that shows by port who sent credentials or asked for a range.
MAIN = """
user root; worker_processes {workers}; daemon off; pid {prefix}/pid; error_log {prefix}/error.log;
events {{ worker_connections 1024; }}
http {{
  default_type application/octet-stream; sendfile on; tcp_nopush on; keepalive_requests 100000;
  client_max_body_size 0; client_body_temp_path {prefix}/t1; proxy_temp_path {prefix}/t2;
  fastcgi_temp_path {prefix}/t3; uwsgi_temp_path {prefix}/t4; scgi_temp_path {prefix}/t5;
  log_format lab '$server_port $status $request_method $request_uri'
                 ' range=$http_range authorization=$http_authorization';
  access_log {log} lab;
  {servers}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One port of an nginx and what it does."""

    port: int
    body: str
    host: str = LOOPBACK

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"{self.host}:{self.port}"


class Nginx:
    """A running nginx."""

    def __init__(self, prefix: Path, pid: int) -> None:
        """Remember where its log is."""
        self.prefix = prefix
        self.pid = pid

    def requests(self, server: Server) -> list[str]:
        """Return what one port was asked: `200 GET /path range=- authorization=-`."""
        lines = (self.prefix / "access.log").read_text().splitlines()
        head = f"{server.port} "
        return [line.removeprefix(head) for line in lines if line.startswith(head)]


def static_files(root: Path, host: str = LOOPBACK) -> Server:
    """Serve a directory by sendfile."""
    return Server(free_port(), f"location / {{ root {root}; }}", host)


def proxy(
    upstream: str, *, limit_rate: str = "", htpasswd: Path | None = None, extra: str = ""
) -> Server:
    """Stand before a registry: throttle each connection, ask for a password, or neither."""
    guard = f'auth_basic "lab"; auth_basic_user_file {htpasswd};' if htpasswd else ""
    # limit_rate works only while proxy_buffering is on, its default; without temporary files
    # nginx does not run far ahead of the client.
    limit = f"limit_rate {limit_rate}; proxy_max_temp_file_size 0;" if limit_rate else ""
    forward = (
        f"proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_request_buffering off;"
        " proxy_set_header Host $http_host;"
    )
    return Server(free_port(), f"{extra} location / {{ {guard} {limit} {forward} }}")


def redirecting(upstream: str, cdn: Server) -> Server:
    """Stand before a registry and send whoever wants a blob to a CDN."""
    blob = "^/v2/.+/blobs/sha256:([0-9a-f][0-9a-f])([0-9a-f]+)$"
    there = f"http://{cdn.address}/docker/registry/v2/blobs/sha256/$1/$1$2/data?signature=lab"
    return proxy(upstream, extra=f'location ~ "{blob}" {{ return 307 {there}; }}')


def cdn(storage: Path) -> Server:
    """Serve a docker-registry's blobs from its storage; credentials are an error, as with S3."""
    strict = "if ($http_authorization) { return 400; }"
    return Server(free_port(), f"location / {{ {strict} root {storage}; }}")


def write_htpasswd(path: Path, user: str, password: str) -> Path:
    """Write a password file for `proxy`."""
    path.write_text(htpasswd_line(user, password))
    return path


@contextmanager
def nginx(
    prefix: Path,
    *servers: Server,
    workers: int = 2,
    log: bool = True,
    inside: Sequence[str] = (),
) -> Iterator[Nginx]:
    """Run an nginx with these servers while the block lasts; a bench wants no log.

    `inside` may enter a namespace.
    """
    prefix.mkdir(parents=True, exist_ok=True)
    blocks = "\n  ".join(f"server {{ listen {s.address}; {s.body} }}" for s in servers)
    where = f"{prefix}/access.log" if log else "off"
    config = prefix / "nginx.conf"
    text = MAIN.format(prefix=prefix, servers=blocks, workers=workers, log=where)
    config.write_text(text.replace("access_log off lab;", "access_log off;"))
    argv = (*inside, "nginx", "-p", str(prefix), "-c", str(config))
    argv = (*argv, "-e", str(prefix / "error.log"))
    # From another namespace its ports cannot be seen; the file is written once they are open.
    ready = (
        (prefix / "pid").exists
        if inside
        else lambda: all(listening(server.port) for server in servers)
    )
    with running(argv, log=prefix / "error.log", ready=ready) as process:
        yield Nginx(prefix, process.pid)
