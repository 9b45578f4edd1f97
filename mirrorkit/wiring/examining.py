"""What doctor looks at: this machine, and the mirror a start will ask."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mirrorkit.classroom.doctor.examination import Patient, examine
from mirrorkit.classroom.words import speaker
from mirrorkit.host.language import language_of
from mirrorkit.host.own import reach_at
from mirrorkit.remote.mirror import MirrorServer
from mirrorkit.wiring.documents import read_lock

if TYPE_CHECKING:
    from mirrorkit.classroom.doctor.examination import Section
    from mirrorkit.classroom.minikube.choice import Choice
    from mirrorkit.settings import Settings


async def examine_machine(settings: Settings, choice: Choice, address: str) -> list[Section]:
    """Look at this machine, and at the mirror at `HOST:PORT`, for one start."""
    lock, reach = None, None
    if settings.locks[0].exists():  # the teacher's own machine
        lock = read_lock(settings.locks[0])
        reach = reach_at(settings, address)
    say = speaker(language_of(os.environ))
    patient = Patient(address, MirrorServer, os.environ, say, lock, reach)
    return await examine(choice, patient)
