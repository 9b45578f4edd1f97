"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from typing import Unpack

    from mirrorkit.settings import Flags, Settings

# What cannot be read is told by who reads it, with what helps; click knows neither.
Store = Annotated[
    Path | None,
    typer.Option(help="The folder that holds the bytes.", show_default=False, readable=False),
]
OneLock = Annotated[
    list[Path] | None,
    typer.Option(
        "--lock", metavar="FILE", help="The lock [default: images.lock.yaml].", readable=False
    ),
]
Locks = Annotated[
    list[Path] | None,
    typer.Option(
        "--lock",
        metavar="FILE",
        help="A lock; may be given again [default: images.lock.yaml].",
        readable=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        help="The settings file [default: mirrorkit.yaml, if there is one].", readable=False
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="HOST:PORT to serve on [default: :5080, every interface]."
    ),
]
AdvertiseTo = Annotated[
    str | None,
    typer.Option(
        "--advertise",
        metavar="HOST[:PORT]",
        help="The address to tell students, where the one found is not it.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="Where the mirror answers [default: what `serve` tells others]."
    ),
]


def number(text: str) -> Any:  # noqa: ANN401 - what typer.Option returns
    """Return an option for a whole number, explained by `text`; what is not one is quoted."""
    return typer.Option(help=text, parser=_whole, metavar="NUMBER")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:60]!r} is not a whole number, as 25 is") from error


Students = Annotated[int | None, number("How many students pull at once [default: 40].")]
NoAwake = Annotated[
    bool, typer.Option("--no-awake", help="Let this machine fall asleep while it serves.")
]
Jobs = Annotated[int | None, number("Transfers at once [default: 8].")]
Streams = Annotated[
    int | None, number("An address's share of downloads when there are many [default: 256].")
]
AccessLog = Annotated[
    str | None,
    typer.Option(
        metavar="off|plain|json", help="A line on stdout for each request [default: off]."
    ),
]
LimitRate = Annotated[
    str | None,
    typer.Option(
        metavar="RATE",
        help="Bytes a second over all connections, such as 2M or 500k [default: no limit].",
    ),
]
Frozen = Annotated[bool, typer.Option("--frozen", help="Do not hold the lock against images.yaml.")]
PlanOnly = Annotated[
    bool, typer.Option("--plan", help="Say what would be fetched, from whom and why; no blob is.")
]
Exact = Annotated[
    bool,
    typer.Option("--exact", help="Ask again for the pinned bytes of what is held as a same image."),
]
SourceNames = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help="A source to ask, and no other; may be given again [default: `mirrorkit sources`].",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print data instead of words.")]


def settings_from(*, is_one_lock: bool = False, **flags: Unpack[Flags]) -> Settings:
    """Put flags, environment and settings file together.

    UsageError when there are several locks for a command that takes one.
    """
    from mirrorkit.settings import load_settings

    if is_one_lock and len(flags.get("locks") or ()) > 1:
        raise UsageError("one --lock at a time", hint="run it once for each; one store holds all")
    return load_settings(flags, os.environ)
