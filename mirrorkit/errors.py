"""Every error mirrorkit raises on purpose.

    MirrorkitError             code            exit  meaning
    ├── IncompleteError        incomplete       1    something the lock pins is not held
    ├── UsageError             usage            2    the command line asks for what cannot be
    │   ├── NoPlatformError    no-platform           the image does not exist for that platform
    │   └── RefusedStartError  refused-start         minikube is known to fail so
    ├── DocumentError          document         3    a file somebody wrote has mistakes
    ├── UpstreamError          upstream         4    a source did not give what was asked
    │   ├── UnreachableError   unreachable           no answer, or one that may change (5xx, 429)
    │   ├── NotFoundError      not-found             it answered: that is not here
    │   └── DeniedError        denied                it answered: not for you
    ├── IntegrityError         integrity        5    bytes are not the bytes that were pinned
    │   ├── MisannouncedError  misannounced          a source announced others; none were taken
    │   └── DifferentImageError  different-image     a source has another image under the name
    └── SurroundingsError      environment      6    this machine is in the way
        ├── DiskFullError      disk-full
        ├── StoreError         store
        ├── AddressInUseError  address-in-use
        └── EngineError        engine                a container engine refused an image

Anything else that escapes is a bug (exit 70). Ctrl-C ends with 130. Below each class stands what it
means and, as a paragraph of its own, what to do; docs/errors.md is made of both.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class Trail(NamedTuple):
    """What of an image or file could not be had, and how often each source was tried for it."""

    part: str
    """`blob` or `manifest`."""
    digest: str
    attempts: Mapping[str, int]
    """Attempts in vain, by source; empty where they were not counted."""


class MirrorkitError(Exception):
    """What went wrong in one sentence, with a hint at what to do about it."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = EXIT_BUG
    trail: Trail | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_json(self) -> dict[str, object]:
        """Return the same as data: code, message, hint, exit status, and the trail if any."""
        trail = {} if self.trail is None else {"trail": self.trail._asdict()}
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "exit_status": self.exit_status,
            **trail,
        }


class IncompleteError(MirrorkitError):
    """Something the lock pins is not held.

    `mirrorkit status` names what is missing; `mirrorkit sync` fetches it.
    """

    code = "incomplete"
    exit_status = 1


class UsageError(MirrorkitError):
    """The command line asks for what cannot be.

    The hint says what the command takes; `mirrorkit COMMAND --help` says all of it.
    """

    code = "usage"
    exit_status = 2


class NoPlatformError(UsageError):
    """An image does not exist for the platform that was asked.

    Name one of those it lists with --platform, or in the address with `?platform=`.
    """

    code = "no-platform"


class RefusedStartError(UsageError):
    """minikube is known to fail with these choices.

    Take the way the hint names; --force goes on all the same.
    """

    code = "refused-start"


class DocumentError(MirrorkitError):
    """A file somebody wrote has mistakes: all of them at once, each with its place.

    Correct the lines it names, each as FILE:LINE:COLUMN.
    """

    code = "document"
    exit_status = 3

    def __init__(
        self, message: str, *, mistakes: Sequence[str] = (), hint: str | None = None
    ) -> None:
        super().__init__("\n  ".join((message, *mistakes)), hint=hint)
        self.mistakes = tuple(mistakes)

    def as_json(self) -> dict[str, object]:
        """Return the same as data, the mistakes one by one."""
        return {**super().as_json(), "mistakes": list(self.mistakes)}


_UNREADABLE: Final = {
    errno.EACCES: "this user may not read it, or may not look into its folder",
    errno.EISDIR: "it is a folder; name a file",
}


def unreadable(name: object, error: OSError) -> DocumentError:
    """Say that a document cannot be read, why, and what helps."""
    hint = _UNREADABLE.get(error.errno or 0)
    return DocumentError(f"{name} cannot be read: {error.strerror}", hint=hint)


class UpstreamError(MirrorkitError):
    """A source did not give what was asked.

    `mirrorkit sources probe` shows what each source has; name another with --source.
    """

    code = "upstream"
    exit_status = 4


class UnreachableError(UpstreamError):
    """A source gave no answer, or one that may change when asked again.

    Look at the network and the proxy, then run it again: what arrived is kept.
    """

    code = "unreachable"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        retry_after: float | None = None,
        is_remembered: bool = False,
        is_unreached: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds the source asks us to stay away, where it said so."""
        self.is_remembered = is_remembered
        """Whether it was not asked at all, for it could not be reached a moment ago."""
        self.is_unreached = is_unreached
        """Whether there was not even a connection."""


class NotFoundError(UpstreamError):
    """A source answered that it does not have it.

    Look at the name; if it is right, ask another source with --source.
    """

    code = "not-found"


class DeniedError(UpstreamError):
    """A source answered that it is not for us.

    Log in with `docker login HOST`, or ask another source with --source.
    """

    code = "denied"


class IntegrityError(MirrorkitError):
    """Bytes are not the bytes that were pinned.

    Run it again; if it stays, ask another source with --source.
    """

    code = "integrity"
    exit_status = 5


class MisannouncedError(IntegrityError):
    """A source announced other bytes than it was asked for; none of them were taken.

    Something answers in the source's place, as a hotel's login page does; open a browser.
    """

    code = "misannounced"


class DifferentImageError(IntegrityError):
    """A source has another image under a pinned name: not its bytes, and not its files.

    Ask another source, or see with `mirrorkit sources probe` which has the pinned one.
    """

    code = "different-image"


class SurroundingsError(MirrorkitError):
    """This machine is in the way.

    Do what the hint says; downloads are kept.
    """

    code = "environment"
    exit_status = 6


class DiskFullError(SurroundingsError):
    """The disk has no room for what is needed.

    Make room, or name a store on another disk with --store.
    """

    code = "disk-full"


class StoreError(SurroundingsError):
    """The store cannot be read or written.

    Look at the folder's owner and rights, or name another store with --store.
    """

    code = "store"


class AddressInUseError(SurroundingsError):
    """Another program listens where we should.

    Stop that program, or choose another port with --listen.
    """

    code = "address-in-use"


class EngineError(SurroundingsError):
    """A container engine did not take an image in.

    Start Docker, or let yourself in: `sudo usermod -aG docker $USER`, then log in anew.
    """

    code = "engine"
