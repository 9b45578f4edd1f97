"""Images that are put into the nodes, and which of them no pod can use there.

A copy in the node has its tag alone, so a digest is pulled again; with the pull policy Always,
which Kubernetes takes for `latest` and for no tag, the registry is asked as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.classroom.words import Say
    from mirrorkit.oci.reference import Reference

_CODE: Final = "PLANT"
_MOST: Final = 20


def plant_findings(plants: Iterable[Reference], say: Say) -> Iterator[Finding]:
    """Name the images that are planted in vain, and say how many are not."""
    served = 0
    told = 0
    for name in plants:
        reason = _reason(name, say)
        if reason is None:
            served += 1
        elif told < _MOST:
            told += 1
            yield Finding(State.WARN, _CODE, reason, f"mirrorkit add {name.name}:TAG")
    if served:
        sentence = say("{n} images are put into the nodes, by their tags", n=served)
        yield Finding(State.OK, _CODE, sentence)


def _reason(name: Reference, say: Say) -> str | None:
    if name.digest is not None:
        return say(
            "{name} is named by its digest: the node would pull it from the internet; name it by"
            " a tag",
            name=name,
        )
    if name.tag == "latest":
        return say(
            "{name} is `latest`, which a pod pulls anew each time, from the internet: name a tag,"
            " or set imagePullPolicy: IfNotPresent",
            name=name,
        )
    return None
