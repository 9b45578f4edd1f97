"""A student's seat: a small root of its own on a machine that knows nothing but the mirror."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import LabError, environment, output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.room import Host

STUDENT = 1000
OUTSIDE = {"dev", "proc", "tmp", "run", "var"}
"""What is the machine's and not the root's, or the place where stand-ins leave their notes."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a student types: a shell, a user, a home."""

    root: Path
    host: Host
    shell: Sequence[str]
    is_root: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    path: str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

    @property
    def home(self) -> str:
        """The student's, as seen from inside."""
        return "/root" if self.is_root else "/home/student"

    def inside(self, path: str) -> Path:
        """Return where a path of the root lies, `~` being the student's home."""
        return self.root / path.replace("~", self.home).lstrip("/")

    def argv(self, *command: str) -> list[str]:
        """Return what runs a command at this seat."""
        user = "0:0" if self.is_root else f"{STUDENT}:{STUDENT}"
        variables = {"HOME": self.home, "PATH": self.path, "LANG": "C.UTF-8", **self.extra}
        words = [f"{name}={value}" for name, value in variables.items()]
        chroot = ("chroot", f"--userspec={user}", str(self.root))
        return [*self.host.prefix, *chroot, "/usr/bin/env", "-i", *words, *command]

    def typed(self, mirror: str, *arguments: str) -> list[str]:
        """Return what runs the line from the projector: fetch the script, pipe it into a shell."""
        fetch = "curl -s" if self._has("curl") else "wget -qO-"
        words = " ".join((*self.shell, "-s", "--", *arguments))
        return self.argv("sh", "-c", f"cd && {fetch} http://{mirror} | {words}")

    def types(
        self, mirror: str, *arguments: str, seconds: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Type that line and wait for its end."""
        return self.run(*self.typed(mirror, *arguments), is_whole=True, seconds=seconds)

    def run(
        self, *command: str, is_whole: bool = False, seconds: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run a command at this seat to its end."""
        return subprocess.run(
            command if is_whole else self.argv(*command),
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            start_new_session=True,  # no terminal to ask
        )

    def tree(self) -> dict[str, str]:
        """Return every path of the root with its kind, mode, owner and content."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [name for name in folders if name not in OUTSIDE]
            for name in (*folders, *names):
                path = Path(folder, name)
                found[str(path.relative_to(self.root))] = _described(path)
        return found

    def _has(self, program: str) -> bool:
        return any(
            (self.root / part.lstrip("/") / program).exists() for part in self.path.split(":")
        )


def _described(path: Path) -> str:
    state = path.lstat()
    head = f"{state.st_mode:o} {state.st_uid}:{state.st_gid}"
    if stat.S_ISLNK(state.st_mode):
        return f"{head} {path.readlink()}"
    if not stat.S_ISREG(state.st_mode):
        return head
    return f"{head} {state.st_size} {state.st_mtime_ns}"


def busybox_tree(root: Path) -> Path:
    """Make a root of busybox and nothing else."""
    for folder in ("bin", "etc", "usr/bin", "sbin"):
        (root / folder).mkdir(parents=True)
    shutil.copy(_found("busybox"), root / "bin/busybox")
    output(("chroot", str(root), "/bin/busybox", "--install", "-s", "/bin"))
    (root / "usr/bin/env").symlink_to("/bin/busybox")
    return root


def with_student(root: Path, *programs: str) -> Path:
    """Give a root a user, and this machine's docker client and other programs."""
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\nstudent:x:{STUDENT}:{STUDENT}::/home/student:/bin/sh\n"
    )
    (root / "etc/group").write_text(f"root:x:0:\nstudent:x:{STUDENT}:\n")
    for home, owner in (("root", 0), ("home/student", STUDENT)):
        (root / home).mkdir(parents=True, exist_ok=True)
        os.chown(root / home, owner, owner)
    for program in map(_found, ("docker", *programs)):
        for file in (program, *_libraries(program)):
            there = root / file.lstrip("/")
            if not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, there)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    return root


@contextmanager
def mounted(root: Path, *folders: Path) -> Iterator[None]:
    """Give a root /dev and /proc, and folders of this machine under their own names."""
    places = [Path("/dev"), Path("/proc"), *folders]
    done: list[Path] = []
    try:
        for place in places:
            there = root / str(place).lstrip("/")
            there.mkdir(parents=True, exist_ok=True)
            output(("mount", "--bind", str(place), str(there)))
            done.append(there)
        yield
    finally:
        for there in reversed(done):
            output(("umount", "--lazy", str(there)))


def without(root: Path, program: str) -> str:
    """Make a folder for PATH with all programs of a root but one; return its path inside."""
    folder = root / f"opt/no-{program}"
    folder.mkdir(parents=True, exist_ok=True)
    for place in ("usr/bin", "usr/sbin", "usr/local/bin"):
        for file in sorted((root / place).iterdir()) if (root / place).is_dir() else ():
            link = folder / file.name
            if file.name != program and not link.is_symlink():
                link.symlink_to(f"/{place}/{file.name}")
    return f"/opt/no-{program}"


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise LabError(f"no {program} here")
    return path


def _libraries(program: str) -> list[str]:
    said = subprocess.run(("ldd", program), capture_output=True, text=True, check=False).stdout
    words = [word for line in said.splitlines() for word in line.split()]
    return [word for word in words if word.startswith("/") and Path(word).exists()]


def notes_of(seat: Seat, name: str = "minikube") -> list[str]:
    """Return what a stand-in noted of how it was called, a call a line."""
    file = seat.root / f"tmp/{name}.log"
    return [str(line) for line in file.read_text().splitlines()] if file.exists() else []


def as_json(value: object) -> str:
    """Write what YAML reads too."""
    return json.dumps(value, indent=1)
