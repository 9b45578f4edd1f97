"""`mirrorkit lock`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Config, Json, SourceNames, Store, settings_from
from mirrorkit.cli.output import (
    note,
    note_wait,
    printable,
    say,
    say_data,
    say_json,
    tell_error,
)
from mirrorkit.errors import UnreachableError
from mirrorkit.progress import listed

if TYPE_CHECKING:
    from mirrorkit.documents.lockdiff import Change
    from mirrorkit.flows.locking import Locked

_SHOWN = 3
Upgrade = Annotated[
    bool, typer.Option("--upgrade", help="Ask every tag that moves anew, or those named.")
]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="With --upgrade: only these images.")
]
NoSources = Annotated[
    bool, typer.Option("--no-sources", help="Do not ask where each source has each image.")
]
LockPath = Annotated[
    Path | None,
    typer.Option(
        "--lock",
        help="The lock to write [default: the wish's, as images.lock.yaml].",
        show_default=False,
    ),
]


def command(
    names: Names = None,
    wish: Annotated[Path, typer.Option(help="What the class needs.")] = Path("images.yaml"),
    lock: LockPath = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; 1 if it would.")] = False,
    upgrade: Upgrade = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what would change; write nothing.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The same as a Markdown table.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no source.")] = False,
    source: SourceNames = None,
    no_sources: NoSources = False,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Pin exactly which bytes images.yaml comes to, in images.lock.yaml.

    Published digests come first; tags that move are asked of their registries, and an earlier pin
    is kept unless --upgrade gives it up. Without a network it pins what is published, lists the
    rest as unpinned and ends with 4; with --offline, which asks nobody, with 0. A published digest
    that a registry contradicts is shown, never replaced, unless --upgrade names the image. What
    each source has under an image's tag is noted in the lock. With --source a tag means what that
    source has under it, and each image is told to be the same as published, the same image in other
    bytes, another one, or unknown. Ends with 1 where a source has something else than what was
    published.

    \b
    Examples:
      mirrorkit lock
      mirrorkit lock --check
      mirrorkit lock --wish week2.yaml
      mirrorkit lock --upgrade nginx:alpine --diff
      mirrorkit lock --upgrade nginx:alpine
      mirrorkit lock --source aliyun --upgrade
    """
    import asyncio

    from mirrorkit.cli.counter import counting
    from mirrorkit.flows.locking import Inquiry
    from mirrorkit.settings import lock_of
    from mirrorkit.wiring import lock_wish, write_locked

    lock = lock or lock_of(wish)
    settings = settings_from(config=config, sources=source, store=store, locks=[lock])
    given_up = frozenset() if not upgrade else frozenset(names) if names else None
    # A mirror that has moved a tag must not make a check fail: what is pinned has not changed.
    if not (offline or as_json):
        note_wait(f"asking the sources about {printable(str(wish))}; --offline asks none …")
    writes = not (check or diff or markdown)
    inquiry = Inquiry(not offline, notes_sources=writes and not no_sources, keeps_files=writes)
    with counting("asked", is_quiet=offline or as_json) as count:
        locked = asyncio.run(lock_wish(settings, wish, inquiry, upgrade=given_up, count=count))
    if writes:
        write_locked(lock, locked)
    if as_json:
        say_json(locked.as_json(), indent=1)
    else:
        _tell(locked, lock, writes=writes, as_markdown=markdown)
    if locked.is_troubling or (check and locked.has_changed):
        return 1
    return UnreachableError.exit_status if locked.is_unanswered else 0


def _tell(locked: Locked, path: Path, *, writes: bool, as_markdown: bool) -> None:
    if not writes and locked.changes:
        tell = say_data if as_markdown else say
        tell(locked.diff(as_markdown=as_markdown))
    for one in locked.likenesses:
        published = "nothing published" if one.published is None else f"published {one.published}"
        say(f"{one.likeness:<10} {one.name}  {one.pinned}  {published}")
    tell_troubles(locked)
    note(f"{path}: {locked.summary()}{'' if writes else '; nothing was written'}")
    if locked.is_unanswered:
        error = "no source answers; pinned is only what is published or was pinned before"
        hint = "check the network, then run `mirrorkit lock` again"
        tell_error(UnreachableError(error, hint=hint), as_json=False)


def tell_troubles(locked: Locked) -> None:
    """Say what is known by sight alone, what a registry contradicts, what could not be seen."""
    for file in locked.first_seen:
        note(
            f"note      {file.path}: nobody publishes its sha256; pinned at first sight as"
            f" {file.digest.hex}"
        )
    for difference in locked.differences:
        note(
            f"error: {difference.name}: published as {difference.published},"
            f" but its registry has {difference.found}"
        )
        note(f"hint: if the registry is right: mirrorkit lock --upgrade {difference.name}")
    alike: dict[str, list[str]] = {}
    for name, reason in locked.failures.items():
        alike.setdefault(reason, []).append(name)
    for reason, names in alike.items():
        note(f"trouble   {listed(names, 1)}: {reason}")


def tell_made(locked: Locked, path: Path, *, as_json: bool) -> None:
    """Say in a line or two what a lock that was made anew pins differently."""
    if as_json:
        say_json({"event": "locked", **locked.as_json()})
        return
    note(f"{path}: {locked.summary()}")
    if locked.before is not None and locked.changes:
        note(f"  {_changes(locked)}")
    tell_troubles(locked)


def _changes(locked: Locked) -> str:
    parts = []
    kinds = [(_kind(change), change.name) for change in locked.changes]
    for kind in ("pinned", "added", "removed", "changed"):
        names = [name for found, name in kinds if found == kind]
        if names:
            parts.append(f"{kind} {listed(names, _SHOWN)}")
    return "; ".join(parts)


def _kind(change: Change) -> str:
    return "pinned" if change.before == "unpinned" and change.after is not None else change.kind
