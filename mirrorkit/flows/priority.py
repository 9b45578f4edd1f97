"""What is fetched first: what nothing starts without, then the lessons in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.needs import RELAY
from mirrorkit.documents.pins import PinnedFile

if TYPE_CHECKING:
    from mirrorkit.documents.pins import Lock, PinnedImage

_KICBASE: Final = "k8s-minikube/kicbase"


def rank(lock: Lock, item: PinnedImage | PinnedFile) -> int:
    """Return an item's place: kicbase and relay, the cluster's images, files, then the lessons.

    What a lesson shares with the cluster is the cluster's; what two lessons share, the first's.
    """
    lessons = [lock.lessons.index(name) for name in item.needed_by if name in lock.lessons]
    if lessons and len(lessons) == len(item.needed_by):
        return 3 + min(lessons)
    if isinstance(item, PinnedFile):
        return 2
    is_first = item.name.repository == _KICBASE or item.name == RELAY
    return 0 if is_first else 1
