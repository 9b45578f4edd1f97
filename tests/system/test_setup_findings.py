"""setup.sh --check on machines of every kind: each trouble has its code, sentence and command.

Where a condition can be made it is real: files of /proc, small disks, addresses, sockets, clocks.
What is another vendor's machine is played by a `docker` that answers as that one does.
"""

from __future__ import annotations

import re
import secrets
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.lab.classroom import classroom
from tests.lab.lesson import stored
from tests.lab.nginx import Server, nginx
from tests.lab.room import Host, room
from tests.lab.seat import Seat, busybox_tree, mounted, with_student
from tests.lab.setupclass import FILES, Class

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRONG_CLOCK = "Mon, 01 Jan 2024 00:00:00 GMT"
PLAYED = """#!/bin/sh
# {engine}, played: what its `docker version` and `docker info` say here.
case $1 in
version) echo 27.1.1 ;;
info) echo '{told}' ;;
*) exit 1 ;;
esac
"""
ENGINES = {
    "linux": "overlay2|/var/lib/docker|2|[name=seccomp]|Debian 12|4|8000000000|true|lab",
    "desktop": "overlay2|/var/lib/docker|2|[]|Docker Desktop|4|8000000000|true|docker-desktop",
    "orbstack": "overlay2|/var/lib/docker|2|[]|OrbStack|4|8000000000|true|orbstack",
    "colima": "overlay2|/var/lib/docker|2|[]|Ubuntu 24.04|4|8000000000|true|colima",
    "rootless": "overlay2|/home/s/docker|2|[name=rootless]|Debian 12|4|8000000000|true|lab",
    "desktop-small": "overlay2|/x|2|[]|Docker Desktop|1|1000000000|true|docker-desktop",
    "vfs": "vfs|/var/lib/docker|2|[]|Debian 12|4|8000000000|true|lab",
    "no-limits": "overlay2|/var/lib/docker|1|[]|Debian 12|4|8000000000|false|lab",
}


