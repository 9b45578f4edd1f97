"""The listeners of a sync: bars on a terminal, lines in a log, JSON lines for programs."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.cli.output import note, say_data, say_json
from mirrorkit.events import (
    BlobEnded,
    BlobWrong,
    BytesArrived,
    BytesDropped,
    BytesVerified,
    ConnectionsChanged,
    DocumentIgnored,
    Event,
    FileCompleted,
    FileFailed,
    FilePlaced,
    ImageCompleted,
    ImageFailed,
    ImageLoaded,
    ImageSubstituted,
    LoadPlanned,
    Planned,
    PlatformMissing,
    QuotaSeen,
    SeedPlanned,
    SourceFailed,
    SourcesSilent,
    TryingAgain,
    VerifyPlanned,
)
from mirrorkit.progress import Tally, allowance, counted, readable

if TYPE_CHECKING:
    from types import TracebackType

_EVERY_SECONDS: Final = 1.0
_LOW: Final = 5
"""Fewer pulls left than one in so many are few."""
_SUMMED: Final = (BytesArrived, BytesDropped, BytesVerified, ConnectionsChanged, BlobEnded)
_SENTENCES: Final[dict[type, str]] = {
    ImageCompleted: "complete  {0.name}",
    ImageFailed: "failed    {0.name}",  # why is said once, at the end
    ImageLoaded: "loaded    {0.name}",
    DocumentIgnored: "note      {0.digest} beside the lock is ignored: {0.reason}",
    FileCompleted: "complete  {0.path}",
    FileFailed: "failed    {0.path}",
    FilePlaced: "placed    {0.path}",
    PlatformMissing: "note      {0.name} does not exist for {0.platform}",
    SourcesSilent: "no source answers; serving what is here, trying again in {0.retry_in:.0f} s",
    TryingAgain: "trying what failed again in {0.retry_in:.0f} s",
}


class Display(AbstractContextManager["Display"]):
    """Shows one sync, load or verify while it runs."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._said: set[str] = set()
        self._unreached: set[str] = set()
        """What was said of hosts out of reach, which other hosts' progress does not change."""
        self._state: type[Event] | None = None
        self._pulls: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        self.count(event)
        self.show(event)

    def count(self, event: Event) -> None:
        """Add up what an event says."""
        self.tally.add(event)
        if isinstance(event, (ImageCompleted, FileCompleted)):
            self._said.clear()  # what is said again after progress is news
        elif isinstance(event, (SourcesSilent, TryingAgain)):
            self._turn(type(event))

    def _turn(self, state: type[Event]) -> None:
        """Let all be news again where the sources fell silent, or came back."""
        if self._state not in {None, state}:
            self._said.clear()
            self._unreached.clear()
        self._state = state

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def show(self, event: Event) -> None:
        """Print what the event says, if anything: for logs and pipes."""
        text = self.news(event)
        if text is not None:
            note(text)

    def news(self, event: Event) -> str | None:
        """Return the event's sentence, unless the same was said before."""
        text = self.words(event)
        if isinstance(event, QuotaSeen):
            return text if self._is_news(event) else None
        is_unreached = isinstance(event, SourceFailed) and event.is_unreached
        said = self._unreached if is_unreached else self._said
        if text is None or text in said:
            return None
        said.add(text)
        return text

    def words(self, event: Event) -> str | None:
        """Say an event in one line, where it is worth one."""
        return sentence(event)

    def _is_news(self, quota: QuotaSeen) -> bool:
        """Say whether a quota is seen first, or now low, or now used up."""
        level = (quota.remaining * _LOW < quota.limit) + (quota.remaining <= 0)
        before = self._pulls.get(quota.source)
        self._pulls[quota.source] = level
        return before is None or level > before

    def stop(self) -> None:
        """Leave the terminal as it was."""


def choose_display(*, as_json: bool) -> Display:
    """Choose by where the output goes."""
    if as_json:
        return JsonDisplay()
    if not sys.stderr.isatty():
        return Display()
    from mirrorkit.cli.bars import BarDisplay

    return BarDisplay()


def sentence(event: Event) -> str | None:
    """Say an event in one line, where it is worth one."""
    match event:
        case SourceFailed():
            text = _sentence_of_trouble(event)
        case ImageSubstituted():
            text = _sentence_of_substitute(event)
        case Planned():
            text = _sentence_of_plan(event) if event.images or event.files else ""
        case BlobWrong():
            named = f": {', '.join(event.needed_by)}" if event.needed_by else ""
            text = f"wrong     {event.digest} {event.reason}{named}"
        case VerifyPlanned():
            text = f"{counted(event.blobs, 'blob')} to read again, {readable(event.bytes_needed)}"
        case SeedPlanned() | LoadPlanned():
            text = _sentence_of_placing(event)
        case QuotaSeen():
            text = f"note      {_allowance_of(event)}; {event.remaining} left"
        case _:
            text = _SENTENCES.get(type(event), "").format(event)
    return text or None


def _sentence_of_trouble(event: SourceFailed) -> str:
    # A host out of reach is the same news for each of a class's images and files.
    return f"trouble   {'' if event.is_unreached else f'{event.source}: '}{event.reason}"


def _sentence_of_placing(event: SeedPlanned | LoadPlanned) -> str:
    if isinstance(event, LoadPlanned):
        count, what = event.images, f"{counted(event.images, 'image')} to load"
    else:
        count, what = event.files, f"{counted(event.files, 'file')} to place"
    if not count and not event.already:
        return ""
    return f"{what}, {readable(event.bytes_needed)}; {event.already} already there"


def _sentence_of_substitute(event: ImageSubstituted) -> str:
    of = f" for {', '.join(event.platforms)}" if event.platforms else ""
    zstd = "; its layers are zstd, which Docker 20.10 cannot unpack" if event.is_zstd else ""
    return f"complete  {event.name}{of}, as the same image packed anew at {event.source}{zstd}"


def _allowance_of(event: QuotaSeen) -> str:
    return allowance(event.source, event.limit, event.window, is_account=event.is_account)


def _sentence_of_plan(plan: Planned) -> str:
    missing = plan.bytes_needed - plan.bytes_held
    counts = ((plan.images, "image"), (plan.files, "file"))
    what = " and ".join(counted(count, noun) for count, noun in counts if count)
    return (
        f"{what} to complete: {readable(missing)} to fetch,"
        f" {readable(plan.bytes_held)} of {readable(plan.bytes_needed)} already here"
    )


class JsonDisplay(Display):
    """One JSON object a line; bytes and connections are summed up once a second."""

    def __init__(self) -> None:
        super().__init__()
        self._connections: dict[str, int] = {}
        self._next = 0.0

    def show(self, event: Event) -> None:
        """Print the event, or the sum of many."""
        if isinstance(event, ConnectionsChanged):
            self._connections[event.host] = event.count
        if not isinstance(event, _SUMMED):
            say_data(msgspec.json.encode(event).decode())
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY_SECONDS
            done, needed = self.tally.done, self.tally.needed
            open_ = {host: count for host, count in self._connections.items() if count}
            figures = {"bytes_done": done, "bytes_needed": needed, "connections": open_}
            say_json({"event": "progress", **figures})
