"""What the commands of `mirrorkit client` share: render, then print, write or undo."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.clients import containerdconfig, docker
from mirrorkit.classroom.clients.containerd import OLDEST
from mirrorkit.classroom.clients.shape import Target, registries_of
from mirrorkit.cli.output import note, say, say_data, say_json
from mirrorkit.documents.configuration import Advertise
from mirrorkit.errors import DocumentError, SurroundingsError, UsageError
from mirrorkit.host.own import own_address
from mirrorkit.host.placing import Placing
from mirrorkit.host.program import said
from mirrorkit.host.root import Root
from mirrorkit.wiring import read_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirrorkit.classroom.clients.containerd import Release
    from mirrorkit.classroom.clients.shape import Configuration, There
    from mirrorkit.documents.pins import Lock
    from mirrorkit.settings import Settings

    Render = Callable[[Target, Lock | None, There], Configuration]

# containerd's files are kubeadm's too: whichever wrote last, either takes all back.
_RECORDS: Final = {"kubeadm": "containerd"}
# Docker forgets a mirror that is no longer named only when it starts.
_AFTER_UNDO: Final = {
    docker.PATH: "sudo systemctl restart docker",
    containerdconfig.PATH: "sudo systemctl restart containerd",
}
_HERE: Final = Path("/")
_RELEASE: Final = re.compile(r"(?:\A|\s)v?(\d{1,3})\.(\d{1,3})(?:[.~+-]|\s|\Z)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    client: str
    address: str | None
    root: Path
    is_strict: bool
    writes: bool
    undoes: bool
    is_forced: bool
    is_json: bool
    more: tuple[str, ...] = ()
    """Further options that it was called with."""

    @property
    def is_here(self) -> bool:
        """Say whether this machine's own system is meant, whose services can be told."""
        return self.root.resolve() == _HERE

    def told(self, path: str) -> str:
        """Return a file's path as this machine has it."""
        return Root(self.root).told(path)


def release_of(text: str | None, root: Path) -> Release:
    """Return containerd's release: as given, or this machine's, else the oldest that will do.

    UsageError for text that is none.
    """
    own = said("containerd", "--version") if root.resolve() == _HERE else ""
    found = _RELEASE.search(text if text is not None else own)
    if found is not None:
        return int(found[1]), int(found[2])
    if text is None:
        return OLDEST
    raise UsageError(f"{text[:60]!r} is no release of containerd", hint="write it as 1.7 or 2.1")


def run(asked: Asked, settings: Settings, render: Render) -> int:
    """Print a client's configuration, write it, or undo it."""
    if asked.writes and asked.undoes:
        raise UsageError("--write or --undo, not both", hint="--undo gives back what was before")
    root, record = Root(asked.root), _RECORDS.get(asked.client, asked.client)
    # From the first look to the last rename: what is read here is what will be replaced.
    with root.locked() if asked.writes or asked.undoes else nullcontext():
        placing = Placing(root, record, is_forced=asked.is_forced)
        if asked.undoes:
            return _undo(asked, placing)
        return _configure(asked, settings, render, placing)


def _configure(asked: Asked, settings: Settings, render: Render, placing: Placing) -> int:
    """Print a client's configuration, or write it."""
    lock = _lock(settings)
    address = _address(asked.address, settings)
    target = Target(address, registries_of(lock), is_strict=asked.is_strict)
    if asked.writes:
        _refuse_mac(asked)
        _refuse_unwritable(asked, settings, target, placing.refused(()))
    found = _rendered(asked, lambda: render(target, lock, placing))
    files = {file.path: file.text.encode() for file in found.files}
    states = placing.states(files)
    written = None
    if asked.writes:
        _refuse_unwritable(asked, settings, target, placing.refused(files))
        written = placing.write(files)
    _tell(asked, target, found, states, written)
    return 0


def _rendered(asked: Asked, render: Callable[[], Configuration]) -> Configuration:
    """Render; what is wrong with a file of another system is said of that one."""
    try:
        return render()
    except (DocumentError, SurroundingsError) as error:
        root = str(asked.root.resolve())
        if asked.is_here or root in error.message:
            raise
        raise type(error)(f"below {root}: {error.message}", hint=error.hint) from error


