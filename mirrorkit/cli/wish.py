"""`mirrorkit add` and `mirrorkit remove`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Json  # noqa: TC001 - typer reads the annotation
from mirrorkit.cli.output import note, printable, say, say_json
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.documents.wishedit import Addition, Removal
    from mirrorkit.scan.survey import Survey

Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Images, in any spelling.")]
NamesOrPaths = Annotated[
    list[str],
    typer.Argument(metavar="NAME|PATH", help="Images; with --from-scan, files and folders."),
]
FromScan = Annotated[
    bool,
    typer.Option("--from-scan", help="Add what these files and folders name (`mirrorkit scan`)."),
]
Lesson = Annotated[
    str | None, typer.Option(help="The lesson's list instead of the one for the whole class.")
]
OnlyLesson = Annotated[str | None, typer.Option("--lesson", help="Only from this lesson's list.")]
File = Annotated[Path, typer.Option(help="The file to edit.")]


def add(
    names: NamesOrPaths,
    from_scan: FromScan = False,
    lesson: Lesson = None,
    file: File = Path("images.yaml"),
    as_json: Json = False,
) -> int:
    """Put images into images.yaml; its comments, order and layout stay.

    What is wished already, under any spelling, is not added twice. A lesson that is not there yet
    is begun. What a scan cannot resolve is told and not added. Needs no network.

    \b
    Examples:
      mirrorkit add nginx:alpine quay.io/prometheus/prometheus:v2.37.0
      mirrorkit add --from-scan lessons
      mirrorkit add --from-scan lessons/ch3 --lesson ch3
    """
    from mirrorkit.cli.wishfile import read_wish_file, replace_wish_file
    from mirrorkit.documents.wishedit import add_images

    before = read_wish_file(file)
    if not from_scan:
        _refuse_paths(names, lesson)
    found = _scanned(names) if from_scan else None
    images, unfit = _fit(place.text for place in found.images) if found else (_named(names), [])
    _check_lesson(lesson)
    done = add_images(before, images, lesson=lesson, name=str(file))
    if done.added:
        replace_wish_file(file, done.data, before=before)
    if as_json:
        say_json(_addition(file, lesson, done, found, unfit), indent=1)
    else:
        _tell_added(file, lesson, done, found, unfit)
    return 0


def remove(
    names: Names,
    lesson: OnlyLesson = None,
    file: File = Path("images.yaml"),
    as_json: Json = False,
) -> int:
    """Take images out of images.yaml, wherever they stand; the rest of it stays as it is.

    With --lesson they are taken out of that lesson alone. If one name is not there, nothing is
    changed.

    \b
    Examples:
      mirrorkit remove centos:7
      mirrorkit remove docker.io/library/redis:latest --lesson ch2
    """
    from mirrorkit.cli.wishfile import read_wish_file, replace_wish_file
    from mirrorkit.documents.wishedit import remove_images

    before = read_wish_file(file)
    done = remove_images(before, _named(names), lesson=lesson, name=str(file))
    replace_wish_file(file, done.data, before=before)
    if as_json:
        say_json(_removal(file, done), indent=1)
        return 0
    for one in done.removed:
        say(f"removed {one.image}" + (f" from {one.lesson}" if one.lesson else ""))
    return 0


def _refuse_paths(names: list[str], lesson: str | None) -> None:
    """Raise UsageError for what lies on the disk: its images are meant, not one of that name."""
    paths = [name for name in names if os.path.exists(name)]  # noqa: PTH110 - raises for no name
    if not paths:
        return
    kind = "folder" if Path(paths[0]).is_dir() else "file"
    for_lesson = ["--lesson", lesson] if lesson else []
    command = shlex.join(["mirrorkit", "add", "--from-scan", *paths, *for_lesson])
    raise UsageError(
        f"{printable(paths[0])} is a {kind}, not an image",
        hint=f"`{printable(command)}` adds the images it names;"
        " for an image called so, write its tag or registry too",
    )


def _scanned(paths: list[str]) -> Survey:
    from mirrorkit.cli.scan import refuse_missing
    from mirrorkit.scan.survey import survey

    chosen = [Path(path) for path in paths]
    refuse_missing(chosen)
    return survey(chosen, lambda text: note(printable(text)))


def _fit(found: Iterable[str]) -> tuple[list[str], list[str]]:
    """Part what a scan found into names for a wish and names pinned by digest."""
    names = list(dict.fromkeys(found))
    return [one for one in names if "@" not in one], [one for one in names if "@" in one]


def _named(names: list[str]) -> list[str]:
    """Return names as they were typed; UsageError for one that no image can have."""
    from mirrorkit.documents.values import tagged

    for name in names:
        try:
            tagged(name)
        except ValueError as error:
            hint = "a digest belongs into the lock" if "@" in name else "as nginx:alpine"
            raise UsageError(str(error), hint=hint) from error
    return names


def _check_lesson(lesson: str | None) -> None:
    from mirrorkit.documents.wish import plain_name

    try:
        plain_name("none" if lesson is None else lesson)
    except ValueError as error:
        raise UsageError(f"--lesson: {error}", hint="letters, digits, blanks and . _ -") from error


def _addition(
    file: Path, lesson: str | None, done: Addition, found: Survey | None, unfit: list[str]
) -> dict[str, object]:
    return {
        "version": 1,
        "file": str(file),
        "lesson": lesson,
        "added": list(done.added),
        "already": list(done.already),
        "pinned": unfit,
        "unresolved": [
            {"text": place.text, "file": place.file, "line": place.line}
            for place in (found.unresolved if found else ())
        ],
    }


def _tell_added(
    file: Path, lesson: str | None, done: Addition, found: Survey | None, unfit: list[str]
) -> None:
    name = printable(str(file))
    if done.is_new_lesson:
        note(f"{lesson} is a new lesson")
    for image in done.added:
        say(f"added {image}")
    for image in done.already:
        note(f"already in {name}: {image}")
    for image in unfit:
        note(f"not added, for a digest belongs into the lock: {image}")
    for place in found.unresolved if found else ():
        where = f"{printable(place.file)}:{place.line}"
        note(f"not added, for it could not be resolved: {printable(place.text)}  {where}")
    if not done.added:
        note(f"nothing to add; {name} stays as it is")


def _removal(file: Path, done: Removal) -> dict[str, object]:
    return {
        "version": 1,
        "file": str(file),
        "removed": [{"image": one.image, "lesson": one.lesson} for one in done.removed],
    }
