"""The small documents that lie beside a lock (`images.lock.d/`), each named by its digest."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from mirrorkit.oci.manifest import DOCUMENT_MAX

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.oci.digest import Digest


class DocumentsFolder:
    """Manifests, indexes and configs in a folder that anybody may have filled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def beside(cls, lock: Path) -> DocumentsFolder:
        """Open the folder of a lock: `images.lock.d` for `images.lock.yaml`, there or not."""
        return cls(lock.with_suffix(".d"))

    def __call__(self, digest: Digest) -> bytes | None:
        """Return what lies under a digest's name, unchecked; None where nothing does.

        What is no file, cannot be read or is larger than a document (8 MiB) comes as no bytes.
        """
        path = self._folder / f"{digest.algorithm}-{digest.hex}"
        try:
            with open(path, "rb", opener=_at_once) as file:
                is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                data = file.read(DOCUMENT_MAX + 1) if is_file else b""
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return b""
        return data if len(data) <= DOCUMENT_MAX else b""


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for a writer, should somebody have put a pipe there."""
    return os.open(path, flags | os.O_NONBLOCK)
