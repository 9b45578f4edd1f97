"""A kubelet's side of CRI: gRPC by curl, for no package of Debian's has crictl."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.lab.places import mounts_released, short_directory
from tests.lab.process import LabError, output, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONFIG = """
version = 2
root = "{data}"
state = "{run}/state"
[grpc]
address = "{run}/sock"
[ttrpc]
address = "{run}/sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "{data}/opt"
[plugins."io.containerd.grpc.v1.cri"]
disable_tcp_service = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
"""
_NODE: Final = 2  # NamespaceMode.NODE of CRI's api.proto
_BYTES: Final = 2  # the wire type of protobuf for strings and messages


@dataclass(frozen=True, slots=True)
class Cri:
    """The CRI of a running containerd (k8s.io/cri-api, runtime/v1/api.proto)."""

    socket: Path
    prefix: Sequence[str] = ()
    """What enters the namespace it runs in."""

    def pull(self, name: str) -> str:
        """Pull an image as the kubelet does; return its id."""
        answer = self._call("ImageService/PullImage", _text(1, _text(1, name)))
        return answer[2:].decode()

    def run_sandbox(self, name: str) -> None:
        """Begin a pod in the host's network: its pause image is pulled first."""
        about = b"".join((_text(1, name), _text(2, f"{name}-uid"), _text(3, "default")))
        network = b"\x08" + bytes([_NODE])
        linux = _text(8, _text(2, _text(1, network)))
        self._call("RuntimeService/RunPodSandbox", _text(1, _text(1, about) + linux))

    def version(self) -> bytes:
        """Ask for the version, which answers as soon as CRI does."""
        return self._call("RuntimeService/Version", b"")

    def answers(self) -> bool:
        """Say whether it serves."""
        with suppress(LabError):
            self.version()
            return True
        return False

    def _call(self, method: str, message: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            asked, answered, head = (Path(folder, name) for name in ("asked", "answered", "head"))
            asked.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
            grpc = ("-H", "Content-Type: application/grpc", "-H", "TE: trailers")
            files = ("--data-binary", f"@{asked}", "-D", str(head), "-o", str(answered))
            way = ("--http2-prior-knowledge", "--unix-socket", str(self.socket))
            url = f"http://localhost/runtime.v1.{method}"
            output((*self.prefix, "curl", "-sS", *way, *grpc, *files, url))
            said = dict(_headers(head.read_text().splitlines()))
            if said.get("grpc-status") != "0":
                raise LabError(f"{method}: {said.get('grpc-message')}")
            return answered.read_bytes()[5:]


@contextmanager
def cri_containerd(directory: Path, *, registry: str, prefix: Sequence[str] = ()) -> Iterator[Cri]:
    """Run a containerd while the block lasts; `registry` is TOML for the CRI plugin."""
    directory.mkdir(parents=True, exist_ok=True)
    with short_directory() as run:
        config = directory / "config.toml"
        config.write_text(CONFIG.format(data=directory / "data", run=run) + registry)
        engine = Cri(run / "sock", prefix)
        argv = (*prefix, "containerd", "--config", str(config))
        with (
            mounts_released(directory),
            running(argv, log=directory / "log", ready=engine.answers),
        ):
            yield engine


def _text(field: int, value: str | bytes) -> bytes:
    """Write a field that is a string or a message, in protobuf."""
    data = value.encode() if isinstance(value, str) else value
    size = len(data)
    length = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([field << 3 | _BYTES]) + length + data


def _headers(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()
