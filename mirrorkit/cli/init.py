"""`mirrorkit init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mirrorkit.cli.options import Json, number
from mirrorkit.cli.output import note, printable, say, say_json
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.documents.wish import Wish
    from mirrorkit.presets import Choice

Preset = Annotated[
    str | None,
    typer.Option(help="course or current [default: course; current if versions are given]."),
]
Minikube = Annotated[str | None, typer.Option(help="The minikube release, as v1.25.2.")]
Kubernetes = Annotated[
    list[str] | None, typer.Option(help="A Kubernetes version; may be given again.")
]
Runtime = Annotated[str | None, typer.Option(help="docker, containerd or cri-o.")]
Nodes = Annotated[int | None, number("Nodes of each student's cluster.")]
Addons = Annotated[
    list[str] | None,
    typer.Option("--addon", help="A minikube addon; may be given again; `none` for none."),
]
Cni = Annotated[str | None, typer.Option(help="The network, as in `minikube start --cni`.")]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", help="linux/amd64 or linux/arm64; may be given again."),
]
Output = Annotated[Path, typer.Option(help="The file to write.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")]

_PRESETS: Final = {
    "course": "a beginner's course of 2022 with all its lessons",
    "current": "today's versions and one lesson as an example, for lessons of your own",
}


def command(
    preset: Preset = None,
    minikube: Minikube = None,
    kubernetes: Kubernetes = None,
    runtime: Runtime = None,
    nodes: Nodes = None,
    addon: Addons = None,
    cni: Cni = None,
    platform: Platforms = None,
    output: Output = Path("images.yaml"),
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Start images.yaml: what a class needs, with a comment on each key.

    On a terminal without flags it asks a few questions. `course` is a beginner's course with all
    its lessons (minikube v1.25.2, Kubernetes v1.23.3); `current` has today's versions and one
    lesson as an example. Versions and addons are checked against the catalog; no network.

    \b
    Examples:
      mirrorkit init
      mirrorkit init --preset course
      mirrorkit init --minikube v1.32.0 --kubernetes v1.28.3 --runtime containerd --addon ingress
    """
    from mirrorkit.cli.questions import words
    from mirrorkit.cli.wishfile import replace_wish_file
    from mirrorkit.presets import Choice, started

    _refuse_existing(output, is_forced=force)
    choice = Choice(
        minikube=minikube,
        kubernetes=tuple(kubernetes) if kubernetes else None,
        runtime=runtime,
        nodes=nodes,
        addons=words(" ".join(addon)) if addon else None,
        cni=cni,
        platforms=tuple(platform) if platform else None,
    )
    name, choice = _decided(preset, choice, as_json=as_json)
    data, wish = started(name, choice)
    replace_wish_file(output, data)
    if as_json:
        say_json(_document(output, name, wish), indent=1)
    else:
        _tell(output, wish)
    return 0


def _refuse_existing(output: Path, *, is_forced: bool) -> None:
    if output.is_dir():
        raise UsageError(f"{printable(str(output))} is a folder", hint="--output names a file")
    if not is_forced and (output.exists() or output.is_symlink()):
        name = printable(str(output))
        hint = "`mirrorkit add` edits it, --force overwrites it, --output names another"
        raise UsageError(f"{name} is there already; nothing was written", hint=hint)


def _decided(preset: str | None, choice: Choice, *, as_json: bool) -> tuple[str, Choice]:
    """Ask where nothing was chosen and somebody can answer."""
    from mirrorkit.cli.questions import is_terminal
    from mirrorkit.presets import Choice

    if preset is not None:
        return preset, choice
    if choice == Choice() and not as_json and is_terminal():
        return _asked()
    return "current" if choice.minikube or choice.kubernetes else "course", choice


def _asked() -> tuple[str, Choice]:
    from mirrorkit.catalog.needs import RUNTIMES, checked
    from mirrorkit.catalog.releases import addon_images, listed_kubernetes, release
    from mirrorkit.cli.questions import ask, words
    from mirrorkit.presets import PRESETS, Choice, kubernetes_for, preset_wish

    def versions(text: str) -> tuple[str, ...]:
        return tuple(listed_kubernetes(version, minikube) for version in words(text))

    def addons(text: str) -> tuple[str, ...]:
        return tuple(word for word in words(text) if addon_images(word, minikube) is not None)

    for each, what in _PRESETS.items():
        note(f"{each}: {what}, {_versions(preset_wish(each))}")
    name = ask(
        "Preset (course, current)", PRESETS[0], lambda text: checked(text, PRESETS, "preset")
    )
    wish = preset_wish(name)
    minikube = ask("minikube release", wish.minikube[0], lambda text: release(text).version)
    offered = " ".join(kubernetes_for(minikube, wish.kubernetes))
    kubernetes = ask("Kubernetes versions", offered, versions)
    runtimes = f"Container runtime ({', '.join(RUNTIMES)})"
    runtime = ask(runtimes, wish.runtime, lambda text: checked(text, RUNTIMES, "container runtime"))
    chosen = ask("Addons (or none)", " ".join(wish.addons), addons)
    return name, Choice(minikube=minikube, kubernetes=kubernetes, runtime=runtime, addons=chosen)


def _document(output: Path, preset: str, wish: Wish) -> dict[str, object]:
    return {
        "version": 1,
        "file": str(output),
        "preset": preset,
        "minikube": list(wish.minikube),
        "kubernetes": list(wish.kubernetes),
        "runtime": wish.runtime,
        "nodes": wish.nodes,
        "addons": list(wish.addons),
        "cni": wish.cni,
        "platforms": list(map(str, wish.platforms)),
        "lessons": [lesson.name for lesson in wish.lessons],
    }


def _tell(output: Path, wish: Wish) -> None:
    import shlex

    from mirrorkit.progress import counted

    lessons = counted(len(wish.lessons), "lesson")
    say(f"wrote {printable(str(output))}: {_versions(wish)}, {wish.runtime}, {lessons}")
    file = "" if output == Path("images.yaml") else f" {printable(shlex.quote(str(output)))}"
    note(f"next: `mirrorkit up{file}` fetches and serves it; `mirrorkit add NAME` for more images")


def _versions(wish: Wish) -> str:
    return f"minikube {', '.join(wish.minikube)}, Kubernetes {', '.join(wish.kubernetes)}"
