"""Let a room of machines pull a class at once, each over a slow link, and compare with the links.

Run as root, `python -m bench.room`. Each machine is a network namespace with a containerd, empty
before each pull. What the links allow is measured in the same rounds: curl takes the same bytes
from nginx on the teacher's machine, all at once too. `ctr content fetch` downloads, checks and
keeps what `ctr images pull` would, and unpacks nothing. The machines' disks are in memory, for
eight real ones would have eight disks. They would have eight processors, too: where `idle here` is
near 0 this machine was the limit, and a lower --rate tells what the server alone costs.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.measure import cpu_seconds, idle_seconds, middle, spent, table
from tests.lab.engines import containerd, write_hosts
from tests.lab.images import OCI, Made, image
from tests.lab.layers import random_layer
from tests.lab.nginx import nginx, static_files
from tests.lab.process import LabError, output, running
from tests.lab.product import hosts_of, product_for
from tests.lab.registry import docker_registry
from tests.lab.room import Host, room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.lab.engines import Containerd
    from tests.lab.product import Product

MIB = 1 << 20
# Layers in MiB, some 100 MB in all.
CLASS = {
    "gcr.io/k8s-minikube/kicbase:v0.0.30": (24, 12, 6, 2),
    "registry.k8s.io/kube-apiserver:v1.23.3": (12, 1),
    "registry.k8s.io/etcd:3.5.1-0": (14, 4, 1),
    "docker.io/library/nginx:alpine": (8, 3, 1),
    "docker.io/library/wordpress:5": (7,),
}
SERVERS = ("mirrorkit", "docker-registry")
LINK = "curl from nginx"
HEAD = (
    "the last of the room",
    "seconds",
    "MB/s a machine",
    "share of the links",
    "server CPU s",
    "clients' CPU s",
    "idle here",
)
EACH = ("machine", "MB", "seconds", "curl's seconds", "share of its link")
AIM = 1 / 0.9


@dataclass(frozen=True, slots=True)
class Server:
    """Where a room takes its bytes from."""

    address: str
    pid: int


class Trial(NamedTuple):
    """Seconds until each machine had all, and the share of this machine's cores that idled."""

    seconds: list[float]
    idle: float


