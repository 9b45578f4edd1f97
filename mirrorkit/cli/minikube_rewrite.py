"""`mirrorkit minikube rewrite`: a start from a book or a chat, made to work here."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mirrorkit.cli import minikube_flags as flags
from mirrorkit.cli.options import Config, Json, OneLock, settings_from
from mirrorkit.cli.output import note, printable, say_json
from mirrorkit.cli.retyped import retyped
from mirrorkit.errors import UsageError
from mirrorkit.progress import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirrorkit.classroom.minikube.edits import Change
    from mirrorkit.classroom.minikube.rewrite import Rewritten

_BYTES_MAX: Final = 16 << 20
_NAMED: Final = 3

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|-|COMMAND…", help="A script, standard input, or a command; options go before."
    ),
]


def command(
    context: typer.Context,
    words: Words,
    minikube: flags.Minikube = None,
    kubernetes: flags.Kubernetes = None,
    driver: flags.Driver = "docker",
    runtime: flags.Runtime = "docker",
    nodes: flags.Nodes = 1,
    addons: flags.Addons = None,
    cni: flags.Cni = "auto",
    ha: flags.Ha = False,
    arch: flags.Arch = None,
    profile: flags.Profile = "minikube",
    address: flags.Address = None,
    relay: flags.Relay = True,
    mode: flags.ModeWord = None,
    storage_driver: flags.StorageDriver = None,
    root: flags.Root = False,
    rootless: flags.Rootless = False,
    force: flags.Force = False,
    lock: OneLock = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Rewrite `minikube start` commands from a book or a chat so that they work with the mirror.

    What fights the mirror goes, what is missing comes, the rest stays as it is written; each
    difference is explained on standard error. The command's own choices stand; the options here
    say what it leaves open. In a script all other text stays byte for byte. Twice changes nothing.

    \b
    Examples:
      mirrorkit minikube rewrite -- minikube start --image-mirror-country=cn
      mirrorkit minikube rewrite lesson3.sh > lesson3-here.sh
      mirrorkit minikube rewrite --runtime containerd --json - < start.sh
    """
    from mirrorkit.classroom.minikube.choice import Choice, start_from
    from mirrorkit.classroom.minikube.options import CHOSEN
    from mirrorkit.classroom.minikube.rewrite import rewritten

    text = _text(words)
    settings = settings_from(locks=lock, config=config, is_one_lock=True)
    held = flags.held_lock(settings, is_named=lock is not None)
    choice = Choice(
        minikube=minikube or flags.installed(),
        kubernetes=kubernetes,
        driver=driver,
        runtime=runtime,
        nodes=nodes,
        addons=flags.split_names(addons),
        cni=cni,
        architecture=arch,
        profile=profile,
        mode=mode,
        force=force,
        storage_driver=storage_driver,
        as_root=root,
        rootless=rootless,
        ha=ha,
    )
    done = rewritten(
        text,
        start_from(choice, held),
        lambda start: flags.mirror_for(settings, address, start.driver, relay=relay),
        held,
    )
    unsaid = start_from(replace(choice, kubernetes=None), held).kubernetes
    told = retyped(context, without=(*CHOSEN, "words", "as_json"))
    _tell(done, _before(done, told, unsaid), as_json=as_json)
    return 0


def _before(done: Rewritten, told: Sequence[str], kubernetes: str) -> list[str]:
    """Return the commands that say what each start needs beforehand, each once."""
    from mirrorkit.classroom.minikube.options import options

    needy = (one for one in done.recipes if one.load or one.seeds or one.files)
    words = ((*told, *options(one.start, kubernetes), "--format", "shell") for one in needy)
    return list(dict.fromkeys(shlex.join((*flags.COMMAND, *each)) for each in words))


def _text(words: list[str]) -> str:
    """Return the script or the command that is meant."""
    from mirrorkit.classroom.minikube.edits import quoted

    first, *more = words
    is_program = first.rpartition("/")[2] == "minikube"
    is_file = os.path.isfile(first) and not is_program  # noqa: PTH113 - Path's raises for long text
    if words == ["-"]:
        return _decoded(sys.stdin.buffer.read(_BYTES_MAX + 1), "standard input")
    if is_file and more:
        raise UsageError("one file at a time", hint="options go before the file")
    if more:
        return _typed(" ".join(quoted(word) for word in words))
    if is_program or (not is_file and any(char.isspace() for char in first)):
        return _typed(first)
    return _decoded(_read(Path(first)), first)


def _typed(text: str) -> str:
    return _decoded(os.fsencode(text.rstrip("\n") + "\n"), "the command")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "name a script, - for standard input, or a command behind --"
        raise UsageError(f"{printable(str(path))[:200]}: {reason}", hint=hint) from error


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        hint = "a script in another encoding: iconv -f GB18030 -t UTF-8"
        raise UsageError(f"{printable(name)[:200]} is not UTF-8", hint=hint) from error


def _tell(done: Rewritten, before: Sequence[str], *, as_json: bool) -> None:
    from mirrorkit.classroom.minikube.edits import Change, Kind
    from mirrorkit.classroom.minikube.text import relay_note

    notes = dict.fromkeys(note for mirror in done.mirrors for note in relay_note(mirror))
    changes = (*done.changes, *(Change(Kind.NOTE, "", note, 0) for note in notes))
    if as_json:
        say_json(_document(done, changes, before), indent=1)
        return
    sys.stdout.buffer.write(done.text.encode())  # its line ends are its own
    sys.stdout.flush()
    for line in (*_explained(changes), *_ended(done, before)):
        note(printable(line))


def _document(
    done: Rewritten, changes: Iterable[Change], before: Sequence[str]
) -> dict[str, object]:
    told = [
        {"kind": one.kind, "text": one.text, "why": one.why, "line": one.line or None}
        for one in changes
    ]
    starts = len(done.recipes)
    return {"version": 1, "text": done.text, "starts": starts, "changes": told, "before": before}


def _explained(changes: Sequence[Change]) -> Iterator[str]:
    """Yield a line for each difference, the same one of several lines once."""
    lines: dict[tuple[str, str, str], list[int]] = {}
    for one in changes:
        lines.setdefault((one.kind, one.text, one.why), []).append(one.line)
    many = len({one.line for one in changes if one.line}) > 1
    for (kind, text, why), found in lines.items():
        place = f"line{'s' * (len(found) > 1)} {_numbers(found)}: " if many and found[0] else ""
        what = f" {text}" if text else ""
        yield f"{place}{kind}{what}{', although' if kind == 'kept' else ':'} {why}"


def _ended(done: Rewritten, before: Sequence[str]) -> Iterator[str]:
    """Yield what there is to do before, or that there is nothing."""
    if not done.recipes:
        yield "no minikube start is written there"
    for command in before[:_NAMED]:
        yield f"before the first start: `{command}` prints what loads and places what it needs"
    if more := len(before[_NAMED:]):
        yield f"before the first start: the same for {more} more, each with its own options"


def _numbers(lines: Iterable[int]) -> str:
    """Write line numbers, the first few of many."""
    return listed([*map(str, dict.fromkeys(lines))], 3)
