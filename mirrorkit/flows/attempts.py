"""Trying several sources, and doing many things a few at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from mirrorkit.errors import IntegrityError, UnreachableError, UpstreamError
from mirrorkit.events import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mirrorkit.content import Source
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.events import Listener

T = TypeVar("T")
S = TypeVar("S", bound="Source")


async def from_any(
    sources: Sequence[S],
    attempt: Callable[[S], Awaitable[T]],
    *,
    what: str,
    report: Listener,
) -> T:
    """Return what the first source gives that can; raise what tells most when none can."""
    failures: list[MirrorkitError] = []
    for source in sources:
        try:
            return await attempt(source)
        except (UpstreamError, IntegrityError) as error:
            report(SourceFailed(what, source.name, error.message))
            failures.append(error)
    raise telling(failures, what)


def telling(failures: Sequence[MirrorkitError], what: str) -> MirrorkitError:
    """Choose the failure that says most (wrong bytes, what may pass, a plain no); quote all."""
    if not failures:
        return UpstreamError(f"{what}: no source is known")
    kinds = (IntegrityError, UnreachableError, UpstreamError)
    chosen = min(failures, key=lambda one: [isinstance(one, kind) for kind in kinds].index(True))
    message = "; ".join(dict.fromkeys(failure.message for failure in failures))
    return type(chosen)(message, hint=failures[0].hint or chosen.hint)


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
