"""Trying several sources, and doing many things a few at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from mirrorkit.errors import IntegrityError, UnreachableError, UpstreamError
from mirrorkit.events import SourceFailed, SourcePaused
from mirrorkit.flows.hosts import PAUSE_MOST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mirrorkit.content import Source
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.events import Listener

T = TypeVar("T")
S = TypeVar("S", bound="Source")

_ROUNDS: Final = 3


async def from_any(
    sources: Sequence[S],
    attempt: Callable[[S], Awaitable[T]],
    *,
    what: str,
    report: Listener,
) -> T:
    """Return what the first source gives that can; raise what tells most when none can.

    Where none can, and some asked for a pause that is not too long, they are asked again after it.
    """
    failures: dict[S, MirrorkitError] = {}
    asked = sources
    for _ in range(_ROUNDS):
        for source in asked:
            try:
                return await attempt(source)
            except (UpstreamError, IntegrityError) as error:
                report(SourceFailed.of(what, source.name, error))
                failures[source] = error
        asked = [source for source in asked if 0 < wanted_pause(failures[source]) <= PAUSE_MOST]
        if not asked:
            break
        pause = min(wanted_pause(failures[source]) for source in asked)
        report(SourcePaused(asked[0].host, pause))
        await asyncio.sleep(pause)
    raise telling(list(failures.values()), what)


def wanted_pause(error: MirrorkitError) -> float:
    """Return how many seconds the source of a failure wants to be left alone; 0 for no wish."""
    return (error.retry_after or 0.0) if isinstance(error, UnreachableError) else 0.0


def telling(failures: Sequence[MirrorkitError], what: str) -> MirrorkitError:
    """Choose the failure that says most (wrong bytes, what may pass, a plain no); quote all."""
    if not failures:
        return UpstreamError(f"{what}: no source is known")
    kinds = (IntegrityError, UnreachableError, UpstreamError)
    chosen = min(failures, key=lambda one: [isinstance(one, kind) for kind in kinds].index(True))
    message = "; ".join(dict.fromkeys(failure.message for failure in failures))
    error = type(chosen)(message, hint=failures[0].hint or chosen.hint)
    if isinstance(error, UnreachableError):
        pauses = [wanted_pause(one) for one in failures if isinstance(one, UnreachableError)]
        error.retry_after = min(pauses) or None
    return error


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, jobs: int) -> None:
    """Work through items in order, `jobs` at a time; the first error ends all and is raised."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(jobs):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
