"""A recipe as POSIX shell: to paste, to source, or as the calls that setup.sh makes of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.notes import topic_of
from mirrorkit.classroom.minikube.seeds import archive_path
from mirrorkit.classroom.minikube.text import relay_note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.words import Say

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


def shell(recipe: Recipe, mirror: Mirror, say: Say) -> str:
    """Return lines to paste: what to fetch and place, then the start, each with its reason.

    A step that fails ends the paste, not the shell it is pasted into.
    """
    start = recipe.start
    lines = [f"# minikube {start.release.version}, Kubernetes {start.kubernetes}: {recipe.mode}"]
    lines += [f"# {say(note)}" for note in (*relay_note(mirror), *recipe.notes)]
    steps = [f"curl -f http://{mirror.origin}/setup.sh | sh -s -- relay"] if mirror.origin else []
    steps += [line for seed in recipe.seeds for line in _fetched(seed, mirror, say)]
    steps += [line for file in recipe.files for line in _written(file, say)]
    steps += _loaded(recipe, mirror, say)
    lines += ["(", "set -e", _HOME, *steps]
    lines += [_reason(one, say) for one in (*recipe.environment, *recipe.flags)]
    return "\n".join([*lines, _start(recipe), *_planted(recipe, mirror, say), ")", ""])


def _planted(recipe: Recipe, mirror: Mirror, say: Say) -> list[str]:
    """Leave it to setup.sh, which knows how for each runtime."""
    if not recipe.plants:
        return []
    names = ", ".join(map(str, recipe.plants[:_NAMED]))
    more = f" … (+{len(recipe.plants) - _NAMED})" if len(recipe.plants) > _NAMED else ""
    words = f"plant --profile {quoted(recipe.start.profile)}"
    relay = "" if mirror.has_relay else "--no-relay "
    return [
        "# " + say("into the nodes: {names}", names=names + more),
        f"curl -f http://{mirror.local}/setup.sh | sh -s -- {relay}{words}",
    ]


def _reason(setting: Setting, say: Say) -> str:
    return f"# {setting.word}: {say(setting.why)}"


def _start(recipe: Recipe) -> str:
    """Return the start on a line of its own for each word that has a reason."""
    environment = [f"{one.name}={shlex.quote(one.value or '')}" for one in recipe.environment]
    flags = [shlex.quote(one.word) for one in recipe.flags]
    return " \\\n  ".join([" ".join([*environment, "minikube start"]), *flags])


def _fetched(seed: Seed, mirror: Mirror, say: Say) -> Iterator[str]:
    url = quoted(f"http://{mirror.local}{seed.url_path}")
    path = f'"$home"/{quoted(seed.path)}'
    yield f"# {seed.path}: {say(seed.why)}"
    yield f"curl -f --create-dirs -o {path} {url}"
    if seed.sha256:
        summed = f'{quoted(seed.sha256)} "$home/"{quoted(seed.path)}'
        yield f"printf '%s  %s\\n' {summed} | {{ {_SUM}; }}"
    if seed.executable:
        yield f"chmod +x {path}"


def _written(file: Placed, say: Say) -> Iterator[str]:
    folder = file.path.rpartition("/")[0]
    yield f"# {file.path}: {say(file.why)}"
    yield f'mkdir -p "$home"/{quoted(folder)}'
    yield f'printf %s {quoted(file.text)} > "$home"/{quoted(file.path)}'


def _loaded(recipe: Recipe, mirror: Mirror, say: Say) -> list[str]:
    if recipe.load is None:
        return []
    url = quoted(f"http://{mirror.local}{archive_path(recipe.load, recipe.start)}")
    engine = "podman" if recipe.start.driver == "podman" else "docker"
    return [
        "# " + say("the node's image"),
        f"curl -f {url} | {engine} load",
        f"{engine} image inspect {recipe.load} >/dev/null",
    ]


def env(recipe: Recipe, _mirror: Mirror, say: Say) -> str:
    """Return variables to export, and the words minikube takes on its command line alone."""
    flags = {one: one.name in _NOT_BY_ENVIRONMENT for one in recipe.flags}
    exported = [_exported(one, one.name, say) for one in recipe.environment]
    exported += [
        _exported(one, _variable(one), say) for one, only_flag in flags.items() if not only_flag
    ]
    words = [one.word for one, only_flag in flags.items() if only_flag]
    then = shlex.join(["minikube", "start", *words])
    return "\n".join([*exported, "# " + say("then: {command}", command=then), ""])


def _exported(setting: Setting, name: str, say: Say) -> str:
    value = "true" if setting.value is None else setting.value
    return f"export {name}={quoted(value)}  # {say(setting.why)}"


def _variable(setting: Setting) -> str:
    return "MINIKUBE_" + setting.name.removeprefix("--").replace("-", "_").upper()


def calls(recipe: Recipe, _mirror: Mirror, say: Say) -> str:
    """Return calls of functions that setup.sh defines, every argument in single quotes."""
    told = _calls(recipe, say)
    return "".join(f"{' '.join([name, *map(quoted, words)])}\n" for name, *words in told)


def _calls(recipe: Recipe, say: Say) -> Iterator[tuple[str, ...]]:
    yield "release", recipe.start.release.version
    yield "kubernetes", recipe.start.kubernetes
    for setting in recipe.environment:
        yield "setting", setting.name, setting.value or "", say(setting.why)
    for flag in recipe.flags:
        yield "flag", flag.word, say(flag.why)
    for file in recipe.files:
        yield "place", file.path, file.text, say(file.why)
    for seed in recipe.seeds:
        yield "seed", seed.path, seed.url_path, seed.sha256 or "", "x" if seed.executable else ""
    if recipe.load:
        yield "load", str(recipe.load)
    yield from (("plant", str(plant)) for plant in recipe.plants)
    yield from (("note", say(note), topic_of(note)) for note in recipe.notes)
