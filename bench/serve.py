"""Serve the same bytes from mirrorkit, docker-registry and nginx, and compare what it costs.

Run as `python -m bench.serve`; what counts is processor time, which other load disturbs least.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import download, hammer, verify
from bench.measure import cpu_seconds, middle, spent, table
from tests.lab.images import OCI, Made, image
from tests.lab.layers import random_layer
from tests.lab.nginx import nginx, static_files
from tests.lab.product import product_for
from tests.lab.registry import DockerRegistry, docker_registry

NAME = "docker.io/library/big:1"
SERVERS = ("mirrorkit", "docker-registry", "nginx")
HEAD = ("server", "MB/s", "CPU s/GB", "manifests/s", "manifests/CPU s")


@dataclass(slots=True)
class Candidate:
    """A running server, where it has the blob and the manifest, and what was measured."""

    name: str
    address: str
    pid: int
    blob: str
    manifest: str
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def row(self) -> list[str | float]:
        """Return the medians."""
        return [self.name, *(middle(self.figures[name]) for name in HEAD[1:])]


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    with ExitStack() as life, tempfile.TemporaryDirectory(prefix="bench-") as name:
        candidates = _candidates(life, Path(name), options)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            for candidate in candidates:
                _blobs(candidate, options.clients, options.size)
                _manifests(candidate, options.seconds)
    rows = [candidate.row() for candidate in candidates]
    print(f"\n{options.size} MiB, {options.clients} clients at once, medians of {options.rounds}\n")
    print(table(HEAD, rows))
    print("\n" + table(("against", *HEAD[1:]), _ratios(rows)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--size", type=int, default=256, help="MiB of the blob")
    parser.add_argument("--clients", type=int, default=16, help="downloads at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of manifest requests a round")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    return parser.parse_args()


def _candidates(life: ExitStack, place: Path, options: argparse.Namespace) -> list[Candidate]:
    layer = random_layer("big", options.size << 20)
    made = image([layer], kind=OCI)
    registry = life.enter_context(docker_registry(place / "registry"))
    registry.push("library/big", "1", made)
    starts = {
        "mirrorkit": lambda: _mirrorkit(life, place, options.mirrorkit, made, registry),
        "docker-registry": lambda: _api("docker-registry", registry.address, registry.pid, made),
        "nginx": lambda: _nginx(life, place, registry.storage, made),
    }
    candidates = [starts[name]() for name in options.servers]
    for candidate in candidates:
        verify(candidate.address, candidate.blob, layer.digest)
        verify(candidate.address, candidate.manifest, made.digest)
    return candidates


def _mirrorkit(
    life: ExitStack, place: Path, program: str, made: Made, registry: DockerRegistry
) -> Candidate:
    product = product_for(place, {NAME: made}, registry.address, (program,))
    spent(product.command("sync"), place / "sync.log")
    served = life.enter_context(product.serving())
    return _api("mirrorkit", served.address, served.pid, made)


def _nginx(life: ExitStack, place: Path, storage: Path, made: Made) -> Candidate:
    """Let nginx send the registry's own files: the least that serving can cost."""
    files = static_files(storage / "docker/registry/v2/blobs/sha256")
    server = life.enter_context(nginx(place / "nginx", files, log=False))
    blob, manifest = (f"/{each[7:9]}/{each[7:]}/data" for each in (_layer(made), made.digest))
    return Candidate("nginx", files.address, server.pid, blob, manifest)


def _api(name: str, address: str, pid: int, made: Made) -> Candidate:
    blob = f"/v2/library/big/blobs/{_layer(made)}?ns=docker.io"
    return Candidate(name, address, pid, blob, "/v2/library/big/manifests/1?ns=docker.io")


def _layer(made: Made) -> str:
    return max(made.blobs, key=lambda digest: len(made.blobs[digest]))


def _blobs(candidate: Candidate, clients: int, size: int) -> None:
    before = cpu_seconds(candidate.pid)
    wall = download(candidate.address, candidate.blob, clients)
    gigabytes = clients * (size << 20) / 1e9
    candidate.figures["MB/s"].append(gigabytes * 1000 / wall)
    candidate.figures["CPU s/GB"].append((cpu_seconds(candidate.pid) - before) / gigabytes)


def _manifests(candidate: Candidate, seconds: int) -> None:
    before = cpu_seconds(candidate.pid)
    answers = hammer(candidate.address, candidate.manifest, seconds)
    candidate.figures["manifests/s"].append(answers / seconds)
    cpu = cpu_seconds(candidate.pid) - before
    candidate.figures["manifests/CPU s"].append(answers / max(cpu, 0.01))


def _ratios(rows: list[list[str | float]]) -> list[list[str | float]]:
    """Compare the first server with each other one, figure by figure."""
    first, *others = rows
    return [[f"{first[0]} / {other[0]}", *map(_ratio, first[1:], other[1:])] for other in others]


def _ratio(a: str | float, b: str | float) -> float:
    return float(a) / float(b) if float(b) else 0.0


if __name__ == "__main__":
    main()
