"""`mirrorkit sources`: where images come from, and what each source has."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import (
    Config,
    Jobs,
    Json,
    OneLock,
    Store,
    settings_from,
)
from mirrorkit.cli.output import note_wait, say, say_json, tell_error, width_of
from mirrorkit.errors import UnreachableError
from mirrorkit.progress import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirrorkit.flows.probe import Answer
    from mirrorkit.settings import Settings

app = typer.Typer(
    help="Show where images come from, and what each source has.",
    rich_markup_mode=None,
    invoke_without_command=True,
)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Sources to ask; all, where none is named."),
]


@app.callback()
def listed(context: typer.Context, config: Config = None, as_json: Json = False) -> int:
    """Show every source, the order in which they are asked, and where each is set.

    \b
    Examples:
      mirrorkit sources
      mirrorkit sources probe
    """
    if context.invoked_subcommand is not None:
        return 0
    settings = settings_from(config=config)
    sources, order = _sources(settings), _orders(settings)
    if as_json:
        orders = [dict(zip(("registry", "sources", "origin"), one, strict=True)) for one in order]
        say_json({"version": 1, "sources": sources, "order": orders}, indent=1)
        return 0
    _columns([[one["name"], one["repository"], f"({one['origin']})"] for one in sources])
    say("")
    _columns([[registry, ", ".join(names), f"({origin})"] for registry, names, origin in order])
    return 0


def _sources(settings: Settings) -> list[dict[str, str]]:
    from mirrorkit.documents.sources import UPSTREAM

    found = [{"name": UPSTREAM, "repository": "{registry}/{repository}", "origin": "built-in"}]
    for name, profile in settings.sources.profiles.items():
        origin = settings.origins["sources"] if name in settings.sources.own else "built-in"
        there = profile.host if profile.table else f"{profile.host}/{profile.repository}"
        found.append({"name": name, "repository": there, "origin": origin})
    return found


def _orders(settings: Settings) -> list[tuple[str, tuple[str, ...], str]]:
    """Return for each registry the order, and where that is set."""
    from mirrorkit.documents.sources import EVERY

    sources = settings.sources
    if sources.chosen:
        return [(EVERY, sources.chosen, settings.origins["source"])]
    in_file = settings.origins["sources"]
    rows = [(registry, names, in_file) for registry, names in sources.order.items()]
    if EVERY not in sources.order:
        rows.append((EVERY, sources.names, in_file if sources.own else "built-in"))
    return rows


@app.command("probe")
def probe(
    names: Names = None,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> int:
    """Ask each source what it has under the name of each image of the lock; nothing is fetched.

    same: what the lock pins. same-image: another manifest of it, as of one platform or with layers
    packed anew. other: another image. absent, refused: what it says. silent: no answer. Ends with
    0 when every image is `same` somewhere, with 4 when not.

    \b
    Examples:
      mirrorkit sources probe
      mirrorkit sources probe aliyun daocloud
      mirrorkit sources probe --json | jq '.images[] | select(.same == false) | .name'
    """
    import asyncio

    from mirrorkit.cli.counter import counting
    from mirrorkit.wiring import probe_sources

    settings = settings_from(
        store=store, locks=lock, config=config, jobs=jobs, sources=names, is_one_lock=True
    )
    if not names:
        chosen = replace(settings.sources, chosen=settings.sources.names)
        settings = replace(settings, sources=chosen)
    if not as_json:
        sources = counted(len(settings.sources.chosen), "source")
        note_wait(f"asking {sources} about every image of {settings.locks[0]} …")
    with counting("asked", is_quiet=as_json) as count:
        images, answers = asyncio.run(probe_sources(settings, count))
    rows = {name: [one for one in answers if one.image == name] for name in images}
    same = {name: any(one.verdict == "same" for one in row) for name, row in rows.items()}
    if as_json:
        document = [
            {"name": name, "digest": images[name], "same": same[name], "answers": _data(row)}
            for name, row in rows.items()
        ]
        say_json({"version": 1, "same": all(same.values()), "images": document}, indent=1)
    else:
        _tell(rows, settings.sources.chosen)
        if answers and all(one.verdict == "silent" for one in answers):
            hint = "check the network and the proxy, then run it again"
            error = UnreachableError("no source answers as it should", hint=hint)
            tell_error(error, as_json=False)
    return 0 if all(same.values()) else 4


def _data(row: Sequence[Answer]) -> list[dict[str, object]]:
    return [
        {
            "source": one.source,
            "at": one.at,
            "answer": one.verdict.value,
            "digest": one.digest,
            "milliseconds": one.milliseconds,
            "reason": one.reason,
        }
        for one in row
    ]


def _tell(rows: dict[str, list[Answer]], sources: Sequence[str]) -> None:
    """Print a table; where a source has several names for an image, the best answer stands."""
    from mirrorkit.flows.probe import Verdict

    best = list(Verdict)

    def cell(row: Sequence[Answer], source: str) -> str:
        found = [one for one in row if one.source == source]
        if not found:
            return "-"
        one = min(found, key=lambda answer: best.index(answer.verdict))
        return f"{one.verdict} {one.milliseconds} ms"

    body = [[name, *(cell(row, source) for source in sources)] for name, row in rows.items()]
    table = [["image", *sources], *body]
    width = width_of(sys.stdout)
    if width and sum(_widths(table)) + 2 * len(sources) > width:
        _stacked(table)
    else:
        _columns(table)


def _stacked(table: Sequence[Sequence[str]]) -> None:
    """Print an image's name on a line of its own, and below it the columns of its answers."""
    widths = _widths([row[1:] for row in table])
    for name, *cells in table:
        say(name)
        say("  " + _line(cells, widths))


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*table, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{c:<{width}}" for c, width in zip(row, widths, strict=True)).rstrip()


def _columns(table: Sequence[Sequence[str]]) -> None:
    widths = _widths(table)
    for row in table:
        say(_line(row, widths))
