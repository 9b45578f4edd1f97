"""The examination: machine, programs, mirror and old profiles, each a section of findings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.classroom.doctor.frozen import addresses_of, of_start, profile_findings
from mirrorkit.classroom.doctor.machine import machine_findings
from mirrorkit.classroom.doctor.meant import meant, words_of
from mirrorkit.classroom.doctor.mirror import (
    Name,
    ask_names,
    ask_status,
    name_findings,
    silence_finding,
    status_findings,
)
from mirrorkit.classroom.doctor.planted import plant_findings
from mirrorkit.classroom.doctor.profiles import read_profiles
from mirrorkit.classroom.doctor.shell import shell_findings
from mirrorkit.classroom.doctor.tools import read_tools, tool_findings
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.classroom.minikube.asked import asked
from mirrorkit.classroom.minikube.choice import minikubes
from mirrorkit.classroom.minikube.layout import minikube_folder
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.start import Mirror
from mirrorkit.classroom.setup import setup_script
from mirrorkit.errors import RefusedStartError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from mirrorkit.classroom.doctor.mirror import Asking
    from mirrorkit.classroom.doctor.status import Status
    from mirrorkit.classroom.doctor.tools import Tools
    from mirrorkit.classroom.minikube.choice import Choice
    from mirrorkit.classroom.minikube.recipe import Recipe
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.classroom.words import Say
    from mirrorkit.documents.pins import Lock
    from mirrorkit.host.reach import Reach

    MirrorAt = Callable[[str], AbstractAsyncContextManager[Asking]]


class Section(NamedTuple):
    """Findings that belong together, under a title."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """The machine that is looked at, and the mirror it should live from."""

    address: str
    """The mirror's HOST:PORT."""
    mirror_at: MirrorAt
    environment: Mapping[str, str]
    say: Say
    lock: Lock | None = None
    """The class's, where it is on this machine."""
    reach: Reach | None = None
    """Where students reach this machine, if it is the one that serves."""

    @property
    def home(self) -> Path:
        """Whose startup files are looked at."""
        return Path(self.environment.get("HOME", "/root"))


async def examine(choice: Choice, patient: Patient) -> list[Section]:
    """Look at everything; nothing is changed. UsageError where what is chosen cannot be."""
    say, mirror = patient.say, Mirror.at(patient.address)
    async with patient.mirror_at(patient.address) as asking:
        machine, tools, status = await asyncio.gather(
            machine_findings(setup_script(patient.address), words_of(choice), say),
            read_tools(),
            _status(asking),
        )
        seen = status if not isinstance(status, UnreachableError) else None
        start = meant(choice, seen, patient.lock, tools.minikube)
        made, refusal = _recipe(start, mirror, patient.lock, say)
        answers = await ask_names(asking, _names(start, mirror, patient.lock)) if seen else {}
    served = [*_reach_findings(patient.reach, say)]
    if isinstance(status, UnreachableError):
        is_own = patient.reach is not None
        served.append(silence_finding(status, patient.address, say, is_own=is_own))
    else:
        served += status_findings(status, patient.address, say)
        served += name_findings(answers, status.missing, say, fetches=status.fetches)
    is_guess = not (choice.minikube or seen or patient.lock or tools.minikube)
    programs = [
        *refusal,
        *(() if is_guess else _tools(tools, start, choice, patient)),
        *shell_findings(patient.home, say),
    ]
    return [
        # The mirror first, for what helps elsewhere is often fetched from it.
        Section(say("The mirror"), (*served, *plant_findings(made.plants, say))),
        Section(say("This machine"), machine),
        Section(say("Programs"), tuple(programs)),
        Section(say("Profiles"), await _profiles(start, made, patient)),
    ]


def _tools(tools: Tools, start: Start, choice: Choice, patient: Patient) -> Iterator[Finding]:
    """Hold the programs against the class: a lock's releases, where none was chosen."""
    ours = tuple(minikubes(patient.lock)) if patient.lock and not choice.minikube else ()
    of_class = ours[0] if ours and start.release.version not in ours else None
    return tool_findings(tools, start, patient.address, patient.say, of_class)


async def _status(asking: Asking) -> Status | UnreachableError:
    try:
        return await ask_status(asking)
    except UnreachableError as error:
        return error


def _recipe(
    start: Start, mirror: Mirror, lock: Lock | None, say: Say
) -> tuple[Recipe, tuple[Finding, ...]]:
    """Return what the start needs, and a finding where it is known to fail."""
    try:
        made = recipe(start, mirror, lock)
    except RefusedStartError as error:
        sentence = say("this start is known to fail: {why}", why=error.message)
        refusal = Finding(State.FAIL, "START", _advised(sentence, error.hint or "", say))
        return recipe(replace(start, force=True), mirror, lock), (refusal,)
    sentence = say(
        "looked at for minikube {minikube}, Kubernetes {kubernetes}, driver {driver}, runtime"
        " {runtime}",
        minikube=start.release.version,
        kubernetes=start.kubernetes,
        driver=start.driver,
        runtime=start.runtime,
    )
    return made, (Finding(State.OK, "START", sentence),)


def _names(start: Start, mirror: Mirror, lock: Lock | None) -> Iterable[Name]:
    """Return what the start will ask, each path once."""
    return {one.path: Name(one.path, one.name) for one in asked(start, mirror, lock)}.values()


def _reach_findings(reach: Reach | None, say: Say) -> Iterator[Finding]:
    if reach is None:
        return
    if reach.urls:
        sentence = say("students reach this machine at {url}", url=reach.urls[0])
        yield Finding(State.OK, "ADDRESS", sentence)
    elif reach.advice is not None:
        sentence = say("nobody reaches this machine: {why}", why=reach.advice.reason)
        yield Finding(State.FAIL, "ADDRESS", _advised(sentence, reach.advice.steps[0], say))


def _advised(sentence: str, advice: str, say: Say) -> str:
    """Add what helps and is no command."""
    return say("{what}; {advice}", what=sentence, advice=say(advice)) if advice else sentence


async def _profiles(start: Start, made: Recipe, patient: Patient) -> tuple[Finding, ...]:
    say = patient.say
    home = minikube_folder(patient.environment, patient.home)
    profiles = tuple(read_profiles(home))
    if not profiles:
        sentence = say("no old profile: the first start makes it")
        return (Finding(State.OK, "PROFILE", sentence),)
    ours = of_start(profiles, start)
    answering = [one for one in addresses_of(ours) if await _answers(patient.mirror_at, one)]
    return tuple(profile_findings(profiles, start, made.mode, answering, say))


async def _answers(mirror_at: MirrorAt, address: str) -> bool:
    async with mirror_at(address) as asking:
        return not isinstance(await _status(asking), UnreachableError)