@dataclass(frozen=True, slots=True)
class Kind(Host):
    """A machine whose files are others' for one program: `made` runs before it, as root."""

    made: str = ":"

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return what to put before a command to run it there."""
        enter = ("nsenter", f"--net=/run/netns/{self.namespace}")
        apart = ("unshare", "--mount", "--propagation", "private")
        return (*enter, *apart, "sh", "-ec", f'{self.made}\nexec "$@"', "sh")


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    product = stored(tmp_path_factory.mktemp("class"), classroom(0.02), FILES)
    with room(2) as (teacher, student):
        one = Class(product, teacher, student, None, FILES)
        with one.serving():
            yield one


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory, lesson: Class) -> Iterator[Seat]:
    root = with_student(busybox_tree(tmp_path_factory.mktemp("busybox") / "root"))
    for engine, told in ENGINES.items():
        folder = root / "opt" / engine
        folder.mkdir(parents=True)
        (folder / "docker").write_text(PLAYED.format(engine=engine, told=told))
        (folder / "docker").chmod(0o755)
    (root / "snap/bin").mkdir(parents=True)
    (root / "usr/bin/snap").symlink_to("/snap/snapd")
    (root / "snap/snapd").write_text(PLAYED.format(engine="snap", told=ENGINES["linux"]))
    (root / "snap/snapd").chmod(0o755)
    (root / "snap/bin/docker").symlink_to("/usr/bin/snap")
    with mounted(root):
        yield Seat(root, lesson.student, ("ash",), path="/opt/linux:/bin")


@dataclass(frozen=True, slots=True)
class Row:
    """A condition, and what is said of it: `state code`, a word of each language, the command."""

    said: str
    english: str
    chinese: str
    command: str = ""
    path: str = "/opt/linux:/bin"
    made: str = ":"
    user: str = "student"
    start: tuple[str, ...] = ()
    at: str = "mirror"


OSRELEASE = "mount --bind {file} {root}/proc/sys/kernel/osrelease"
CPUINFO = "mount --bind {file} {root}/proc/cpuinfo"
MEMINFO = "mount --bind {file} {root}/proc/meminfo"
NO_DEVICES = "mount -t tmpfs none {root}/dev; mknod -m 666 {root}/dev/null c 1 3"
SMALL_DISK = "mount -t tmpfs -o size=50m,uid=1000 none {root}/home/student"
FAKE = "ip address add 198.18.0.7/32 dev lo"
ROWS = {
    "WSL1": Row(
        "fail WSL",
        "WSL 1",
        "WSL 1",
        "wsl --set-version Ubuntu 2",
        made=f"printf %s 4.4.0-19041-Microsoft >{{file}}; {OSRELEASE}",
    ),
    "WSL2": Row(
        "ok OS",
        "WSL2",
        "WSL2",
        made=f"printf %s 5.15.153.1-microsoft-standard-WSL2 >{{file}}; {OSRELEASE}",
    ),
    "memory": Row(
        "fail MEM",
        "Kubernetes needs 2 GB",
        "需要 2 GB",
        "free -m",
        path="/bin",
        made=f"echo 'MemTotal:        1000000 kB' >{{file}}; {MEMINFO}",
    ),
    "Desktop": Row("ok ENGINE", "Docker Desktop", "Docker Desktop", path="/opt/desktop:/bin"),
    "OrbStack": Row("ok ENGINE", "OrbStack", "OrbStack", path="/opt/orbstack:/bin"),
    "Colima": Row("ok ENGINE", "Colima", "Colima", path="/opt/colima:/bin"),
    "Desktop's CPUs": Row("fail CPU", "1 CPU", "1 个 CPU", "nproc", path="/opt/desktop-small:/bin"),
    "Desktop's memory": Row(
        "fail MEM", "953 MB", "953 MB", "free -m", path="/opt/desktop-small:/bin"
    ),
    "snap": Row(
        "warn SNAP",
        "this Docker is a snap",
        "Docker 来自 snap",
        "sudo snap remove docker && sudo apt-get install -y docker.io",
        path="/snap/bin:/bin",
    ),
    "rootless": Row(
        "fail ROOTLESS",
        "Docker runs without root",
        "rootless",
        "start --container-runtime=containerd",
        path="/opt/rootless:/bin",
    ),
    "storage": Row("warn STORAGE", "vfs is slow", "vfs 较慢", "docker info", path="/opt/vfs:/bin"),
    "cgroup": Row(
        "warn CGROUP", "limits no memory", "不支持内存限制", "cgroups", path="/opt/no-limits:/bin"
    ),
    "no group": Row(
        "fail GROUP",
        "you are not in its group",
        "不在 docker 组中",
        "sudo usermod -aG docker student && newgrp docker",
        path="/usr/local/bin:/usr/bin:/bin",
    ),
    "group, not yet here": Row(
        "fail GROUP",
        "not yet in this shell",
        "当前终端尚未生效",
        "newgrp docker",
        path="/usr/local/bin:/usr/bin:/bin",
        made="printf 'student:x:1000:\\ndocker:x:999:student\\n' >{file};"
        " mount --bind {file} {root}/etc/group",
    ),
    "disk": Row("fail DISK", "MB free below /home/student", "只剩", "prune", made=SMALL_DISK),
    "root": Row("warn ROOT", "does not like root", "不建议用 root", "useradd", user="root"),
    "no virtualization": Row(
        "fail VIRT",
        "the driver kvm2 needs virtualization",
        "kvm2 驱动需要虚拟化",
        "start --driver=docker",
        made=f"echo flags : fpu >{{file}}; {CPUINFO}; {NO_DEVICES}",
        start=("start", "--driver=kvm2"),
    ),
    "virtualization": Row(
        "ok VIRT",
        "virtualization is on",
        "已开启虚拟化",
        made=f"echo flags : fpu vmx >{{file}}; {CPUINFO}; {NO_DEVICES}",
        start=("start", "--driver=kvm2"),
    ),
    "fake addresses": Row(
        "warn FAKEIP", "with an address of 198.18.0.0/15", "假地址", "Clash", at="fake"
    ),
    "clock": Row("warn CLOCK", "s off the mirror's", "相差", "sudo date -u -s", at="clock"),
    "incomplete": Row(
        "warn MIRROR", "does not have all of the class yet", "尚未准备完整", "/?text", at="late"
    ),
}


@contextmanager
def mirror_at(what: str, lesson: Class, folder: Path) -> Iterator[str]:
    """Give the mirror's address, in a room where something of it is not as it should be."""
    if what == "clock":  # two Dates come, and the last is believed, as from a mirror with one
        there = Server(5081, WRONG_DATE.format(date=WRONG_CLOCK, at=lesson.address))
        there = replace(there, host=lesson.teacher.address)
        with nginx(folder / "nginx", there, inside=lesson.teacher.prefix):
            yield there.address
    elif what == "late":
        images = classroom(0.02)
        late = stored(folder, images, FILES)
        blobs = (late.store / "blobs/sha256").iterdir()
        max(blobs, key=lambda blob: blob.stat().st_size).unlink()
        one = replace(lesson, mirror=late, port=5082)
        with one.serving():
            yield one.address
    elif what == "fake":
        lesson.student.run(*FAKE.split())
        try:
            yield lesson.address
        finally:
            lesson.student.run(*FAKE.replace(" add ", " delete ").split())
    else:
        yield lesson.address


WRONG_DATE = (
    "location / {{ proxy_pass http://{at}; proxy_set_header Host $http_host;"
    ' add_header Date "{date}" always; }}'
)


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_each_kind_of_machine_is_named_with_code_and_cure_in_both_languages(
    row: Row, lesson: Class, seat: Seat, tmp_path: Path
) -> None:
    made = row.made.format(root=seat.root, file=tmp_path / "file")
    host = Kind(lesson.student.namespace, lesson.student.address, made)
    socket_name = f"tmp/{secrets.token_hex(4)}"
    there = replace(seat, host=host, path=row.path, is_root=row.user == "root")
    with ExitStack() as stack:
        engine = stack.enter_context(socket.socket(socket.AF_UNIX))
        engine.bind(str(seat.root / socket_name))  # root's alone, as Docker's without a group
        (seat.root / socket_name).chmod(0o600)
        address = stack.enter_context(mirror_at(row.at, lesson, tmp_path))
        for locale, word in (("C.UTF-8", row.english), ("zh_CN.UTF-8", row.chinese)):
            extra = {"LANG": locale, "DOCKER_HOST": f"unix:///{socket_name}"}
            words = ("--no-relay", "--check", "--porcelain", *row.start)
            done = replace(there, extra=extra).types(address, *words)
            lines = [line.split("\t") for line in done.stdout.splitlines()]
            found = [line for line in lines if f"{line[0]} {line[1]}" == row.said]
            assert len(found) == 1, done.stdout + done.stderr
            assert word in found[0][2]
            assert row.command in found[0][3]
            assert done.returncode == (1 if "fail" in {line[0] for line in lines} else 0)
            if locale.startswith("zh"):
                words_said = [line[2] for line in lines if not line[2].isascii()]
                assert re.search("[\u4e00-\u9fff]", "".join(words_said))
