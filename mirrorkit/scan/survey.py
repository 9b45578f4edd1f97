"""`mirrorkit scan`: every image that files and folders name, with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.scan.files import files_below, read_head, read_text, shown
from mirrorkit.scan.kinds import fault_in, is_script, reader_for
from mirrorkit.scan.kustomization import NAMES
from mirrorkit.scan.manifests import read_kustomization
from mirrorkit.scan.resources import Resources
from mirrorkit.scan.scripts import read_script, read_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mirrorkit.scan.files import Tell
    from mirrorkit.scan.kinds import Reader


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Something found: sorted by file, line and text."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was found, each once, in order."""

    images: tuple[Place, ...]
    unresolved: tuple[Place, ...]


def survey(paths: Iterable[Path], tell: Tell) -> Survey:
    """Read files and folders; what cannot be read is told and left out."""
    found: dict[bool, set[Place]] = {True: set(), False: set()}
    resources = Resources()
    for path in paths:
        is_chosen = not path.is_dir()
        for file in files_below(path, tell):
            reader = _reader(file, resources, is_chosen=is_chosen)
            text = read_text(file, tell, is_chosen=is_chosen) if reader else None
            findings = reader(text) if reader and text else []
            if is_chosen and text and not findings and (fault := fault_in(file.name, text)):
                tell(f"not understood: {shown(file)}{fault}")
            for finding in findings:
                place = Place(shown(file), finding.line, finding.text)
                found[finding.is_resolved].add(place)
    return Survey(tuple(sorted(found[True])), tuple(sorted(found[False])))


def _reader(path: Path, resources: Resources, *, is_chosen: bool) -> Reader | None:
    """Return what reads this file; one that somebody named is read whatever its name."""
    if path.name in NAMES:
        return lambda text: read_kustomization(text, resources.below(path.parent, text))
    reader = reader_for(path.name)
    if reader is None and is_script(read_head(path)):
        reader = read_script
    return read_unknown if reader is None and is_chosen else reader
