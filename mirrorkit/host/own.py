"""Where this machine's own server answers, by its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.errors import UsageError
from mirrorkit.host.reach import is_own, reach_of
from mirrorkit.host.read import read_machine

if TYPE_CHECKING:
    from mirrorkit.host.reach import Reach
    from mirrorkit.settings import Settings


def own_reach(settings: Settings, port: int | None = None) -> Reach:
    """Return where others reach this machine, at a port or the settings'; it may block a while."""
    listen = settings.listen
    return reach_of(read_machine(), listen, port or listen.port, settings.advertise)


def own_address(settings: Settings) -> str:
    """Return the HOST:PORT to tell others; UsageError where nobody reaches this machine."""
    address = own_reach(settings).best
    if address is None:
        raise UsageError(
            "this machine has no address that others reach",
            hint="name the mirror's: --address HOST:PORT",
        )
    return address


def reach_at(settings: Settings, address: str) -> Reach | None:
    """Return where others reach this machine if a mirror's HOST:PORT is its own, else None."""
    machine, listen = read_machine(), settings.listen
    reach = reach_of(machine, listen, listen.port, settings.advertise)
    return reach if is_own(address, machine, reach) else None
