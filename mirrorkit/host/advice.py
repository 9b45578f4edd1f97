"""What to do where nobody reaches this machine: one sentence, and the commands that help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.host.kinds import Kind
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirrorkit.host.machine import Machine
    from mirrorkit.host.reach import Found

# The first of these that is there is in the way.
_ORDER: Final = (
    Kind.WSL,
    Kind.CONTAINER,
    Kind.NAT_VM,
    Kind.HOST_ONLY,
    Kind.VPN,
    Kind.LINK_LOCAL,
    Kind.BRIDGE,
    Kind.LOOPBACK,
)
_TOLD: Final = Sentence(
    "then tell mirrorkit that machine's address: mirrorkit up --advertise ADDRESS"
)
_JOIN: Final = Sentence("plug in a cable, or join the class's Wi-Fi; this is noticed by itself")


@dataclass(frozen=True, slots=True)
class Advice:
    """Why nobody reaches this machine, and what to type or plug."""

    reason: Sentence
    steps: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the same as data."""
        return {"reason": self.reason, "steps": list(self.steps)}


def advice_for(hidden: Sequence[Found], machine: Machine, port: int) -> Advice:
    """Say what to do about the address that is most in the way."""
    for kind in _ORDER:
        found = next((one for one in hidden if one.kind is kind), None)
        if found is not None:
            return _ADVICE[kind](found, machine, port)
    return _no_network()


def _wsl(found: Found, _machine: Machine, port: int) -> Advice:
    return Advice(
        Sentence("this is WSL2, and {address} is known to Windows alone", address=found.address),
        (
            Sentence("in an administrator's PowerShell on Windows:"),
            (
                f"netsh interface portproxy add v4tov4 listenport={port} listenaddress=0.0.0.0"
                f" connectport={port} connectaddress={found.address}"
            ),
            (
                "netsh advfirewall firewall add rule name=mirrorkit dir=in action=allow"
                f" protocol=TCP localport={port}"
            ),
            Sentence("{told} (Windows' own; `ipconfig` shows it)", told=_TOLD),
        ),
    )


def _container(_found: Found, _machine: Machine, port: int) -> Advice:
    return Advice(
        Sentence("this is a container, and its address is known to its host alone"),
        (
            Sentence("start it with the port published: docker run -p {port}:{port} …", port=port),
            _TOLD,
        ),
    )


def _nat_vm(found: Found, machine: Machine, port: int) -> Advice:
    is_box = "virtualbox" in machine.vendor.lower() or found.address.startswith("10.0.")
    forward = f'VBoxManage controlvm "VM NAME" natpf1 "mirrorkit,tcp,,{port},,{port}"'
    with_box = (Sentence("or, on the machine it runs on, forward the port:"), forward, _TOLD)
    by_hand = Sentence("or forward port {port} to it and {told}", port=port, told=_TOLD)
    return Advice(
        Sentence(
            "this is a virtual machine behind NAT, and nobody else reaches {address}",
            address=found.address,
        ),
        (
            Sentence("best: give the virtual machine a bridged network adapter"),
            *(with_box if is_box else (by_hand,)),
        ),
    )


def _host_only(found: Found, _machine: Machine, _port: int) -> Advice:
    return Advice(
        Sentence(
            "only the machine this virtual machine runs on reaches {address}",
            address=found.address,
        ),
        (Sentence("give the virtual machine a bridged network adapter"),),
    )


def _no_network(*_: object) -> Advice:
    return Advice(
        Sentence("this machine is on no network that students share"),
        (_JOIN,),
    )


def _link_local(found: Found, _machine: Machine, _port: int) -> Advice:
    return Advice(
        Sentence(
            "the network gave this machine no address ({address} is made up)", address=found.address
        ),
        (Sentence("look at the cable and the router; a fixed address of the room helps too"),),
    )


def _vpn(found: Found, _machine: Machine, _port: int) -> Advice:
    return Advice(
        Sentence(
            "{address} is a VPN's ({interface}), which students are not in",
            address=found.address,
            interface=found.interface,
        ),
        (_JOIN,),
    )


def only_here(host: str) -> Advice:
    """Say why a server on a loopback address has no address for others."""
    return Advice(
        Sentence("it listens on {host}, which is this machine's for itself", host=host),
        (Sentence("leave --listen away, or give it an address of the class's network"),),
    )


_ADVICE: Final[dict[Kind, Callable[[Found, Machine, int], Advice]]] = {
    Kind.WSL: _wsl,
    Kind.CONTAINER: _container,
    Kind.NAT_VM: _nat_vm,
    Kind.HOST_ONLY: _host_only,
    Kind.VPN: _vpn,
    Kind.LINK_LOCAL: _link_local,
    Kind.BRIDGE: _no_network,
    Kind.LOOPBACK: _no_network,
}
