"""`mirrorkit minikube start`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mirrorkit.cli.minikube_flags import Force, ModeWord  # noqa: TC001 - typer reads them
from mirrorkit.cli.options import Address, Config, OneLock, Store, settings_from
from mirrorkit.cli.output import note, say, say_data, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirrorkit.classroom.findings import Finding
    from mirrorkit.classroom.minikube.edits import Change
    from mirrorkit.classroom.minikube.startcommand import StartCommand
    from mirrorkit.errors import SurroundingsError
    from mirrorkit.host.follow import Ended
    from mirrorkit.settings import Settings
    from mirrorkit.wiring.starting import Starter

Typed = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- MINIKUBE_ARGS", help="What follows `minikube start`.", show_default=False
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; do nothing.")]
NoRelay = Annotated[
    bool, typer.Option("--no-relay", help="Let clusters use the mirror's own address.")
]
_INCOMPLETE: Final = 1
_FAILED: Final = 6
_TOLD: Final = frozenset({"removed", "changed", "kept"})
"""Of the differences to what was typed, those that nobody asked for."""


def command(
    typed: Typed = None,
    address: Address = None,
    mode: ModeWord = None,
    no_relay: NoRelay = False,
    force: Force = False,
    dry_run: DryRun = False,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
) -> int:
    """Start minikube here so that everything comes from the mirror, and explain a failure.

    Rewrites what is typed after `--`, checks this machine, makes the relay, fills minikube's cache
    from the store, runs minikube on this terminal, and puts the lessons' images into its nodes.
    Where something stands in the way nothing is started; --force goes on. The release is the
    installed minikube's, also where the lock is for another; `mirrorkit doctor` looks at the same.

    Ends with 0 when the cluster runs, with 1 when it runs and its nodes lack some of the lessons'
    images; else by what minikube's own status means: wrong words (14) 2, what could not be
    downloaded (40 to 49) 4, this machine, the node or the cluster 6.

    \b
    Examples:
      mirrorkit minikube start
      mirrorkit minikube start -- --addons=ingress -p second
    """
    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    starter = _starter(settings, tuple(typed or ()), address, mode, no_relay, force)
    if dry_run:
        _preview(starter)
        return 0
    started = starter.command(starter.expected())
    if not force and not starter.is_own and starter.lacks_store(started):
        raise _no_store(starter.address)
    findings = starter.findings()
    if _stops(findings) and not force:
        return _FAILED
    started = starter.command(starter.relay(started.recipe.start))
    for change in started.changes:
        if change.kind in _TOLD:
            _tell(change)
    status = _fill(starter, started)
    if status and not force:
        return status
    note(f"+ {started.text}")
    return _end(starter, started, starter.run(started))


def _starter(
    settings: Settings,
    typed: tuple[str, ...],
    address: str | None,
    mode: str | None,
    no_relay: bool,  # noqa: FBT001 - as typer gives it
    force: bool,  # noqa: FBT001
) -> Starter:
    from mirrorkit.classroom.minikube.choice import Choice, start_from
    from mirrorkit.host.minikube import installed_minikube
    from mirrorkit.host.own import own_reach, reach_at
    from mirrorkit.wiring import read_lock
    from mirrorkit.wiring.starting import Starter, storage_driver

    where = address or own_reach(settings).best or f"127.0.0.1:{settings.listen.port}"
    if not settings.locks[0].exists() and reach_at(settings, where) is None:
        raise _no_store(where)
    choice = Choice(
        minikube=installed_minikube(),
        mode=mode,
        force=force,
        storage_driver=storage_driver(),
        as_root=os.geteuid() == 0,
        architecture=os.uname().machine,
    )
    usual = start_from(choice, read_lock(settings.locks[0]))
    return Starter(settings, usual, typed, where, not no_relay, _program(where))


def _no_store(address: str) -> SurroundingsError:
    from mirrorkit.errors import SurroundingsError
    from mirrorkit.sentence import Sentence

    return SurroundingsError(
        Sentence(
            "a start here takes what it loads from this machine's own store and lock, whichever"
            " mirror is named, and one of them is not here"
        ),
        hint=Sentence(
            "a student's start takes all from the mirror: `curl {address} | sh -s -- start`",
            address=address,
        ),
    )


def _program(address: str) -> Path:
    import shutil

    from mirrorkit.errors import SurroundingsError

    own = Path.home() / ".mirrorkit/bin"
    found = shutil.which("minikube") or shutil.which("minikube", path=str(own))
    if found is None:
        hint = f"`curl {address} | sh` installs the class's"
        raise SurroundingsError("there is no minikube on this machine", hint=hint)
    return Path(found)


def _stops(findings: Sequence[Finding]) -> bool:
    """Print what is not well; say whether any of it stands in the way."""
    for finding in findings:
        if finding.state != "ok":
            note(f"{finding.state:<5} {finding.code}: {finding.sentence}")
            if finding.command:
                note(f"      → {finding.command}")
    return any(finding.state == "fail" for finding in findings)


def _fill(starter: Starter, started: StartCommand) -> int:
    from mirrorkit.cli.display import choose_display
    from mirrorkit.cli.minikube_seed import tell_missing, without_failures

    with choose_display(as_json=False) as display:
        report = starter.prepare(started, without_failures(display))
    tell_missing(report)
    return report.exit_status


def _end(starter: Starter, started: StartCommand, ended: Ended) -> int:
    from mirrorkit.classroom.minikube.failures import exit_status, explain
    from mirrorkit.host.language import language_of

    if ended.exit_code == 0:
        planted = starter.plant(started)
        return planted if planted in {0, _INCOMPLETE} else _FAILED
    start = started.recipe.start
    facts: Mapping[str, str] = {
        "profile": start.profile,
        "kubernetes": start.kubernetes,
        "driver": start.driver,
    }
    why = explain(ended.tail, ended.exit_code, language_of(os.environ), facts)
    status = exit_status(ended.exit_code, why)
    if status == 130:  # noqa: PLR2004 - interrupted, which explains itself
        return status
    if why is None:
        note(f"error: minikube ended with {ended.exit_code}")
        note(f"hint: `minikube logs -p {start.profile}` shows what it noted")
    else:
        note(f"error: {why.code}: {why.cause}")
        note(f"hint: {why.cure}\n      → {why.command}")
    return status


def _tell(change: Change) -> None:
    why = spoken(change.why)
    note(f"{change.kind:<8} {change.text}  ({why})" if change.text else f"note     {why}")


def _preview(starter: Starter) -> None:
    """Print each step of a start, in order."""
    mirror = starter.expected()
    started = starter.command(mirror)
    recipe = started.recipe
    for change in started.changes:
        _tell(change)
    say(f"check    this machine, for the mirror at {starter.address}")
    if mirror.address != starter.address:
        say(f"relay    {mirror.address}, to the mirror at {starter.address}")
    for placed in recipe.files:
        say(f"place    {placed.path}  ({spoken(placed.why)})")
    for seed in recipe.seeds:
        say(f"seed     {seed.path}  ({spoken(seed.why)})")
    if recipe.load is not None:
        say(f"load     {recipe.load}")
    say_data(f"run      {started.text}")
    for name in recipe.plants:
        say(f"plant    {name}")
