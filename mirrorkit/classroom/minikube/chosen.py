"""What a `minikube start` asks for: by its flags, then its variables, then what is usual.

minikube's own order (viper): a flag, then MINIKUBE_ and the flag's name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.needs import NETWORKS
from mirrorkit.classroom.minikube.arguments import is_true, split_list
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.catalog.releases import Release
    from mirrorkit.classroom.minikube.arguments import Arguments
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.classroom.minikube.words import Call

CHOOSING: Final = frozenset({
    *("addons", "cni", "container-runtime", "driver", "kubernetes-version", "nodes", "profile"),
})  # fmt: skip
"""Flags that say what is wanted: the command's own stand, whatever they say."""
UNREAD: Final = frozenset({"addons", "apiserver-names", "docker-env", "docker-opt", "extra-config",
    "insecure-registry"})  # fmt: skip
"""Flags that no variable stands for: minikube reads them past viper."""
HEARD: Final = frozenset(
    "MINIKUBE_" + name.replace("-", "_").upper() for name in (*CHOOSING, "ha", "vm-driver")
)
"""The variables that choose."""
_RUNTIMES: Final = {"crio": "cri-o"}
_DRIVERS: Final = {"native": "none", "qemu": "qemu2", "kvm": "kvm2"}
_HA_NODES: Final = 3


@dataclass(frozen=True, slots=True)
class Said:
    """One choice as the command makes it."""

    value: str
    is_exact: bool
    """Whether it is known before a shell has run."""

    @property
    def is_choice(self) -> bool:
        """Whether it chooses at all: nothing and `auto` leave it to minikube."""
        return not self.is_exact or self.value not in {"", "auto"}


def said(call: Call, arguments: Arguments, name: str) -> Said | None:
    """Return what a command says of a flag; None where it says nothing."""
    last = arguments.last(name)
    if last is not None:
        return Said(last.value, last.is_exact)
    if name in UNREAD:
        return None
    variable = variable_of(name)
    places = [place for place, found in call.assignments.items() if found == variable]
    word = call.words[places[-1]] if places else call.exported.get(variable)
    return None if word is None else Said(word.text.partition("=")[2], word.is_exact)


def variable_of(name: str) -> str:
    """Return the variable that stands for a flag."""
    return "MINIKUBE_" + name.replace("-", "_").upper()


def chosen(call: Call, arguments: Arguments, usual: Start) -> Start:
    """Return the start a command asks for; UsageError where its words are none of the release's.

    What only the shell knows, `--driver=$DRIVER`, is taken as usual.
    """
    heard = _Heard(call, arguments)
    driver = heard.text("driver") or heard.text("vm-driver") or usual.driver
    runtime = heard.text("container-runtime").replace("auto", "") or usual.runtime
    return replace(
        usual,
        kubernetes=_kubernetes(heard.text("kubernetes-version"), usual),
        driver=_DRIVERS.get(driver, driver),
        runtime=_RUNTIMES.get(runtime, runtime),
        nodes=_nodes(heard, usual.nodes),
        addons=heard.items("addons") or usual.addons,
        cni=_cni(heard, usual.cni),
        profile=heard.text("profile") or usual.profile,
        ha=heard.is_on("ha") or usual.ha,
        as_root=usual.as_root or call.is_root,
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    call: Call
    arguments: Arguments

    def text(self, name: str) -> str:
        """Return what is said and known, or nothing."""
        found = said(self.call, self.arguments, name)
        return found.value if found is not None and found.is_exact else ""

    def is_on(self, name: str) -> bool:
        return bool(is_true(self.text(name)))

    def items(self, name: str) -> tuple[str, ...]:
        given = (one for one in self.arguments.of(name) if one.is_exact)
        return tuple(dict.fromkeys(item for one in given for item in split_list(one.value) if item))


def _kubernetes(text: str, usual: Start) -> str:
    if not text:
        return usual.kubernetes
    return _named(usual.release).get(text.lower()) or "v" + text.removeprefix("v")


def _named(release: Release) -> dict[str, str]:
    return {"stable": release.default_kubernetes, "latest": release.newest_kubernetes}


def _nodes(heard: _Heard, usual: int) -> int:
    text = heard.text("nodes")
    if text and not (text.isascii() and text.isdigit() and len(text) < 4):  # noqa: PLR2004 - 999
        raise UsageError(f"{text[:60]!r} is no number of nodes", hint="as --nodes=2")
    nodes = int(text) if text else usual
    return max(nodes, _HA_NODES) if heard.is_on("ha") else nodes


def _cni(heard: _Heard, usual: str) -> str:
    text = heard.text("cni")
    if heard.is_on("enable-default-cni") and not text:
        return "bridge"
    return text if text in NETWORKS else usual