@dataclass(slots=True)
class Figures:
    """What was measured of one server: seconds of each machine and of processors, by round."""

    seconds: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    clients: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    """Share of this machine's cores that had nothing to do: near 0 they were the limit."""

    @property
    def walls(self) -> list[float]:
        """Seconds until the last machine had all, by round."""
        return [max(each) for each in self.seconds]


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    images = {name: _image(name, options.scale) for name in CLASS}
    with ExitStack() as life:
        place = Path(life.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        memory = Path(life.enter_context(tempfile.TemporaryDirectory(prefix="b-", dir="/dev/shm")))
        machines = room(options.machines + 1, rate=options.rate, uplink=options.uplink)
        teacher, *students = life.enter_context(machines)
        servers = _servers(life, place, images, teacher, options.mirrorkit)
        found: dict[str, Figures] = defaultdict(Figures)
        for number in range(options.rounds):
            for name, server in servers.items():
                before, children = cpu_seconds(server.pid), _ended_seconds()
                if name == LINK:
                    seconds, idle = _curl(server, images, students)
                else:
                    seconds, idle = _pull(server, images, students, memory)
                found[name].seconds.append(seconds)
                found[name].idle.append(idle)
                found[name].cpu.append(cpu_seconds(server.pid) - before)
                found[name].clients.append(_ended_seconds() - children)
                print(f"round {number + 1}: {name} {max(seconds):.2f} s", flush=True)
    _report(found, sum(made.size() for made in images.values()), options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--machines", type=int, default=8)
    parser.add_argument("--rate", default="100mbit", help="of each machine's link")
    parser.add_argument("--uplink", default="", help="rate of the teacher's link (default: none)")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is some 100 MB")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _image(name: str, scale: float) -> Made:
    sizes = enumerate(CLASS[name])
    layers = [random_layer(f"{name} {number}", int(size * MIB * scale)) for number, size in sizes]
    return image(layers, kind=OCI, label=name)


def _servers(
    life: ExitStack, place: Path, images: dict[str, Made], teacher: Host, program: str
) -> dict[str, Server]:
    """Start all three on the teacher's machine, each with the whole class."""
    with docker_registry(place / "upstream") as upstream:
        upstream.push_all(images)
        product = product_for(place, images, upstream.address, (program,))
        spent(product.command("sync"), place / "sync.log")
    peer = place / "registry"
    peer.mkdir()
    upstream.storage.rename(peer / "storage")
    registry = life.enter_context(
        docker_registry(peer, host=teacher.address, prefix=teacher.prefix)
    )
    files = static_files(peer / "storage/docker/registry/v2/blobs/sha256", teacher.address)
    plain = nginx(place / "nginx", files, log=False, inside=teacher.prefix)
    return {
        LINK: Server(files.address, life.enter_context(plain).pid),
        "mirrorkit": life.enter_context(_mirrorkit(product, teacher)),
        "docker-registry": Server(registry.address, registry.pid),
    }


@contextmanager
def _mirrorkit(product: Product, teacher: Host) -> Iterator[Server]:
    address = f"{teacher.address}:5080"
    argv = (*teacher.prefix, *product.command("serve", "--listen", address))
    log = product.folder / "serve.log"
    with running(argv, log=log, ready=lambda: _answers(teacher, address)) as process:
        yield Server(address, process.pid)


def _answers(teacher: Host, address: str) -> bool:
    try:
        return bool(teacher.run("curl", "-sf", f"http://{address}/readyz"))
    except LabError:
        return False


def _curl(server: Server, images: dict[str, Made], students: Sequence[Host]) -> Trial:
    """Let every machine download every blob over one connection, one after the other."""
    digests = {d: None for made in images.values() for d in (*made.all_blobs(), made.digest)}
    urls = [f"http://{server.address}/{d[7:9]}/{d[7:]}/data" for d in digests]
    targets = [word for url in urls for word in ("-o", "/dev/null", url)]
    argv = ("curl", "-sSf", *targets)
    return _all_at_once([partial(output, (*host.prefix, *argv)) for host in students])


def _pull(server: Server, images: dict[str, Made], students: Sequence[Host], memory: Path) -> Trial:
    """Let every machine pull every image, one after the other as a kubelet does, from nothing."""
    with ExitStack() as life:
        folder = Path(life.enter_context(tempfile.TemporaryDirectory(dir=memory)))
        hosts = write_hosts(folder / "hosts", hosts_of(images), f"http://{server.address}")
        engines = [
            life.enter_context(
                containerd(folder / host.namespace, hosts_dir=hosts, prefix=host.prefix)
            )
            for host in students
        ]
        return _all_at_once([partial(_fetch_all, one, images) for one in engines])


def _fetch_all(engine: Containerd, images: dict[str, Made]) -> None:
    for name, made in images.items():
        if engine.fetch(name) != made.digest:
            raise LabError(f"{name}: not {made.digest}")


def _all_at_once(works: Sequence[Callable[[], object]]) -> Trial:
    """Begin all work at one moment; return the seconds after which each was done."""
    with ThreadPoolExecutor(len(works)) as pool:
        started, idle = time.perf_counter(), idle_seconds()

        def timed(work: Callable[[], object]) -> float:
            work()
            return time.perf_counter() - started

        seconds = list(pool.map(timed, works))
    idle_share = (idle_seconds() - idle) / max(seconds) / (os.cpu_count() or 1)
    return Trial(seconds, idle_share)


def _ended_seconds() -> float:
    """Return the processor time of every program that was started here and has ended, so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _report(found: dict[str, Figures], size: int, options: argparse.Namespace) -> None:
    link = found[LINK]
    rows: list[list[str | float]] = [
        [
            name,
            middle(one.walls),
            size / 1e6 / middle(one.walls),
            middle([a / b for a, b in zip(link.walls, one.walls, strict=True)]),
            middle(one.cpu),
            middle(one.clients),
            middle(one.idle),
        ]
        for name, one in found.items()
    ]
    what = f"{options.machines} machines at {options.rate}, {size / 1e6:.0f} MB each"
    print(f"\n{what}, medians of {options.rounds}\n\n{table(HEAD, rows)}")
    for name in SERVERS:
        print(f"\n{name}\n{table(EACH, list(_each(found[name], link, size)))}")
    for name in SERVERS:
        pairs = zip(found[name].walls, link.walls, strict=True)
        ratios = sorted(wall / curl for wall, curl in pairs)
        spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}; the aim is {AIM:.2f}"
        print(f"\n{name} / what the links allow: {middle(ratios):.3f} x the time ({spread})")


def _each(one: Figures, link: Figures, size: int) -> Iterator[list[str | float]]:
    """Compare each machine with itself, medians over the rounds."""
    columns = zip(zip(*one.seconds, strict=True), zip(*link.seconds, strict=True), strict=True)
    for number, (seconds, curl) in enumerate(columns, 1):
        share = middle([a / b for a, b in zip(curl, seconds, strict=True)])
        yield [str(number), size / 1e6, middle(seconds), middle(curl), share]


if __name__ == "__main__":
    main()
