"""One run of a verb: where bytes go, where they come from, how many at a time, who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.flows.manifests import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirrorkit.content import SizedSource, Source, Store
    from mirrorkit.documents.pins import PinnedFile, PinnedImage
    from mirrorkit.documents.sources import Place
    from mirrorkit.events import Listener
    from mirrorkit.flows.hosts import Host
    from mirrorkit.oci.digest import Digest


class Candidate(NamedTuple):
    """A place where an image may be, and whom to ask there."""

    place: Place
    source: Source


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
    documents: Callable[[Digest], bytes | None] = lambda _digest: None
    """What lies beside the lock under a digest's name, unchecked."""
    candidates_of: Callable[[PinnedImage], Sequence[Candidate]] = lambda _image: ()
    """Where an image may be by its tag, the first to ask first."""
    is_held: Callable[[], bool] = lambda: False
    """Whether bytes wait for the operator's limit right now."""
    hosts: dict[str, Host] = field(default_factory=dict)
    """What is known of the hosts that bring blobs, by name."""
    manifests: Manifests = field(init=False)

    def __post_init__(self) -> None:
        self.manifests = Manifests(self.store)
