"""An image that takes a while to fetch, 3 MiB, and a small one beside it."""

from __future__ import annotations

from tests.integration.lesson import APP, WEB, layer_of, made

SIZE = 3 << 20
MIB = 1 << 20
IMAGE = made("big", size=SIZE)
LAYER = layer_of("big", SIZE)
SMALL = made("small")
IMAGES = {APP: IMAGE, WEB: SMALL}
