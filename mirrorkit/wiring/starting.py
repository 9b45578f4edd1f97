"""What `mirrorkit minikube start` is made of: setup.sh's checks, relay and planting, a seed."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.findings import Finding, State, read_finding
from mirrorkit.classroom.minikube.contents import contents, contents_of
from mirrorkit.classroom.minikube.failures import TAIL
from mirrorkit.classroom.minikube.start import Mirror, Mode
from mirrorkit.classroom.minikube.startcommand import start_command
from mirrorkit.classroom.setup import setup_script
from mirrorkit.classroom.words import speaker
from mirrorkit.errors import SurroundingsError
from mirrorkit.host.follow import follow
from mirrorkit.host.language import language_of
from mirrorkit.host.own import reach_at
from mirrorkit.host.script import run_script
from mirrorkit.remote.engine import DockerEngine
from mirrorkit.sentence import Sentence
from mirrorkit.wiring.documents import read_lock
from mirrorkit.wiring.seeding import SeedOrder, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirrorkit.classroom.minikube.seed import SeedReport
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.classroom.minikube.startcommand import StartCommand
    from mirrorkit.documents.pins import Lock
    from mirrorkit.events import Listener
    from mirrorkit.host.follow import Ended
    from mirrorkit.oci.reference import Reference
    from mirrorkit.settings import Settings

NETWORK: Final = "mirrorkit"
_CHECK_SECONDS: Final = 120.0
_LOOK: Final = Sentence(
    "look at that address, at this machine's network, and whether mirrorkit runs there"
)
_RELAY_SECONDS: Final = 600.0
_PLANT_SECONDS: Final = 7200.0


@dataclass(frozen=True)
class Starter:
    """One start on this machine, step by step; each step can be asked for by itself."""

    settings: Settings
    usual: Start
    typed: tuple[str, ...]
    """What was typed for minikube."""
    address: str
    """The mirror, as HOST:PORT."""
    has_relay: bool
    """Whether clusters are to use the relay where there can be one."""
    program: Path
    """minikube."""

    @cached_property
    def lock(self) -> Lock:
        """The lock that is served."""
        return read_lock(self.settings.locks[0])

    def command(self, mirror: Mirror) -> StartCommand:
        """Return the start that works with the mirror there; UsageError, RefusedStartError."""
        return start_command(self.typed, os.environ, self.usual, mirror, self.lock)

    def expected(self) -> Mirror:
        """Return where the mirror most likely is once the relay is made."""
        own = Mirror.at(self.address)
        return Mirror.relayed() if self._uses_relay(self.command(own).recipe.start) else own

    def findings(self) -> tuple[Finding, ...]:
        """Look at this machine as setup.sh does; nothing of it is changed."""
        words = ("--check", "--porcelain", "--no-report", "start", *self.typed)
        ran = run_script(setup_script(self.address), words, _CHECK_SECONDS, is_read=True)
        found = tuple(self._helped(one) for one in _findings(ran.text))
        if not found:
            sentence = f"the checks of this machine said nothing (status {ran.status})"
            return (Finding(State.FAIL, "CHECKS", sentence),)
        return found

    def relay(self, start: Start) -> Mirror:
        """Make the relay, or lead it here; SurroundingsError after it has said what is wrong."""
        if not self._uses_relay(start):
            return Mirror.at(self.address)
        words = ("--no-report", "relay")
        ran = run_script(setup_script(self.address), words, _RELAY_SECONDS, is_read=False)
        if ran.status:
            hint = "do what it says above, or start with --no-relay"
            raise SurroundingsError("the relay could not be made", hint=hint)
        with closing(DockerEngine()) as engine:
            gateway = engine.gateway(NETWORK)
        if gateway is None:
            return Mirror.at(self.address)
        return Mirror.relayed(gateway)

    def prepare(self, command: StartCommand, report: Listener) -> SeedReport:
        """Place and load what the start needs, from the store."""
        recipe = command.recipe
        order = SeedOrder(recipe.start)
        found = contents_of(recipe, self.lock)
        if recipe.mode is Mode.SEED:
            whole = contents(recipe.start, self.lock, order.host, can_load=True)
            found = replace(whole, texts=found.texts)
        if not self.has_store and _is_loaded(found.load and found.load[0]):
            found = replace(found, load=None)
        return fill(self.settings, order, found, report)

    def run(self, command: StartCommand) -> Ended:
        """Run minikube on the user's terminal; SurroundingsError where it cannot be started."""
        argv = (str(self.program), *command.words)
        try:
            return follow(argv, command.environment(os.environ), TAIL)
        except OSError as error:
            raise SurroundingsError(f"{self.program} cannot be run: {error.strerror}") from error

    def plant(self, command: StartCommand) -> int:
        """Put into the nodes what their runtime would ask the internet for; return its status.

        It says what is missing: 1 where some images are, another where nothing could be done.
        """
        if not command.recipe.plants:
            return 0
        start = command.recipe.start
        words = ["--no-report", *(() if self.has_relay else ("--no-relay",)), "plant", "--force"]
        words += [f"--profile={start.profile}", f"--driver={start.driver}"]
        words += [f"--container-runtime={start.runtime}"]
        ran = run_script(setup_script(self.address), words, _PLANT_SECONDS, is_read=False)
        return ran.status

    @cached_property
    def is_own(self) -> bool:
        """Whether the mirror is this machine's."""
        return reach_at(self.settings, self.address) is not None

    @cached_property
    def has_store(self) -> bool:
        """Whether there is a store on this machine, be it incomplete."""
        return (self.settings.store / "blobs").is_dir()

    def lacks_store(self, command: StartCommand) -> bool:
        """Say whether something would come from a store that is not on this machine."""
        recipe = command.recipe
        wants = bool(recipe.seeds) or recipe.mode is Mode.SEED or not _is_loaded(recipe.load)
        return wants and not self.has_store

    def _helped(self, finding: Finding) -> Finding:
        """Put what helps in the place of setup.sh's question, where the mirror is silent."""
        if finding.code != "MIRROR" or finding.state is not State.FAIL:
            return finding
        if self.is_own:
            return finding._replace(command="mirrorkit up")
        advice = speaker(language_of(os.environ))(_LOOK)
        return finding._replace(sentence=f"{finding.sentence}; {advice}", command="")

    def _uses_relay(self, start: Start) -> bool:
        return self.has_relay and start.driver == "docker"


def _is_loaded(name: Reference | None) -> bool:
    """Say whether Docker has an image; a silent Docker is the checks' to tell."""
    if name is None:
        return True
    with suppress(SurroundingsError), closing(DockerEngine()) as engine:
        return engine.image(str(name)) is not None
    return True


def storage_driver() -> str | None:
    """Ask this machine's Docker how it keeps layers; None where it does not answer."""
    with suppress(SurroundingsError), closing(DockerEngine()) as engine:
        return engine.storage_driver()
    return None


def _findings(text: str) -> Iterator[Finding]:
    """Yield the findings; another line is some program's chatter."""
    for line in text.splitlines():
        with suppress(ValueError):
            yield read_finding(line)
