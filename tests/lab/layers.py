"""Made-up layers: random bytes of any size, and one with a busybox that runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSYBOX = Path("/bin/busybox")
APPLETS = ("sh", "cat", "echo", "ls", "sleep", "sha256sum", "wget", "httpd", "true", "uname")


def digest_of(data: bytes) -> str:
    """Return the sha256 digest of some bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Layer:
    """A gzipped tar and the digest of what is inside."""

    data: bytes
    digest: str
    diff_id: str


@cache
def random_layer(seed: str, size: int) -> Layer:
    """Make a layer of about that many bytes that cannot be compressed, the same for each seed."""
    noise = hashlib.shake_128(seed.encode()).digest(size)
    archive = _tar([(_file(f"srv/{digest_of(seed.encode())[7:19]}", size), noise)])
    # Stored, not squeezed: noise stays as large anyway, and 300 MB are made in seconds.
    return _layer(archive, level=0)


@cache
def busybox_layer() -> Layer:
    """Make a layer whose shell runs on this machine."""
    binary = BUSYBOX.read_bytes()
    program = _file("bin/busybox", len(binary), mode=0o755)
    folders = [(_folder(name), b"") for name in ("bin", "etc", "tmp")]
    links = [(_link(f"bin/{name}", "busybox"), b"") for name in APPLETS]
    return _layer(_tar([*folders, (program, binary), *links]), level=6)


def file_layer(files: Mapping[str, bytes]) -> Layer:
    """Make a layer of programs and what they read, by absolute path."""
    made = [(_file(name.lstrip("/"), len(data), mode=0o755), data) for name, data in files.items()]
    return _layer(_tar(made), level=1)


def tree_layer(archive: Path) -> Layer:
    """Make a layer of a whole system that lies there as a tar."""
    return _layer(archive.read_bytes(), level=1)


def _layer(archive: bytes, level: int) -> Layer:
    data = gzip.compress(archive, compresslevel=level, mtime=0)
    return Layer(data, digest_of(data), digest_of(archive))


def _tar(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _file(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, mode
    return info


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


def _link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info
