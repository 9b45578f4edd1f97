"""One run of a verb: where bytes go, where they come from, how many at a time, who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirrorkit.flows.manifests import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirrorkit.content import SizedSource, Source, Store
    from mirrorkit.documents.pins import PinnedFile, PinnedImage
    from mirrorkit.events import Listener


@dataclass
class Run:
    """What the steps of one run share."""

    store: Store
    sources_of: Callable[[PinnedImage], Sequence[Source]]
    report: Listener
    files_of: Callable[[PinnedFile], Sequence[SizedSource]]
    jobs: int = 8
    """Manifests or blobs under way at once."""
    pauses: Sequence[float] = (1, 2, 5, 10, 20)
    """Seconds between tries while nothing arrives any more."""
    manifests: Manifests = field(init=False)

    def __post_init__(self) -> None:
        self.manifests = Manifests(self.store)
