"""How long a whole class takes to pull everything at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.progress import about, readable

if TYPE_CHECKING:
    from mirrorkit.host.reach import Reach

_CABLE: Final = 1_000_000_000
_WIFI: Final = 100_000_000  # what an access point really gives a full room
_GIGA: Final = 1_000_000_000
_MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A class's pull: students, bytes each, the teacher's link in bits per second."""

    students: int
    bytes_each: int
    link: int
    is_assumed: bool
    is_wireless: bool = False

    @property
    def seconds(self) -> float:
        """How long it takes if all pull at once and the link is the narrowest place."""
        return self.students * self.bytes_each * 8 / self.link

    def as_json(self) -> dict[str, object]:
        """Return the same as data."""
        return {**asdict(self), "seconds": round(self.seconds, 1)}

    def __str__(self) -> str:
        how = f"{'Wi-Fi, ' if self.is_wireless else ''}{'assumed' if self.is_assumed else ''}"
        link = bits(self.link) + (f" ({how.removesuffix(', ')})" if how else "")
        return (
            f"{self.students} students × {readable(self.bytes_each)} over {link}:"  # noqa: RUF001 - it is a product
            f" {about(self.seconds)} if all pull at once"
        )


def estimate(reach: Reach, students: int, bytes_each: int) -> Estimate:
    """Estimate a class's pull over the link that carries it; 1 Gbit/s where that is not known."""
    link = reach.link
    is_wireless = link is not None and link.is_wireless
    speed = link.speed if link is not None else None
    return Estimate(
        students, bytes_each, speed or (_WIFI if is_wireless else _CABLE), not speed, is_wireless
    )


def bits(count: int) -> str:
    """Write bits per second for people."""
    giga = count >= _GIGA
    return f"{count / (_GIGA if giga else _MEGA):g} {'Gbit/s' if giga else 'Mbit/s'}"