def _lock(settings: Settings) -> Lock | None:
    """Read the lock; none is needed where nobody named one, as on a student's machine."""
    path = settings.locks[0]
    is_named = settings.origins["lock"] != "built-in"
    return read_lock(path) if is_named or path.exists() else None


def _address(given: str | None, settings: Settings) -> str:
    """Return HOST:PORT as given, else as `serve` would tell it to others."""
    if given is not None:
        try:
            return Advertise.parse(given).at(settings.listen.port)
        except ValueError as error:
            raise UsageError(
                f"--address: {error}", hint="such as 192.168.1.10:5080, without http:// and path"
            ) from error
    return own_address(settings)


def _refuse_unwritable(asked: Asked, settings: Settings, target: Target, path: str | None) -> None:
    if path is None:
        return
    strict = "--strict" if target.is_strict else "--fallback"
    lock = [f"--lock={settings.locks[0].resolve()}"] if settings.locks[0].exists() else []
    more = [f"--address={target.address}", strict, *lock, *asked.more, "--write"]
    raise _unwritable(asked, path, more)


def _undo(asked: Asked, placing: Placing) -> int:
    path = placing.refused(()) if placing.has_written else None
    if path is not None:
        raise _unwritable(asked, path, ["--undo"])
    done = placing.undo()
    paths = (*done.restored, *done.removed)
    after = _AFTER_UNDO if asked.is_here else {}
    commands = [command for path, command in after.items() if path in paths]
    if asked.is_json:
        facts = {"client": asked.client, **done._asdict(), "commands": commands}
        say_json({"version": 1, **facts}, indent=1)
        return 0
    for path in done.restored:
        note(f"restored  {asked.told(path)}")
    for path in done.removed:
        note(f"removed   {asked.told(path)}")
    for command in commands:
        note(f"next: `{command}`")
    if not paths:
        note("nothing to undo: mirrorkit wrote nothing here")
    return 0


def _refuse_mac(asked: Asked) -> None:
    if sys.platform == "darwin" and asked.is_here:
        raise SurroundingsError(
            "on a Mac the engines run in a virtual machine, whose files are not here",
            hint="Docker Desktop takes what is printed without --write: Settings, Docker Engine",
        )


def _unwritable(asked: Asked, path: str, more: list[str]) -> SurroundingsError:
    """Give the one command that does it."""
    program = Path(sys.argv[0])
    is_module = program.name == "__main__.py"
    own = [sys.executable, "-m", "mirrorkit"] if is_module else [str(program.resolve())]
    root = [] if asked.is_here else [f"--root={asked.root.resolve()}"]
    force = ["--force"] if asked.is_forced else []
    command = shlex.join(["sudo", *own, "client", asked.client, *root, *more, *force])
    return SurroundingsError(f"{asked.told(path)} may not be written by this user", hint=command)


def _tell(
    asked: Asked,
    target: Target,
    found: Configuration,
    states: Mapping[str, str],
    written: tuple[str, ...] | None,
) -> None:
    if asked.is_json:
        say_json(_document(asked, target, found, states, written), indent=1)
        return
    for file in found.files if written is None else ():
        say(f"==> {asked.told(file.path)} ({states[file.path]}) <==")
        say_data(file.text)
    for path in written or ():
        note(f"written   {asked.told(path)}")
    if written is not None and not written:
        note("nothing to write: everything is so already")
    for command in found.commands if written != () and asked.is_here else ():
        note(f"next: `{command}`")
    for text in found.notes:
        note(f"note: {text}")


def _document(
    asked: Asked,
    target: Target,
    found: Configuration,
    states: Mapping[str, str],
    written: tuple[str, ...] | None,
) -> dict[str, object]:
    return {
        "version": 1,
        "client": asked.client,
        "address": target.address,
        "strict": target.is_strict,
        "registries": target.registries,
        "files": [
            {"path": file.path, "state": states[file.path], "text": file.text}
            for file in found.files
        ],
        "written": written,
        "commands": found.commands if asked.is_here else (),
        "notes": found.notes,
    }
