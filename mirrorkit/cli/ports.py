"""Where to listen: as asked, or on the next free port where nobody asked for one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from mirrorkit.cli.output import note, printable
from mirrorkit.documents.configuration import PORT
from mirrorkit.errors import AddressInUseError
from mirrorkit.host.listener import program_on
from mirrorkit.settings import PORT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.documents.configuration import Listen
    from mirrorkit.host.listener import Program
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.server.runner import Runner
    from mirrorkit.settings import Settings

_PORTS: Final = 20
_ANY: Final = (None, "0.0.0.0", "::")  # noqa: S104 - recognised, not chosen


async def start_somewhere(
    settings: Settings, files: LockFiles, *, is_quiet: bool
) -> tuple[Runner, int]:
    """Serve, and return the port too; one that had to be changed is remembered in the store.

    AddressInUseError, naming the program, when the port was asked for, when the program is another
    mirrorkit, or when all are taken.
    """
    from mirrorkit.wiring import start_server

    for port in _candidates(settings):
        listen = settings.listen._replace(port=port)
        try:
            runner = await start_server(replace(settings, listen=listen), files)
        except AddressInUseError as error:
            holder = program_on(port)
            if not settings.is_port_open or (holder is not None and holder.is_mirrorkit):
                _refuse(error, holder, listen)
            if not is_quiet:
                note(f"port {port} is taken by {_named(holder)}; trying the next")
            continue
        served = int(runner.addresses[0][1])
        if settings.is_port_open and served != settings.listen.port:
            _remember(settings, served)
        if not is_quiet and settings.is_port_open and served != PORT:
            note(f"port {served} instead of {PORT}, {_why(settings, served)}")
        return runner, served
    raise AddressInUseError(
        f"ports {PORT} to {PORT + _PORTS - 1} are all taken",
        hint="choose one with --listen :PORT",
    )


def _candidates(settings: Settings) -> Iterator[int]:
    yield settings.listen.port
    if settings.is_port_open:
        ports = range(PORT, PORT + _PORTS)
        yield from (port for port in ports if port != settings.listen.port)


def _refuse(error: AddressInUseError, holder: Program | None, listen: Listen) -> NoReturn:
    if holder is None:
        raise error
    if not holder.is_mirrorkit:
        raise AddressInUseError(f"{error.message}: {_named(holder)}", hint=error.hint) from error
    url = f"http://{'localhost' if listen.host in _ANY else listen.host}:{listen.port}"
    raise AddressInUseError(
        f"{_named(holder)} serves on {listen} already",
        hint=f"look at {url}, or stop it with Ctrl-C in its terminal;"
        f" for another class beside it: --listen :{listen.port + 1}",
    ) from error


def _named(holder: Program | None) -> str:
    return printable(str(holder)) if holder is not None else "another program"


def _why(settings: Settings, served: int) -> str:
    path = printable(str(settings.store / PORT_NAME))
    if served != settings.listen.port:
        return f"from now on, so that students find it again; `rm {path}` ends that"
    return f"as before, for {path} says so; `rm {path}` ends that"


def _remember(settings: Settings, port: int) -> None:
    """Keep the port with the store: the students' machines will ask for the same one."""
    with suppress(OSError):  # a stick that cannot be written is served all the same
        settings.store.mkdir(parents=True, exist_ok=True)
        (settings.store / PORT_NAME).write_text(f"{port}\n")
