"""`mirrorkit up`: everything from nothing to a class that is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.lock import tell_made
from mirrorkit.cli.options import (
    AccessLog,
    AdvertiseTo,
    Config,
    Frozen,
    Jobs,
    Json,
    LimitRate,
    Listen,
    NoAwake,
    OneLock,
    SourceNames,
    Store,
    Streams,
    Students,
    settings_from,
)
from mirrorkit.cli.output import printable, tell
from mirrorkit.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from mirrorkit.settings import Settings

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[PRESET|FILE]",
        help="A preset (course, current) to start from, or an images.yaml [default: the one here].",
        show_default=False,
    ),
]
DemoIfOffline = Annotated[
    bool,
    typer.Option(
        "--demo-if-offline",
        help="Where no source answers and nothing is held, show the made-up class instead.",
    ),
]
_OFFLINE = "no source answers and nothing is held yet: here is the made-up class"
_ONLINE = "Your class: stop this with Ctrl-C; run the same command once there is a network."
_BEGIN = "Your class: stop this with Ctrl-C; `mirrorkit up course` once there is a network."


def command(
    target: Target = None,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    advertise: AdvertiseTo = None,
    students: Students = None,
    jobs: Jobs = None,
    limit_rate: LimitRate = None,
    source: SourceNames = None,
    streams: Streams = None,
    access_log: AccessLog = None,
    frozen: Frozen = False,
    no_awake: NoAwake = False,
    demo_if_offline: DemoIfOffline = False,
    as_json: Json = False,
) -> int:
    """Start a class, fetch what it needs, and serve it: at once what is held, the rest beside it.

    Without images.yaml it starts one, from a preset or by asking; without a lock it makes one, and
    makes it anew whenever images.yaml changes, but never over a lock that somebody edited. While no
    source answers it serves what it has, says so, and tries again. Interrupted and started again
    it fetches nothing twice.

    \b
    Examples:
      mirrorkit up
      mirrorkit up course
      mirrorkit up week2.yaml --students 25
      mirrorkit up --advertise 192.168.1.10
    """
    import asyncio

    settings = settings_from(
        store=store,
        locks=lock,
        config=config,
        listen=listen,
        jobs=jobs,
        limit_rate=limit_rate,
        sources=source,
        advertise=advertise,
        students=students,
        streams=streams,
        access_log=access_log,
        is_one_lock=True,
    )
    settings, wish = _placed(settings, target)
    if target is not None and wish.exists() and wish != Path(target):
        tell(f"{printable(str(wish))} is here already and used as it is", as_json=as_json)
    if demo_if_offline and target is None and not _can_begin(settings, wish, as_json=as_json):
        why = f"there is no {printable(str(wish))} here, so there is nothing to fetch"
        return _show_demo(settings, f"{why}: here is the made-up class", _BEGIN, as_json=as_json)
    is_first = not settings.locks[0].exists() and _start_documents(settings, wish, target, as_json)
    if demo_if_offline and _is_offline(settings, as_json=as_json):
        return _show_demo(settings, _OFFLINE, _ONLINE, as_json=as_json)
    from mirrorkit.cli.evening import Evening

    evening = Evening(settings, wish, is_first=is_first, is_frozen=frozen, as_json=as_json)
    asyncio.run(evening.run(keeps_awake=not no_awake))
    return 0


def _can_begin(settings: Settings, wish: Path, *, as_json: bool) -> bool:
    """Say whether there is a class here, or somebody who can be asked for one."""
    from mirrorkit.cli.questions import is_terminal

    return settings.locks[0].exists() or wish.exists() or (is_terminal() and not as_json)


def _is_offline(settings: Settings, *, as_json: bool) -> bool:
    """Say whether nothing of the lock is held, and nobody answers who has it."""
    import asyncio

    from mirrorkit.flows.keep import ANSWER_SECONDS
    from mirrorkit.wiring import check_locks, source_answers

    if any(checked.bytes()["present"] for checked in check_locks(settings).values()):
        return False
    # Where packets vanish it takes all of them, and silence looks like a program that hangs.
    tell(f"asking who answers, for up to {ANSWER_SECONDS:.0f} s", as_json=as_json)
    return not asyncio.run(source_answers(settings))


def _show_demo(settings: Settings, why: str, then: str, *, as_json: bool) -> int:
    """Say that there is nothing real to serve, and show the made-up class until Ctrl-C."""
    import asyncio

    from mirrorkit.cli.demo import run_demo

    tell(f"{why}\n", as_json=as_json)
    is_asked = settings.origins["listen"] != "built-in"
    listen = settings.listen if is_asked else None
    return asyncio.run(run_demo(listen, is_once=False, as_json=as_json, then=then))


def _placed(settings: Settings, target: str | None) -> tuple[Settings, Path]:
    """Find which images.yaml and which lock are meant: `week2.yaml` has `week2.lock.yaml`."""
    from mirrorkit.presets import PRESETS
    from mirrorkit.settings import lock_of, wish_of

    lock = settings.locks[0]
    beside = wish_of(lock)
    if target in PRESETS and lock.exists() and not beside.exists():
        raise UsageError(
            f"{printable(str(lock))} is here without its {beside.name}; nothing was written",
            hint="`mirrorkit up` alone serves it; an empty folder is the place for a new class",
        )
    if target is None or target in PRESETS:
        return settings, beside
    wish = Path(target)
    if not wish.is_file():
        known = ", ".join(PRESETS)
        raise UsageError(
            f"{printable(target)} is no preset and no file",
            hint=f"presets are {known}; `mirrorkit init` writes an images.yaml",
        )
    if settings.origins["lock"] == "built-in":
        lock = lock_of(wish)
    return replace(settings, locks=(lock,)), wish


def _start_documents(settings: Settings, wish: Path, target: str | None, as_json: bool) -> bool:  # noqa: FBT001
    """Write what is missing: images.yaml, then its lock, from what is published."""
    import asyncio

    from mirrorkit.cli.classfiles import ClassFiles

    if not wish.exists():
        _start_wish(settings, wish, target, as_json=as_json)
    files = ClassFiles(settings, wish)
    locked = asyncio.run(files.make(is_online=False, is_first=True))
    files.write(locked)
    tell_made(locked, settings.locks[0], as_json=as_json)
    return True


def _start_wish(settings: Settings, wish: Path, target: str | None, *, as_json: bool) -> None:
    from mirrorkit.cli import init
    from mirrorkit.cli.questions import is_terminal
    from mirrorkit.cli.wishfile import replace_wish_file
    from mirrorkit.presets import Choice, started

    if target is not None:
        data, _ = started(target, Choice())
        replace_wish_file(wish, data)
        tell(f"wrote {printable(str(wish))} from the preset {target}", as_json=as_json)
    elif is_terminal() and not as_json:
        init.command(output=wish)
    else:
        raise DocumentError(
            f"there is no {wish} and no lock {settings.locks[0]}",
            hint="`mirrorkit up course` starts a whole course; or go to the folder of the class,"
            " or name its lock with --lock FILE",
        )
