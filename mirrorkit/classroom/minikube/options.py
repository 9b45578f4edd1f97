"""A start in the options of `mirrorkit minikube flags`, which say what it needs beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.choice import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start

CHOSEN: Final = (
    *("kubernetes", "driver", "runtime", "nodes", "addons", "cni", "ha", "profile", "root"),
)
"""The options that a command can overrule: those that `options` gives."""


def options(start: Start, kubernetes: str) -> Iterator[str]:
    """Yield the words for what is not usual in a start; `kubernetes` is the version if unsaid."""
    usual = Choice()
    if start.kubernetes != kubernetes:
        yield from ("--kubernetes", start.kubernetes)
    if start.driver != usual.driver:
        yield from ("--driver", start.driver)
    if start.runtime != usual.runtime:
        yield from ("--runtime", start.runtime)
    if start.nodes != usual.nodes:
        yield from ("--nodes", str(start.nodes))
    if start.addons:
        yield from ("--addons", ",".join(start.addons))
    if start.cni != usual.cni:
        yield from ("--cni", start.cni)
    if start.profile != usual.profile:
        yield from ("--profile", start.profile)
    yield from ["--ha"] * start.ha + ["--root"] * start.as_root
