"""A recipe as lines for PowerShell, on a Windows with Docker Desktop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.seeds import archive_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.words import Say

_QUOTES: Final = re.compile("['\u2018\u2019\u201a\u201b]")
"""What ends a single-quoted string (about_Quoting_Rules; the typographic ones do, too)."""
_HOME: Final = (
    "$base = if ($env:MINIKUBE_HOME) { $env:MINIKUBE_HOME } else { $HOME }",
    "$kube = if ((Split-Path -Leaf $base) -eq '.minikube') { $base } else { $null }",
    "if (-not $kube) { $kube = Join-Path $base '.minikube' }",
)


def quoted(text: str) -> str:
    """Return one string of PowerShell in which nothing is expanded."""
    doubled = _QUOTES.sub(lambda quote: quote[0] * 2, text)
    return f"'{doubled}'"


def powershell(recipe: Recipe, mirror: Mirror, say: Say) -> str:
    """Return lines to paste; `curl.exe`, which Windows 10 has, for `curl` is something else."""
    start = recipe.start
    lines = [f"# minikube {start.release.version}, Kubernetes {start.kubernetes}: {recipe.mode}"]
    lines += [f"# {say(note)}" for note in recipe.notes]
    lines += ["$ErrorActionPreference = 'Stop'"]
    lines += _HOME if recipe.seeds or recipe.files else ()
    lines += [line for seed in recipe.seeds for line in _fetched(seed, mirror, say)]
    lines += [line for file in recipe.files for line in _written(file, say)]
    lines += _loaded(recipe, mirror, say)
    lines += [
        f"$env:{one.name} = {quoted(one.value or '')}  # {say(one.why)}"
        for one in recipe.environment
    ]
    lines += [_reason(one, say) for one in recipe.flags]
    flags = (quoted(one.word) for one in recipe.flags)
    return "\n".join([*lines, " ".join(["minikube start", *flags]), ""])


def _reason(setting: Setting, say: Say) -> str:
    return f"# {setting.word}: {say(setting.why)}"


def _fetched(seed: Seed, mirror: Mirror, say: Say) -> Iterator[str]:
    yield f"# {seed.path}: {say(seed.why)}"
    yield f"$file = Join-Path $kube {quoted(seed.path)}"
    yield f"curl.exe -f --create-dirs -o $file {quoted(f'http://{mirror.local}{seed.url_path}')}"
    if seed.sha256:
        hashed = "(Get-FileHash -Algorithm SHA256 $file).Hash"
        yield f"if ({hashed} -ne {quoted(seed.sha256)}) {{ throw 'not the bytes that are locked' }}"


def _written(file: Placed, say: Say) -> Iterator[str]:
    """Write a file with the line ends it has: Set-Content would give it others and a mark."""
    folder = file.path.rpartition("/")[0]
    yield f"# {file.path}: {say(file.why)}"
    yield f"New-Item -ItemType Directory -Force (Join-Path $kube {quoted(folder)}) | Out-Null"
    text = ' + "`n" + '.join(map(quoted, file.text.split("\n")))
    yield f"[IO.File]::WriteAllText((Join-Path $kube {quoted(file.path)}), {text})"


def _loaded(recipe: Recipe, mirror: Mirror, say: Say) -> list[str]:
    """Load by way of a file: PowerShell's pipe before 7.4 is not for bytes."""
    if recipe.load is None:
        return []
    url = quoted(f"http://{mirror.local}{archive_path(recipe.load, recipe.start)}")
    return [
        "# " + say("the node's image"),
        "$file = Join-Path ([IO.Path]::GetTempPath()) 'kicbase.tar'",
        f"curl.exe -f -o $file {url}",
        "docker load -i $file",
        "Remove-Item $file",
    ]
