"""The mirror, asked from here: does it answer, is it complete, has it every name of the start?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from mirrorkit.classroom.doctor.status import read_status
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.errors import UnreachableError
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mirrorkit.classroom.doctor.status import Status
    from mirrorkit.classroom.words import Say

_AT_A_TIME: Final = 8
_NAMED: Final = 3
_WRONG_MOST: Final = 20
_OK: Final = 200
_LATER: Final = 503
_SILENT: Final = 0


class Asking(Protocol):
    """Asks one mirror; UnreachableError where it does not answer."""

    async def get(self, path: str) -> bytes:
        """Return the body of an answer, whatever its status; what is too long is no answer."""

    async def head(self, path: str) -> int:
        """Return the status of an answer."""


class Name(NamedTuple):
    """Something a start will ask the mirror for."""

    path: str
    """From its slash on."""
    name: str
    """What a teacher calls it: an image, or a file's path."""


async def ask_status(mirror: Asking) -> Status:
    """Ask what the mirror holds; UnreachableError where no mirrorkit answers."""
    try:
        return read_status(await mirror.get("/health"))
    except ValueError as error:
        raise UnreachableError("another program answers there, no mirrorkit") from error


def status_findings(status: Status, address: str, say: Say) -> Iterator[Finding]:
    """Say that it answers, and whether everything is there."""
    if status.trouble:
        sentence = say("the mirror cannot read its store: {why}", why=status.trouble)
        yield Finding(State.FAIL, "MIRROR", sentence, "mirrorkit status")
        return
    yield Finding(State.OK, "MIRROR", say("the mirror {address} answers", address=address))
    if status.is_complete:
        yield Finding(State.OK, "CLASS", say("everything the class needs is there"))
        return
    named = _listed(status.missing, say)
    sentence = say("{n} of the class are missing: {named}", n=len(status.missing), named=named)
    yield _comes("CLASS", sentence, say, fetches=status.fetches)


def _comes(code: str, sentence: str, say: Say, *, fetches: bool) -> Finding:
    """Say what brings it: `mirrorkit up`, where that runs, needs no command."""
    if fetches:
        waits = say("{what}; leave `mirrorkit up` running: it fetches by itself", what=sentence)
        return Finding(State.FAIL, code, waits)
    return Finding(State.FAIL, code, sentence, "mirrorkit sync")


def _listed(names: Sequence[str], say: Say) -> str:
    """Name the first few, and how many more there are."""
    first = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return say("{names} and {n} more", names=first, n=more) if more > 0 else first


def silence_finding(
    error: UnreachableError, address: str, say: Say, *, is_own: bool = False
) -> Finding:
    """Say that nobody answers, why as the network tells it, and what helps here."""
    why = _why(error, say)
    if is_own:
        sentence = say("the mirror {address} does not answer: {why}", address=address, why=why)
        return Finding(State.FAIL, "MIRROR", sentence, "mirrorkit up")
    sentence = say(
        "the mirror {address} does not answer: {why}; look at that address, at this machine's"
        " network, and whether mirrorkit runs there",
        address=address,
        why=why,
    )
    return Finding(State.FAIL, "MIRROR", sentence)


def _why(error: UnreachableError, say: Say) -> str:
    """Return a network's usual words in the language of who reads them."""
    no_name = say("the name leads nowhere")
    known = {
        "Connection refused": say("no program listens there"),
        "No route to host": say("no way leads there"),
        "Network is unreachable": say("this machine has no network that leads there"),
        "Name or service not known": no_name,
        "No address associated with hostname": no_name,
        "Temporary failure in name resolution": no_name,
        "no answer in time": say("no answer in time"),
        "another program answers there, no mirrorkit": say(
            "another program answers there, no mirrorkit"
        ),
    }
    return known.get(error.message, error.message)


async def ask_names(mirror: Asking, names: Iterable[Name]) -> dict[Name, int]:
    """Ask for the head of each, a few at a time; 0 stands for no answer."""
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def ask(name: Name) -> int:
        async with turns:
            try:
                return await mirror.head(name.path)
            except UnreachableError:
                return _SILENT

    different = tuple(dict.fromkeys(names))
    statuses = await asyncio.gather(*map(ask, different))
    return dict(zip(different, statuses, strict=True))


def name_findings(
    answers: Mapping[Name, int], missing: Collection[str], say: Say, *, fetches: bool = False
) -> Iterator[Finding]:
    """Name each that was not answered, with what the teacher does; or say how many were.

    `missing` are names of the class that are still on their way: the mirror answers 404 for them,
    as a registry must.
    """
    wrong: dict[str, tuple[Name, int]] = {}
    coming: dict[str, None] = {}
    for name, status in answers.items():
        if status == _LATER or (status != _OK and _canonical(name.name) in missing):
            coming[name.name] = None
        elif status != _OK:  # an image has several paths, a file its checksum's
            wrong.setdefault(name.name, (name, status))
    if coming:
        yield _coming(tuple(coming), say, fetches=fetches)
    for name, status in list(wrong.values())[:_WRONG_MOST]:
        yield _wrong(name, status, say, fetches=fetches)
    if len(wrong) > _WRONG_MOST:
        sentence = say("{n} more are not answered", n=len(wrong) - _WRONG_MOST)
        yield Finding(State.FAIL, "NAMES", sentence, "mirrorkit status --all")
    if not wrong and not coming:
        sentence = say("all {n} names that this start will ask are answered", n=len(answers))
        yield Finding(State.OK, "NAMES", sentence)


def _coming(names: Sequence[str], say: Say, *, fetches: bool) -> Finding:
    sentence = say(
        "this start will ask for what is in the lock and not here yet: {names}",
        names=_listed(names, say),
    )
    return _comes("NAMES", sentence, say, fetches=fetches)


def _canonical(name: str) -> str:
    """Spell an image as the lock does; a file's path is what it is."""
    try:
        return str(Reference.parse(name).canonical) if ":" in name else name
    except ValueError:
        return name


def _wrong(name: Name, status: int, say: Say, *, fetches: bool) -> Finding:
    if status == _SILENT:
        sentence = say("the mirror did not answer when asked for {name}", name=name.name)
        return Finding(State.FAIL, "NAMES", sentence, "mirrorkit up")
    sentence = say(
        "this start will ask for {name}, which the mirror has not ({status} for {path}): the"
        " teacher adds it",
        name=name.name,
        status=status,
        path=name.path,
    )
    return Finding(State.FAIL, "NAMES", sentence, _add(name.name, fetches=fetches))


def _add(name: str, *, fetches: bool) -> str:
    """Return what the teacher types: files come with the versions of images.yaml."""
    if ":" in name:
        return f"mirrorkit add {name}"
    return "mirrorkit lock" if fetches else "mirrorkit lock && mirrorkit sync"
