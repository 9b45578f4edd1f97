"""Whereabouts: where each source has a pinned image, and which digest its tag stands for there."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from mirrorkit.documents.pins import PinnedSource
from mirrorkit.errors import MirrorkitError, SurroundingsError, UnreachableError
from mirrorkit.flows.attempts import each
from mirrorkit.flows.probe import ANSWER_SECONDS, SILENCES_MOST
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.run import Candidate
    from mirrorkit.oci.reference import Reference


class _No(Enum):
    """An answer without a digest."""

    ABSENT = "it does not have it, or not for us"
    SILENT = "it said nothing"


_Answer: TypeAlias = PinnedSource | _No


def origins_of(name: Reference) -> tuple[Reference, ...]:
    """Return the names an image is published under, the first to ask first."""
    old = (name.on(KUBERNETES_OLD),) if name.registry == KUBERNETES else ()
    return (name, *old)


async def located(
    images: Sequence[PinnedImage],
    candidates_of: Callable[[PinnedImage], Sequence[Candidate]],
    *,
    jobs: int,
    seconds: float = ANSWER_SECONDS,
) -> list[PinnedImage]:
    """Note in each image where the sources have it: by one HEAD each, `jobs` at a time.

    What a source says replaces what the image says of it; of one that gives no answer within
    `seconds`, or was not asked, that stays. So two lockings against the same answers are equal,
    and a source that is away for an evening changes nothing. No source's failure is an error.
    """
    asked = [
        (number, candidate)
        for number, image in enumerate(images)
        for candidate in candidates_of(replace(image, sources={}, origins=origins_of(image.name)))
    ]
    answers: dict[int, _Answer] = {}
    silences: Counter[str] = Counter()

    async def one(turn: int) -> None:
        _, candidate = asked[turn]
        host = candidate.source.name
        is_given_up = silences[host] >= SILENCES_MOST
        answers[turn] = _No.SILENT if is_given_up else await _ask(candidate, seconds)
        silences[host] = silences[host] + 1 if answers[turn] is _No.SILENT else 0

    await each(range(len(asked)), one, jobs=jobs)
    found: list[dict[str, list[_Answer]]] = [{} for _ in images]
    for turn, (number, candidate) in enumerate(asked):
        found[number].setdefault(candidate.place.source, []).append(answers[turn])
    return [
        replace(image, sources=_noted(image, said))
        for image, said in zip(images, found, strict=True)
    ]


async def _ask(candidate: Candidate, seconds: float) -> _Answer:
    reference = candidate.place.reference
    try:
        async with asyncio.timeout(seconds):
            return PinnedSource(
                reference, await candidate.source.resolve(reference.tag or "latest")
            )
    except (TimeoutError, UnreachableError):
        return _No.SILENT
    except SurroundingsError:
        raise
    except MirrorkitError:
        return _No.ABSENT


def _noted(image: PinnedImage, said: Mapping[str, Sequence[_Answer]]) -> dict[str, PinnedSource]:
    """Choose for each source the place that has the pinned digest, or else the first."""
    noted = dict(image.sources)
    for source, answers in said.items():
        places = [answer for answer in answers if isinstance(answer, PinnedSource)]
        if places:
            noted[source] = min(places, key=lambda place: place.digest != image.digest)
        elif _No.SILENT not in answers:
            noted.pop(source, None)
    return noted
