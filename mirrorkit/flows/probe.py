"""Probe: what each source has under each image's name; nothing is stored."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import (
    DeniedError,
    IntegrityError,
    MirrorkitError,
    NotFoundError,
    SurroundingsError,
    UnreachableError,
)
from mirrorkit.flows.attempts import each
from mirrorkit.flows.identity import document_at, known_platforms
from mirrorkit.oci.manifest import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.identity import Known
    from mirrorkit.flows.run import Candidate, Run
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform

ANSWER_SECONDS: Final = 12.0
"""How long one source may take for one image: its connection alone may take ten seconds."""


# A host that keeps silent costs as many patiences as images; three in a row are enough.
SILENCES_MOST: Final = 3


class Verdict(StrEnum):
    """What a source has under an image's name, the best first."""

    SAME = "same"
    """What the lock pins."""
    SAME_IMAGE = "same-image"
    """Another manifest of the same image: one platform, or with layers packed anew."""
    OTHER = "other"
    """Another image."""
    ABSENT = "absent"
    """It says: not here."""
    REFUSED = "refused"
    """It says: not for you."""
    SILENT = "silent"
    """It gives no answer, or one that may change."""


@dataclass(frozen=True)
class Answer:
    """One source's answer for one image, and the milliseconds it took."""

    image: str
    source: str
    at: str
    verdict: Verdict
    milliseconds: int
    digest: Digest | None = None
    reason: str | None = None


async def probe(
    images: Iterable[PinnedImage],
    run: Run,
    *,
    seconds: float = ANSWER_SECONDS,
    count: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Answer]:
    """Ask every candidate for every image, `run.jobs` at a time; the answers come in order.

    A host that keeps silent three times in a row is asked no more. `count` is told how many
    answers are there, and how many there will be.
    """
    asked = [
        (image, known_platforms(image, run), candidate)
        for image in images
        for candidate in run.candidates_of(image)
    ]
    answers: dict[int, Answer] = {}
    silences: Counter[str] = Counter()

    async def one(number: int) -> None:
        image, known, candidate = asked[number]
        host = candidate.source.name
        if silences[host] >= SILENCES_MOST:
            answers[number] = _unasked(image, candidate)
        else:
            answers[number] = await _ask(image, known, candidate, seconds)
        is_silent = answers[number].verdict is Verdict.SILENT
        silences[host] = silences[host] + 1 if is_silent else 0
        count(len(answers), len(asked))

    count(0, len(asked))
    await each(range(len(asked)), one, jobs=run.jobs)
    return [answers[number] for number in range(len(asked))]


def _unasked(image: PinnedImage, candidate: Candidate) -> Answer:
    source, at = candidate.place
    reason = "not asked again: it said nothing to the questions before"
    return Answer(str(image.name), source, str(at), Verdict.SILENT, 0, reason=reason)


async def _ask(
    image: PinnedImage,
    known: Mapping[Platform | None, Known],
    candidate: Candidate,
    seconds: float,
) -> Answer:
    began = time.monotonic()
    digest, reason = None, None
    try:
        async with asyncio.timeout(seconds):
            digest = await candidate.source.resolve(candidate.place.reference.tag or "latest")
            verdict = await _compare(image, known, candidate, digest)
    except TimeoutError:
        verdict, reason = Verdict.SILENT, f"no answer within {seconds:.0f} s"
    except SurroundingsError:
        raise
    except MirrorkitError as error:
        verdict, reason = _of_error(error), error.message
    milliseconds = round((time.monotonic() - began) * 1000)
    source, at = candidate.place
    return Answer(str(image.name), source, str(at), verdict, milliseconds, digest, reason)


def _of_error(error: MirrorkitError) -> Verdict:
    if isinstance(error, NotFoundError):
        return Verdict.ABSENT
    return Verdict.SILENT if isinstance(error, UnreachableError) else Verdict.REFUSED


async def _compare(
    image: PinnedImage,
    known: Mapping[Platform | None, Known],
    candidate: Candidate,
    digest: Digest,
) -> Verdict:
    """Tell by the digest, or else by what the manifest points at."""
    if digest == image.digest:
        return Verdict.SAME
    locked = {part for one in known.values() for part in one if part is not None}
    if digest in locked:
        return Verdict.SAME_IMAGE
    try:
        document = (await document_at(candidate.source, digest)).document
        if isinstance(document, Index):
            wanted = [child for child in document.manifests if child.runs_on in known]
            if any(child.digest in locked for child in wanted):
                return Verdict.SAME_IMAGE
            parts = [
                (await document_at(candidate.source, child.digest)).document for child in wanted
            ]
        else:
            parts = [document]
    except (NotFoundError, DeniedError, IntegrityError):
        return Verdict.OTHER
    ids = {part.config.digest for part in parts if not isinstance(part, Index)}
    return Verdict.SAME_IMAGE if ids & locked else Verdict.OTHER
