"""A class held whole: a store filled with made-up images and files, and the lock that pins them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirrorkit.oci.digest import Digest
from tests.integration.filled import fill, put
from tests.lab.product import Product
from tests.lab.seat import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lab.images import Made

OF_MINIKUBE = "minikube v1.25.2"


def stored(
    folder: Path,
    images: Mapping[str, Made],
    files: Mapping[str, bytes],
    needed_by: Mapping[str, str] | None = None,
) -> Product:
    """Fill a store; what nothing else is said of is needed by minikube."""
    product = Product(folder)
    asyncio.run(_filled(product, images, files))
    lock = {
        "version": 1,
        "platforms": ["linux/amd64"],
        "images": [
            {
                "name": name,
                "digest": str(made.digest),
                "needed_by": [(needed_by or {}).get(name, OF_MINIKUBE)],
            }
            for name, made in images.items()
        ],
        "files": [
            {"path": path, "sha256": Digest.of(data).hex, "size": len(data)}
            for path, data in files.items()
        ],
    }
    (folder / "images.lock.yaml").write_text(as_json(lock))
    product.configure({})
    return product


async def _filled(product: Product, images: Mapping[str, Made], files: Mapping[str, bytes]) -> None:
    store = await fill(product.store, images)
    for data in files.values():
        await put(store, data)
