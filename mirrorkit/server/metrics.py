"""What is counted for Prometheus; no label holds a client's words."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily as Count
from prometheus_client.metrics_core import GaugeMetricFamily as Gauge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from aiohttp.web import StreamResponse
    from aiohttp.web_request import BaseRequest
    from prometheus_client.metrics_core import Metric

    from mirrorkit.flows.check import Completeness
    from mirrorkit.server.misses import Misses
    from mirrorkit.server.places import Places
    from mirrorkit.server.seats import Seats
    from mirrorkit.server.sender import Sender

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_API: Final = frozenset({"manifests", "blobs", "tags", "referrers"})
_TOP: Final = frozenset(
    {"", "files", "k8s-release", "archives", "setup.sh", "api", "health", "livez", "readyz"}
    | {"metrics"}
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


@lru_cache(maxsize=1024)
def route_of(path: str) -> str:
    """Return the class of a path, one of some twenty words."""
    parts = path.split("/", 2)
    top = parts[1] if len(parts) > 1 else ""
    if top == "v2":
        kind = path.rsplit("/", 2)
        return kind[1] if len(kind) > 2 and kind[1] in _API else "v2"  # noqa: PLR2004
    return (top or "page") if top in _TOP else "other"


class Metrics:
    """Counts answers; the rest is looked up when somebody asks."""

    def __init__(self, sender: Sender, places: Places, misses: Misses, seats: Seats) -> None:
        self._sender = sender
        self._places = places
        self._misses = misses
        self._seats = seats
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._bytes = 0
        self.connections: Callable[[], int] = int

    def count(self, request: BaseRequest, response: StreamResponse) -> None:
        """Count one answer."""
        route, method, status = route_of(request.rel_url.raw_path), request.method, response.status
        if method not in _METHODS:
            method = "other"
        self._requests[route, method, status // 100] += 1
        self._bytes += response.body_length

    def collect(self, checked: Mapping[str, Completeness]) -> Iterator[Metric]:
        """Yield every metric; `checked` is the completeness of each lock by its name."""
        requests = Count(
            "mirrorkit_requests", "Requests answered.", labels=("route", "method", "status")
        )
        for (route, method, status), number in list(self._requests.items()):
            requests.add_metric((route, method, f"{status}xx"), number)
        yield requests
        yield Count("mirrorkit_sent_bytes", "Bytes of answers.", self._bytes + self._sender.sent)
        yield Count("mirrorkit_misses", "Pulls of what is not held.", self._misses.total)
        yield from self._gauges()
        yield from _completeness(checked)

    def _gauges(self) -> Iterator[Metric]:
        yield Gauge("mirrorkit_streams_active", "Blobs being sent.", self._places.active)
        yield Gauge("mirrorkit_streams_waiting", "Blobs waiting in line.", self._places.waiting)
        yield Gauge("mirrorkit_connections", "Open connections.", self.connections())
        seats = Gauge("mirrorkit_seats", "Students' machines.", labels=("state",))
        for state, those in self._seats.by_state().items():
            seats.add_metric((state,), len(those))
        yield seats


def _completeness(checked: Mapping[str, Completeness]) -> Iterable[Metric]:
    labels = ("lock", "kind")
    total = Gauge("mirrorkit_lock_items", "Images and files of a lock.", labels=labels)
    complete = Gauge("mirrorkit_lock_items_complete", "Those held completely.", labels=labels)
    for lock, one in checked.items():
        for kind in ("image", "file"):
            counted = one.count(kind)
            total.add_metric((lock, kind), counted["total"])
            complete.add_metric((lock, kind), counted["complete"])
    return total, complete


class _Snapshot:
    """The metrics with the completeness of one moment, as prometheus_client collects them."""

    def __init__(self, metrics: Metrics, checked: Mapping[str, Completeness]) -> None:
        self._metrics = metrics
        self._checked = checked

    def collect(self) -> Iterator[Metric]:
        return self._metrics.collect(self._checked)


def exposition(metrics: Metrics, checked: Mapping[str, Completeness]) -> bytes:
    """Return the text Prometheus reads (exposition format 0.0.4)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Snapshot(metrics, checked))
    return generate_latest(registry)
