"""`mirrorkit scan`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Json  # noqa: TC001 - typer reads the annotation
from mirrorkit.cli.output import note, printable, say, say_json
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.scan.survey import Survey

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="Files and folders of the class.")
]


def command(paths: Paths, as_json: Json = False) -> int:
    """List every image that a class's own files name, with file and line.

    Reads manifests, kustomizations, compose files, Dockerfiles, shell scripts and the code blocks
    of Markdown; comments name nothing. What only a shell variable or a template knows is listed
    as unresolved. Needs no network.

    \b
    Examples:
      mirrorkit scan lessons
      mirrorkit scan ch1/setup.sh ch2 README.md
      mirrorkit scan --json lessons | jq -r '.images[].image' | sort -u
    """
    from mirrorkit.scan.survey import survey

    refuse_missing(paths)
    found = survey(paths, lambda text: note(printable(text)))
    if as_json:
        say_json(_document(found), indent=1)
    else:
        _tell(found)
    return 0


def refuse_missing(paths: list[Path]) -> None:
    """Raise UsageError for paths that lead nowhere."""
    # Path.exists raises for some names that cannot exist.
    missing = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110
    if missing:
        names = ", ".join(printable(str(path)) for path in missing)
        raise UsageError(f"there is no {names}", hint="name files or folders that exist")


def _document(found: Survey) -> dict[str, object]:
    return {
        "version": 1,
        "images": [
            {"image": place.text, "file": place.file, "line": place.line} for place in found.images
        ],
        "unresolved": [
            {"text": place.text, "file": place.file, "line": place.line}
            for place in found.unresolved
        ],
    }


def _tell(found: Survey) -> None:
    for place in found.images:
        say(f"{place.text}  {printable(place.file)}:{place.line}")
    for place in found.unresolved:
        say(f"unresolved: {printable(place.text)}  {printable(place.file)}:{place.line}")
    if not found.images and not found.unresolved:
        note("no image is named there")
