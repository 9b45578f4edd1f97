"""A recipe as POSIX shell: to paste, to source, or as the calls that setup.sh makes of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.seeds import archive_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
    from mirrorkit.classroom.minikube.start import Mirror

_NOT_BY_ENVIRONMENT: Final = ("--insecure-registry", "--addons", "--iso-url")
"""minikube reads these from its command line alone (minikube.md §1, §3.3)."""
_HOME: Final = (
    "case ${MINIKUBE_HOME:-} in"
    " */.minikube) home=$MINIKUBE_HOME ;;"
    " *) home=${MINIKUBE_HOME:-$HOME}/.minikube ;;"
    " esac"
)
"""minikube's folder, by the rule of its localpath.go."""
_NAMED: Final = 3
_SUM: Final = "if command -v sha256sum >/dev/null; then sha256sum -c; else shasum -a 256 -c; fi"


def quoted(text: str) -> str:
    """Return one word of a POSIX shell, always in single quotes."""
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"


def shell(recipe: Recipe, mirror: Mirror) -> str:
    """Return lines to paste: what to fetch and place, then the start, each with its reason.

    A step that fails ends the paste, not the shell it is pasted into.
    """
    start = recipe.start
    lines = [f"# minikube {start.release.version}, Kubernetes {start.kubernetes}: {recipe.mode}"]
    lines += [f"# {note}" for note in recipe.notes]
    steps = [line for seed in recipe.seeds for line in _fetched(seed, mirror)]
    steps += [line for file in recipe.files for line in _written(file)]
    steps += _loaded(recipe, mirror)
    lines += ["(", "set -e", _HOME, *steps]
    lines += [_reason(one) for one in (*recipe.environment, *recipe.flags)]
    return "\n".join([*lines, _start(recipe), *_planted(recipe, mirror), ")", ""])


def _planted(recipe: Recipe, mirror: Mirror) -> list[str]:
    """Leave it to setup.sh, which knows how for each runtime."""
    if not recipe.plants:
        return []
    names = ", ".join(map(str, recipe.plants[:_NAMED]))
    more = f" and {len(recipe.plants) - _NAMED} more" if len(recipe.plants) > _NAMED else ""
    words = f"plant --profile {quoted(recipe.start.profile)}"
    return [
        f"# into the nodes: {names}{more}",
        f"curl -f http://{mirror.local}/setup.sh | sh -s -- {words}",
    ]


def _reason(setting: Setting) -> str:
    return f"# {setting.word}: {setting.why}"


def _start(recipe: Recipe) -> str:
    """Return the start on a line of its own for each word that has a reason."""
    environment = [f"{one.name}={shlex.quote(one.value or '')}" for one in recipe.environment]
    flags = [shlex.quote(one.word) for one in recipe.flags]
    return " \\\n  ".join([" ".join([*environment, "minikube start"]), *flags])


def _fetched(seed: Seed, mirror: Mirror) -> Iterator[str]:
    url = quoted(f"http://{mirror.local}{seed.url_path}")
    path = f'"$home"/{quoted(seed.path)}'
    yield f"# {seed.path}: {seed.why}"
    yield f"curl -f --create-dirs -o {path} {url}"
    if seed.sha256:
        summed = f'{quoted(seed.sha256)} "$home/"{quoted(seed.path)}'
        yield f"printf '%s  %s\\n' {summed} | {{ {_SUM}; }}"
    if seed.executable:
        yield f"chmod +x {path}"


def _written(file: Placed) -> Iterator[str]:
    folder = file.path.rpartition("/")[0]
    yield f"# {file.path}: {file.why}"
    yield f'mkdir -p "$home"/{quoted(folder)}'
    yield f'printf %s {quoted(file.text)} > "$home"/{quoted(file.path)}'


def _loaded(recipe: Recipe, mirror: Mirror) -> list[str]:
    if recipe.load is None:
        return []
    url = quoted(f"http://{mirror.local}{archive_path(recipe.load, recipe.start)}")
    engine = "podman" if recipe.start.driver == "podman" else "docker"
    return [
        "# the node's image",
        f"curl -f {url} | {engine} load",
        f"{engine} image inspect {recipe.load} >/dev/null",
    ]


def env(recipe: Recipe, _mirror: Mirror) -> str:
    """Return variables to export, and the words minikube takes on its command line alone."""
    flags = {one: one.name in _NOT_BY_ENVIRONMENT for one in recipe.flags}
    exported = [_exported(one, one.name) for one in recipe.environment]
    exported += [
        _exported(one, _variable(one)) for one, only_flag in flags.items() if not only_flag
    ]
    words = [one.word for one, only_flag in flags.items() if only_flag]
    return "\n".join([*exported, f"# then: {shlex.join(['minikube', 'start', *words])}", ""])


def _exported(setting: Setting, name: str) -> str:
    value = "true" if setting.value is None else setting.value
    return f"export {name}={quoted(value)}  # {setting.why}"


def _variable(setting: Setting) -> str:
    return "MINIKUBE_" + setting.name.removeprefix("--").replace("-", "_").upper()


def calls(recipe: Recipe, _mirror: Mirror) -> str:
    """Return calls of functions that setup.sh defines, every argument in single quotes."""
    return "".join(f"{' '.join([name, *map(quoted, words)])}\n" for name, *words in _calls(recipe))


def _calls(recipe: Recipe) -> Iterator[tuple[str, ...]]:
    yield "release", recipe.start.release.version
    yield "kubernetes", recipe.start.kubernetes
    for setting in recipe.environment:
        yield "setting", setting.name, setting.value or "", setting.why
    for flag in recipe.flags:
        yield "flag", flag.word, flag.why
    for file in recipe.files:
        yield "place", file.path, file.text, file.why
    for seed in recipe.seeds:
        yield "seed", seed.path, seed.url_path, seed.sha256 or "", "x" if seed.executable else ""
    if recipe.load:
        yield "load", str(recipe.load)
    yield from (("plant", str(plant)) for plant in recipe.plants)
    yield from (("note", note) for note in recipe.notes)
