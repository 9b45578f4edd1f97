"""What doctor looks at: this machine, and the mirror a start will ask."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mirrorkit.classroom.doctor.examination import Patient, examine
from mirrorkit.classroom.words import speaker
from mirrorkit.host.language import language_of
from mirrorkit.host.reach import is_own, reach_of
from mirrorkit.host.read import read_machine
from mirrorkit.remote.mirror import MirrorServer
from mirrorkit.wiring.documents import read_lock

if TYPE_CHECKING:
    from mirrorkit.classroom.doctor.examination import Section
    from mirrorkit.classroom.minikube.choice import Choice
    from mirrorkit.host.reach import Reach
    from mirrorkit.settings import Settings


async def examine_machine(settings: Settings, choice: Choice, address: str) -> list[Section]:
    """Look at this machine, and at the mirror at `HOST:PORT`, for one start."""
    lock, reach = None, None
    if settings.locks[0].exists():  # the teacher's own machine
        lock = read_lock(settings.locks[0])
        reach = _own_reach(settings, address)
    say = speaker(language_of(os.environ))
    patient = Patient(address, MirrorServer, os.environ, say, lock, reach)
    return await examine(choice, patient)


def _own_reach(settings: Settings, address: str) -> Reach | None:
    """Return where students reach this machine; None where the mirror is another one."""
    machine, listen = read_machine(), settings.listen
    reach = reach_of(machine, listen, listen.port, settings.advertise)
    return reach if is_own(address, machine, reach) else None
