"""Real container engines: Docker and containerd, each apart from the machine's own."""

from __future__ import annotations

import secrets
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.places import mounts_released, short_directory
from tests.lab.process import LabError, output, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Plain copies work on every file system, and the lab's images are small.
NATIVE = ("--snapshotter", "native")
APART = ("--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false")
# A machine may lack CAP_SYS_RESOURCE itself, and then can run no privileged container that asks
# for it: this stands before runc and asks for everything else.
CUT = """\
#!{python} -S
import os, sys
for flag, name in (("--bundle", "config.json"), ("--process", "")):
    if flag in sys.argv:
        path = os.path.join(sys.argv[sys.argv.index(flag) + 1], name).rstrip("/")
        text = open(path).read().replace('"CAP_SYS_RESOURCE",', "")
        open(path, "w").write(text)
os.execvp("runc", ["runc", *sys.argv[1:]])
"""
CONTAINERD = """
version = 2
root = "{data}"
state = "{run}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{run}/sock"
[ttrpc]
address = "{run}/sock.ttrpc"
"""


@dataclass(frozen=True, slots=True)
class Docker:
    """A running Docker Engine."""

    socket: Path
    directory: Path

    @property
    def host(self) -> str:
        """Return what DOCKER_HOST would say."""
        return f"unix://{self.socket}"

    def __call__(self, *arguments: str) -> str:
        """Run the docker client, with no configuration of the user's."""
        config = str(self.directory / "client")
        return output(("docker", "--config", config, "--host", self.host, *arguments))

    def pull(self, name: str) -> str:
        """Pull an image and return the digest that the client saw."""
        return _after("Digest:", self("pull", name))

    def run(self, name: str, script: str) -> str:
        """Run a shell script in a container without network and return what it printed."""
        return self("run", "--rm", "--network", "none", name, "sh", "-c", script)


@dataclass(frozen=True, slots=True)
class Containerd:
    """A running containerd."""

    socket: Path
    hosts_dir: Path
    prefix: Sequence[str] = ()

    def __call__(self, *arguments: str) -> str:
        """Run the ctr client, where the engine is: it is the client that downloads."""
        return output((*self.prefix, "ctr", "--address", str(self.socket), *arguments))

    def pull(self, name: str, platform: str | None = None) -> str:
        """Pull an image for one platform or, by default, for all; return its digest."""
        which = ("--platform", platform) if platform else ("--all-platforms",)
        self("images", "pull", "--hosts-dir", str(self.hosts_dir), *which, *NATIVE, name)
        return _after(name, self("images", "list", f"name=={name}"), field=2)

    def fetch(self, name: str) -> str:
        """Fetch an image for all platforms without unpacking it; return its digest."""
        self("content", "fetch", "--hosts-dir", str(self.hosts_dir), "--all-platforms", name)
        return _after(name, self("images", "list", f"name=={name}"), field=2)

    def run(self, name: str, script: str) -> str:
        """Run a shell script in a container of a pulled image and return what it printed."""
        return self("run", "--rm", *NATIVE, name, f"lab-{secrets.token_hex(4)}", "sh", "-c", script)


@contextmanager
def docker_engine(
    directory: Path,
    *,
    registry_mirror: str | None = None,
    insecure: Sequence[str] = (),
    prefix: Sequence[str] = (),
    networks: bool = False,
) -> Iterator[Docker]:
    """Run a Docker Engine while the block lasts.

    It touches neither bridges nor iptables, unless `networks`: that is for a namespace of its own.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with short_directory() as run:
        docker = Docker(run / "sock", directory)
        argv = [*prefix, "dockerd", "--data-root", f"{directory}/data", "--exec-root", f"{run}/x"]
        argv += ["--pidfile", f"{run}/pid", "--host", docker.host]
        argv += _privileges(directory) if networks else APART
        argv += ["--registry-mirror", registry_mirror] if registry_mirror else []
        argv += [word for host in insecure for word in ("--insecure-registry", host)]
        ready = lambda: _answers(docker, "version")  # noqa: E731
        with mounts_released(directory), running(argv, log=directory / "log", ready=ready):
            yield docker


@contextmanager
def containerd(
    directory: Path, *, hosts_dir: Path, prefix: Sequence[str] = ()
) -> Iterator[Containerd]:
    """Run a containerd while the block lasts."""
    directory.mkdir(parents=True, exist_ok=True)
    with short_directory() as run:
        config = directory / "config.toml"
        config.write_text(CONTAINERD.format(data=directory / "data", run=run))
        engine = Containerd(run / "sock", hosts_dir, prefix)
        argv = (*prefix, "containerd", "--config", str(config))
        ready = lambda: _answers(engine, "version")  # noqa: E731
        with mounts_released(directory), running(argv, log=directory / "log", ready=ready):
            yield engine


def write_hosts(hosts_dir: Path, registries: Sequence[str], mirror: str) -> Path:
    """Send these registries to one mirror, for instance `http://127.0.0.1:5080`."""
    for registry in registries:
        file = hosts_dir / registry / "hosts.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        # With `server` the mirror too, a miss cannot escape to the internet.
        host = f'[host."{mirror}"]\n  capabilities = ["pull", "resolve"]\n'
        file.write_text(f'server = "{mirror}"\n\n{host}')
    return hosts_dir


def _privileges(directory: Path) -> Sequence[str]:
    """Write the runtime that asks for what this machine can give, and return how to use it."""
    program = directory / "cut"
    program.write_text(CUT.format(python=sys.executable))
    program.chmod(0o755)
    return ("--add-runtime", f"cut={program}", "--default-runtime", "cut")


def _answers(client: Docker | Containerd, *arguments: str) -> bool:
    with suppress(LabError):
        return bool(client(*arguments))
    return False


def _after(word: str, text: str, field: int = 1) -> str:
    """Return a field of the line that starts with a word."""
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > field and fields[0] == word:
            return fields[field]
    raise LabError(f"no {word!r} in:\n{text}")
