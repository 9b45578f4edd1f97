"""Which known image somebody perhaps meant by a name that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.oci.reference import Reference

_CUTOFF: Final = 0.75


def nearest(asked: Reference, known: Iterable[Reference]) -> Reference | None:
    """Return the known image whose last part is most like the asked one's, then by its tag.

    Hosts, folders and `latest` are alike in names that are not, so they make nothing near.
    """
    found = list(known)
    last = difflib.get_close_matches(_last(asked), set(map(_last, found)), n=1, cutoff=_CUTOFF)
    same = [one for one in found if [_last(one)] == last]
    own = [one for one in same if one.name == asked.name]
    tags = {one.tag or "": one for one in reversed(own or same)}
    best = difflib.get_close_matches(asked.tag or "", sorted(tags), n=1, cutoff=0.0)
    return tags[best[0]] if best else None


def _last(reference: Reference) -> str:
    return reference.repository.rpartition("/")[2]
