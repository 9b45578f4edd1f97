"""Old profiles: what is frozen in them, held against the start of the class.

A second start updates neither the repository nor the registries of a profile, in any release
(facts/minikube.md §1.9), so the cure is a new profile beside it.
"""

from __future__ import annotations

import ipaddress
import re
from itertools import count
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.versions import rank
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.classroom.minikube.start import Mode
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mirrorkit.classroom.doctor.profiles import Profile
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.classroom.words import Say

_CODE: Final = "PROFILE"
_OURS: Final = "mirrorkit"
_ADDRESS: Final = re.compile(r"(?P<host>\d{1,3}(?:\.\d{1,3}){3}|localhost):(?P<port>\d{1,5})\Z")


def of_start(profiles: Collection[Profile], start: Start) -> list[Profile]:
    """Return the profile of a start, and those that setup.sh may have made beside it."""
    return [one for one in profiles if one.name == start.profile or _is_ours(one.name)]


def _is_ours(name: str) -> bool:
    return name == _OURS or name.startswith(f"{_OURS}-")


def addresses_of(profiles: Collection[Profile]) -> frozenset[str]:
    """Return the addresses in a room that profiles would pull from, each as HOST:PORT."""
    hosts = {profile.repository.partition("/")[0] for profile in profiles}
    return frozenset(host for host in hosts if _is_of_a_room(host))


def _is_of_a_room(host: str) -> bool:
    """Say whether this is a private address: nobody else is asked on a file's word."""
    found = _ADDRESS.match(host)
    if found is None:
        return False
    if found["host"] == "localhost":
        return True
    try:
        return ipaddress.ip_address(found["host"]).is_private
    except ValueError:
        return False


def profile_findings(
    profiles: Collection[Profile],
    start: Start,
    mode: Mode,
    answering: Collection[str],
    say: Say,
) -> Iterator[Finding]:
    """Judge the profile of the start, and name the others.

    `answering` are those of `addresses_of` at which a mirror answers.
    """
    for profile in profiles:
        if profile.name != start.profile:
            yield _other(profile, say)
            continue
        reasons = list(_reasons(profile, start, mode, answering, say))
        if not reasons:
            sentence = say("profile {name} fits this start", name=profile.name)
            yield Finding(State.OK, _CODE, sentence)
        unfit = {one.name for one in profiles if any(_reasons(one, start, mode, answering, say))}
        for reason in reasons:
            yield _old(profile.name, reason, _name_beside(unfit), say)


def _other(profile: Profile, say: Say) -> Finding:
    if not profile.is_readable:
        sentence = say("profile {name} cannot be read", name=profile.name)
        return Finding(State.WARN, _CODE, sentence, f"minikube profile list # {profile.name}")
    sentence = say("profile {name} is another one and left alone", name=profile.name)
    return Finding(State.OK, _CODE, sentence)


def _old(name: str, reason: str, new: str, say: Say) -> Finding:
    sentence = say(
        "profile {name} {reason}, and no flag changes that any more; start the profile {new} beside"
        " it. `minikube delete -p {name}` is the second choice: the pods, volumes and images in it"
        " are lost",
        name=name,
        reason=reason,
        new=new,
    )
    return Finding(State.FAIL, _CODE, sentence, f"mirrorkit minikube start -- -p {new}")


def _name_beside(unfit: Collection[str]) -> str:
    """Return the name that setup.sh takes: the first of its own that is new, or fits."""
    names = (_OURS if number == 1 else f"{_OURS}-{number}" for number in count(1))
    return next(name for name in names if name not in unfit)


def _reasons(
    profile: Profile, start: Start, mode: Mode, answering: Collection[str], say: Say
) -> Iterator[str]:
    if not profile.is_readable:
        yield say("cannot be read")
        return
    if profile.driver and profile.driver != start.driver:
        yield say("was made with driver {driver}", driver=profile.driver)
    if profile.runtime and profile.runtime != start.runtime:
        yield say("was made with container runtime {runtime}", runtime=profile.runtime)
    if _is_newer(profile.kubernetes, start.kubernetes):
        yield say("has Kubernetes {version}, newer than the class's", version=profile.kubernetes)
    if mode is Mode.MIRROR:
        yield from _registry_reasons(profile, answering, say)
    elif profile.repository:
        yield say("pulls from {repository}", repository=profile.repository)


def _registry_reasons(profile: Profile, answering: Collection[str], say: Say) -> Iterator[str]:
    host = profile.repository.partition("/")[0]
    if not host:
        yield say("was made without the mirror and pulls from the internet")
    elif host not in answering:
        yield say("pulls from {repository}, where no mirror answers", repository=profile.repository)
    elif host not in profile.insecure:
        yield say("has a node that may not pull from {host} by plain HTTP", host=host)
    elif profile.runtime == "docker" and f"http://{host}" not in profile.mirrors:
        yield say(
            "has a node whose Docker knows no mirror, so that what `docker pull` gets here a pod"
            " does not"
        )


def _is_newer(here: str, wanted: str) -> bool:
    """Say whether minikube would refuse this as a downgrade (K8S_DOWNGRADE_UNSUPPORTED)."""
    try:
        return rank(here) > rank(wanted)
    except UsageError:
        return False
