"""The arguments of `minikube start`, read as minikube's own parser reads them (pflag, cobra).

Which flags take a value and which are switches is read off minikube's documentation of `start`
and `options` and its start_flags.go, over the listed releases; none has changed its kind.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.scan.lexer import Word

_GLOBAL_SWITCHES: Final = frozenset({
    *("add_dir_header", "alsologtostderr", "help", "logtostderr", "one_output", "rootless"),
    *("skip-audit", "skip_headers", "skip_log_headers"),
})  # fmt: skip
_GLOBAL_VALUED: Final = frozenset({
    *("bootstrapper", "log_backtrace_at", "log_dir", "log_file", "log_file_max_size", "profile"),
    *("stderrthreshold", "user", "v", "vmodule"),
})  # fmt: skip
SWITCHES: Final = _GLOBAL_SWITCHES | {
    *("auto-update-drivers", "cache-images", "delete-on-failure", "disable-coredns-log"),
    *("disable-driver-mounts", "disable-metrics", "disable-optimizations", "dns-proxy"),
    *("download-only", "dry-run", "embed-certs", "enable-default-cni", "force", "force-systemd"),
    *("ha", "host-dns-resolver", "hyperv-use-external-switch", "install-addons", "interactive"),
    *("keep-context", "kvm-gpu", "kvm-hidden", "mount", "native-ssh", "no-kubernetes"),
    *("no-vtx-check", "preload", "rosetta", "vm"),
}
"""Flags that take a value only after `=`."""
LISTS: Final = frozenset({
    *("addons", "apiserver-ips", "apiserver-names", "hyperkit-vsock-ports", "insecure-registry"),
    *("iso-url", "mount-options", "nfs-share", "ports", "registry-mirror", "wait"),
})  # fmt: skip
"""Flags whose values add up, each a list with commas as CSV has it (pflag's StringSlice)."""
REPEATED: Final = frozenset({"docker-env", "docker-opt", "extra-config"})
"""Flags whose values add up, a comma being a letter."""
VALUED: Final = _GLOBAL_VALUED | LISTS | REPEATED | {
    *("apiserver-name", "apiserver-port", "auto-pause-interval", "base-image", "binary-mirror"),
    *("cert-expiration", "cni", "container-runtime", "cpus", "cri-socket", "disk-size"),
    *("dns-domain", "driver", "extra-disks", "feature-gates", "gpus", "host-only-cidr"),
    *("host-only-nic-type", "hyperkit-vpnkit-sock", "hyperv-external-adapter"),
    *("hyperv-virtual-switch", "image-mirror-country", "image-repository", "kubernetes-version"),
    *("kvm-network", "kvm-numa-count", "kvm-qemu-uri", "listen-address", "memory"),
    *("mount-9p-version", "mount-gid", "mount-ip", "mount-msize", "mount-port", "mount-string"),
    *("mount-type", "mount-uid", "namespace", "nat-nic-type", "network", "network-plugin"),
    *("nfs-shares-root", "nodes", "output", "preload-source", "qemu-firmware-path"),
    *("service-cluster-ip-range", "socket-vmnet-client-path", "socket-vmnet-path"),
    *("ssh-ip-address", "ssh-key", "ssh-port", "ssh-user", "static-ip", "subnet", "trace", "uuid"),
    *("vm-driver", "wait-timeout"),
}  # fmt: skip
"""Flags that take the next word where `=` gives them none."""
_SHORT: Final = {
    "b": "bootstrapper",
    "h": "help",
    "p": "profile",
    "v": "v",
    "c": "container-runtime",
    "d": "driver",
    "g": "gpus",
    "n": "nodes",
    "o": "output",
}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One flag as it was given, or a word that is none."""

    name: str
    """The long name without its dashes; empty for a word that is no flag."""
    value: str
    """`true` for a bare switch; empty where a value is wanted and none is there."""
    words: tuple[int, ...]
    """Where it stands among the words: one, or two with the value in its own."""
    is_exact: bool
    """Whether the value is known before a shell has run."""
    is_separate: bool = False
    """Whether the value is a word of its own."""
    is_missing: bool = False
    """Whether it wants a value and the command ends there."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a minikube command says, in its order."""

    subcommand: int | None
    """Which word is the subcommand's name."""
    given: tuple[Argument, ...]
    closing: int | None
    """Which word is the `--` that ends the flags."""

    def of(self, name: str) -> tuple[Argument, ...]:
        """Return each mention of a flag."""
        return tuple(one for one in self.given if one.name == name)

    def last(self, name: str) -> Argument | None:
        """Return the mention that counts where a flag has one value."""
        return next(reversed(self.of(name)), None)


def read_arguments(words: Sequence[Word], program: int) -> Arguments:
    """Read what follows the program's word, whose place among the words is `program`."""
    subcommand = _subcommand(words, program + 1)
    places = [place for place in range(program + 1, len(words)) if place != subcommand]
    closing = next(_closing(words, places), None)
    flags = places if closing is None else places[: places.index(closing)]
    return Arguments(subcommand, tuple(_given(words, flags)), closing)


def is_true(value: str) -> bool | None:
    """Return what Go's strconv.ParseBool makes of a value; None where it fails."""
    return True if value in _TRUE else False if value in _FALSE else None


def split_list(value: str) -> list[str]:
    """Split a list as pflag does, by the rules of CSV; unreadable text is one item."""
    try:
        rows = list(csv.reader([value], strict=True))
    except csv.Error:
        return [value]
    return rows[0] if rows else []


def join_list(items: Sequence[str]) -> str:
    """Join items so that they split again."""
    return ",".join(_field(item) for item in items)


def _field(item: str) -> str:
    if not item or any(char in item for char in ',"\r\n'):
        return '"' + item.replace('"', '""') + '"'
    return item


def _subcommand(words: Sequence[Word], start: int) -> int | None:
    """Find the subcommand as cobra's Find does, which knows the global flags alone."""
    skips = False
    for place in range(start, len(words)):
        text = words[place].text
        if skips:
            skips = False
        elif text == "--":
            return None
        elif text.startswith("--"):
            skips = "=" not in text and text[2:] not in _GLOBAL_SWITCHES
        elif text.startswith("-"):
            skips = len(text) == 2 and text != "-h"  # noqa: PLR2004 - a dash and a letter
        elif text:
            return place
    return None


def _closing(words: Sequence[Word], places: Sequence[int]) -> Iterator[int]:
    """Yield the places of `--` that are no flag's value."""
    skips = False
    for place in places:
        text = words[place].text
        if skips:
            skips = False
        elif text == "--":
            yield place
        else:
            skips = takes_next(text)


def takes_next(text: str) -> bool:
    """Say whether a word is a flag whose value is the next one."""
    if text.startswith("--"):
        return "=" not in text and text[2:] in VALUED
    if not text.startswith("-"):
        return False
    letters = text[1:].lstrip("h")
    return len(letters) == 1 and letters in _SHORT


def _given(words: Sequence[Word], places: Sequence[int]) -> Iterator[Argument]:
    rest = iter(places)
    for place in rest:
        word = words[place]
        value = next(rest, None) if takes_next(word.text) else None
        if not word.text.startswith("-") or word.text == "-":
            yield Argument("", word.text, (place,), word.is_exact)
        elif value is not None:
            name = _name(word.text)
            both, said = (place, value), words[value]
            yield Argument(name, said.text, both, said.is_exact, is_separate=True)
        else:
            yield from _alone(word, place)


def _name(text: str) -> str:
    return text[2:] if text.startswith("--") else _SHORT[text[-1]]


def _alone(word: Word, place: int) -> Iterator[Argument]:
    """Read flags that stand in one word with their values."""
    if word.text.startswith("--"):
        name, is_set, value = word.text[2:].partition("=")
        is_missing = not is_set and name in VALUED
        value = value if is_set else _bare(name)
        yield Argument(name, value, (place,), word.is_exact, is_missing=is_missing)
        return
    letters = word.text[1:]
    while letters.startswith("h"):
        letters = letters[1:]
        yield Argument("help", "true", (place,), word.is_exact)
    if letters:
        name = _SHORT.get(letters[0], letters[0])
        value, is_missing = letters[1:].removeprefix("="), len(letters) == 1 and name in VALUED
        yield Argument(name, value, (place,), word.is_exact, is_missing=is_missing)


def _bare(name: str) -> str:
    return "true" if name in SWITCHES else ""
