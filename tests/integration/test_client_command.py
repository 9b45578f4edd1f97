"""`mirrorkit client` on a disk: written, written again, taken back, and what is in its way."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.errors import SurroundingsError
from mirrorkit.host.placing import Placing
from mirrorkit.host.root import Root
from tests.integration.command import Desk, Done, told
from tests.integration.lesson import made
from tests.lab.process import unmeasured, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS = "192.168.1.10:5080"
CLIENTS = ("docker", "containerd", "podman", "kubeadm")
DAEMON = "etc/docker/daemon.json"
CONFIG = "etc/containerd/config.toml"
FILES = {
    DAEMON: '{\n  "data-root": "/srv/docker"\n}\n',
    CONFIG: "version = 2 # Debian's\n",
    "etc/containerd/certs.d/docker.io/hosts.toml": 'server = "https://old.test"\n',
    "etc/containers/registries.conf": 'unqualified-search-registries = ["docker.io"]\n',
}
Tree = dict[str, tuple[object, ...]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A class with a registry of its own and a Kubernetes."""
    folder = tmp_path / "class"
    folder.mkdir()
    names = ("harbor.test/lab/app:1", "registry.k8s.io/kube-apiserver:v1.23.9")
    desk = Desk(folder)
    desk.prepare({name: made(name) for name in names}, "http://127.0.0.1:1")
    return desk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system that was configured before, with owners and modes of its own."""
    root = tmp_path / "root"
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (root / DAEMON).chmod(0o640)
    if os.geteuid() == 0:
        os.chown(root / DAEMON, 7, 8)
    return root


def tree(root: Path) -> Tree:
    """Return all there is below a folder: kind, mode, owner, and bytes or where a link leads."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        stat = path.lstat()
        what: object = path.readlink() if path.is_symlink() else None
        if path.is_file() and not path.is_symlink():
            what = path.read_bytes()
        found[str(path.relative_to(root))] = (stat.st_mode, stat.st_uid, stat.st_gid, what)
    return found


def client(desk: Desk, root: Path, name: str, *options: str) -> Done:
    return desk.run("client", name, "--address", ADDRESS, "--root", str(root), *options)


def document(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    return found


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_printed_is_what_is_written_once_and_taken_back_byte_for_byte(
    desk: Desk, root: Path, name: str
) -> None:
    before = tree(root)
    printed = document(client(desk, root, name, "--json"))
    assert tree(root) == before
    written = document(client(desk, root, name, "--write", "--json"))
    for file in printed["files"]:
        assert (root / file["path"].lstrip("/")).read_text() == file["text"]
    assert set(written["written"]) == {file["path"] for file in printed["files"]}
    for path, facts in before.items():
        assert tree(root)[path][:3] == facts[:3]  # mode and owner
    once = tree(root)
    again = client(desk, root, name, "--write")
    assert "nothing to write" in again.err
    assert "next: " not in again.err
    assert tree(root) == once
    undone = client(desk, root, name, "--undo")
    assert undone.status == 0
    assert tree(root) == before
    assert "nothing to undo" in client(desk, root, name, "--undo").err


def test_another_system_is_named_by_its_own_folder_and_nothing_here_is_reloaded(
    desk: Desk, root: Path
) -> None:
    written = client(desk, root, "docker", "--write")
    assert f"written   {root / DAEMON}" in written.err
    undone = client(desk, root, "docker", "--undo")
    assert f"restored  {root / DAEMON}" in undone.err
    assert "systemctl" not in written.err + undone.err
    (root / DAEMON).write_text("[")
    told(client(desk, root, "docker"), 3, f"below {root}: ", "correct it")


def test_a_registry_mirror_that_is_taken_out_is_named(desk: Desk, root: Path) -> None:
    (root / DAEMON).write_text('{"registry-mirrors": ["https://a.test"]}')
    strict = "removed https://a.test from registry-mirrors"
    said = client(desk, root, "docker", "--write").err
    assert strict in said
    assert "daemon.json.before-mirrorkit" in said
    client(desk, root, "docker", "--undo")
    assert strict not in client(desk, root, "docker", "--write", "--fallback").err


@pytest.mark.parametrize("name", CLIENTS)
def test_on_a_system_without_any_of_it_nothing_is_left(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    assert client(desk, root, name, "--write").status == 0
    assert tree(root)
    assert client(desk, root, name, "--undo").status == 0
    assert tree(root) == {}


def test_another_address_starts_from_what_was_there_first(desk: Desk, root: Path) -> None:
    before = tree(root)
    client(desk, root, "docker", "--write", "--fallback")
    desk.run(
        *("client", "docker", "--address", "10.0.0.9", "--root", str(root), "--write"),
    )
    found = json.loads((root / DAEMON).read_text())
    assert found["registry-mirrors"] == ["http://10.0.0.9:5080"]
    assert found["insecure-registries"] == ["10.0.0.9:5080"]
    kept = [path for path in tree(root) if "before-mirrorkit" in path]
    assert kept == [f"{DAEMON}.before-mirrorkit"]
    client(desk, root, "docker", "--undo")
    assert tree(root) == before


def test_containerd_and_kubeadm_share_their_files_and_either_takes_all_back(
    desk: Desk, root: Path
) -> None:
    before = tree(root)
    client(desk, root, "containerd", "--write")
    alone = tree(root)
    client(desk, root, "kubeadm", "--write")
    assert "sandbox_image" in (root / CONFIG).read_text()
    client(desk, root, "containerd", "--write")
    assert "sandbox_image" not in (root / CONFIG).read_text()
    assert {path for path in tree(root) if "kubeadm" in path} == set()
    assert tree(root).keys() == alone.keys()
    client(desk, root, "kubeadm", "--undo")
    assert tree(root) == before


def test_what_somebody_changed_since_is_not_replaced_without_force(desk: Desk, root: Path) -> None:
    client(desk, root, "docker", "--write")
    mine = (root / DAEMON).read_text().replace("/srv/docker", "/data")
    (root / DAEMON).write_text(mine)
    now = tree(root)
    for option in ("--write", "--undo"):
        done = client(desk, root, "docker", option)
        told(done, 6, f"/{DAEMON} was changed since mirrorkit wrote it", "--force")
        assert tree(root) == now
    assert client(desk, root, "docker", "--write", "--force").status == 0
    assert json.loads((root / DAEMON).read_text())["data-root"] == "/data"
    assert client(desk, root, "docker", "--undo", "--force").status == 0
    assert (root / DAEMON).read_text() == FILES[DAEMON]


def test_a_file_that_is_taken_away_meanwhile_is_told_too(desk: Desk, root: Path) -> None:
    client(desk, root, "docker", "--write")
    (root / DAEMON).unlink()
    told(client(desk, root, "docker", "--undo"), 6, "was changed since", "--force")
    assert client(desk, root, "docker", "--undo", "--force").status == 0
    assert (root / DAEMON).read_text() == FILES[DAEMON]


def test_a_link_inside_the_system_stays_a_link(desk: Desk, root: Path) -> None:
    (root / "srv").mkdir()
    (root / DAEMON).rename(root / "srv/daemon.json")
    (root / DAEMON).symlink_to("../../srv/daemon.json")
    before = tree(root)
    assert client(desk, root, "docker", "--write").status == 0
    assert (root / DAEMON).is_symlink()
    assert ADDRESS in (root / "srv/daemon.json").read_text()
    client(desk, root, "docker", "--undo")
    assert tree(root) == before


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_that_leads_out_of_the_system_is_refused(
    desk: Desk, root: Path, tmp_path: Path, *, is_folder: bool
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    place = (root / DAEMON).parent if is_folder else root / DAEMON
    target = outside if is_folder else outside / "daemon.json"
    if is_folder:
        (root / DAEMON).unlink()
        place.rmdir()
    else:
        place.unlink()
        target.write_text("{}")
    place.symlink_to(target)
    before = tree(tmp_path)
    for options in ((), ("--write",)):
        told(client(desk, root, "docker", *options), 6, "leads out of", "by hand")
    assert tree(tmp_path) == before


def test_what_is_no_file_is_refused_at_once(desk: Desk, root: Path) -> None:
    (root / DAEMON).unlink()
    os.mkfifo(root / DAEMON)
    told(client(desk, root, "docker", "--write"), 6, "is not a file", "move it away")


def test_a_kept_file_whose_record_is_gone_is_not_taken_for_another(desk: Desk, root: Path) -> None:
    client(desk, root, "docker", "--write")
    (root / "etc/mirrorkit/docker.json").unlink()
    now = tree(root)
    done = desk.run("client", "docker", "--address", "10.0.0.9", "--root", str(root), "--write")
    told(done, 6, "kept already", "before-mirrorkit back")
    assert tree(root) == now


def test_a_user_gets_the_one_command_that_writes_it(desk: Desk, root: Path, tmp_path: Path) -> None:
    for folder in (desk.folder, root, *root.parents[:4]):
        folder.chmod(0o755)
    drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534", "--clear-groups")
    words = ("client", "docker", "--address", ADDRESS, "--root", str(root), "--write", "--fallback")
    done = subprocess.run(
        (*(drop if os.geteuid() == 0 else ()), sys.executable, "-m", "mirrorkit", *words),
        cwd=desk.folder,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = Done(done.returncode, done.stdout, done.stderr)
    told(said, 6, "may not be written by this user", "sudo")
    (command,) = said.lines("hint")
    sudo, *rest = shlex.split(command)
    assert sudo == "sudo"
    before = tree(root)
    subprocess.run(rest, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    found = json.loads((root / DAEMON).read_text())
    assert found["registry-mirrors"] == [f"http://{ADDRESS}"]
    assert tree(root) != before


@pytest.mark.parametrize(
    "options, status, error, hint",
    [
        (("--write", "--undo"), 2, "not both", "--undo"),
        (("--address", "http://x/"), 2, "--address: ", "without http://"),
        (("--lock", "none.yaml"), 3, "no lock none.yaml", "mirrorkit lock"),
    ],
)
def test_what_cannot_be_is_said(  # noqa: PLR0913, PLR0917 - a case has these
    desk: Desk, root: Path, options: tuple[str, ...], status: int, error: str, hint: str
) -> None:
    told(client(desk, root, "docker", *options), status, error, hint)


def test_a_broken_file_is_named_and_left_alone(desk: Desk, root: Path) -> None:
    (root / DAEMON).write_text('{"a": 1')
    (root / CONFIG).write_bytes(b"\xff\xfe")
    before = tree(root)
    told(client(desk, root, "docker", "--write"), 3, "daemon.json is not edited", "correct it")
    told(client(desk, root, "containerd", "--write"), 3, "is not UTF-8", "correct it")
    assert tree(root) == before


def test_without_an_address_it_is_the_one_that_students_are_told(desk: Desk, root: Path) -> None:
    advertised = {"MIRRORKIT_ADVERTISE": "teacher.test", "MIRRORKIT_LISTEN": ":5090"}
    done = desk.run("client", "podman", "--root", str(root), "--json", env=advertised)
    assert document(done)["address"] == "teacher.test:5090"
    assert "harbor.test" in document(done)["registries"]


@pytest.mark.parametrize("step", ["write", "undo"])
def test_a_kill_at_any_moment_leaves_what_can_be_taken_back(root: Path, step: str) -> None:
    before = tree(root)
    files = {f"/{DAEMON}": b"{}\n", f"/{CONFIG}": b"version = 2\n", "/etc/new/file": b"new\n"}
    calls = 0
    while True:
        calls += 1
        if step == "undo":
            Placing(Root(root), "test").write(files)
        child = os.fork()
        if child == 0:
            kill_at(calls)
            placing = Placing(Root(root), "test")
            _ = placing.undo() if step == "undo" else placing.write(files)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        Placing(Root(root), "test").undo()
        assert tree(root) == before, calls
        if not os.WIFSIGNALED(status):
            break
    assert calls > 10


def kill_at(count: int) -> None:
    """End this process at its nth change of the disk, before that is made."""

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal count
        if event in ("os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir"):
            count -= 1
            if count == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_one_that_writes_waits_for_another_and_goes_on_from_what_that_one_wrote(
    desk: Desk, root: Path
) -> None:
    before = tree(root)
    with called(desk, root, "10.1.1.1:5080", STOPS_WITHIN) as first:
        wait_until(lambda: state(first) == "T", 30, "the first amid its writing")
        amid = tree(root)
        with called(desk, root, "10.2.2.2:5080", "") as second:
            at_the_lock = lambda: str(root) in opened(second)  # noqa: E731
            wait_until(at_the_lock, 30, "the second at the lock")
            assert tree(root) == amid
            first.send_signal(signal.SIGCONT)
            assert [first.wait(30), second.wait(30)] == [0, 0]
    daemon = json.loads((root / DAEMON).read_text())
    assert daemon["registry-mirrors"] == ["http://10.2.2.2:5080"]
    assert client(desk, root, "docker", "--undo").status == 0
    assert tree(root) == before


STOPS_WITHIN = """
import os, signal, sys
def hook(event, arguments, stopped=[]):
    if event == "os.rename" and not stopped:
        stopped.append(event)
        os.kill(os.getpid(), signal.SIGSTOP)
sys.addaudithook(hook)
"""
"""Python that lets a program stop itself right before its first file is in its place."""


@contextmanager
def called(desk: Desk, root: Path, address: str, first: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `client docker --write` in a process that runs some Python first."""
    words = ("client", "docker", "--address", address, "--root", str(root), "--write")
    code = f"{first}\nfrom mirrorkit.cli.main import main\nmain()"
    process = subprocess.Popen(
        (sys.executable, "-c", code, *words),
        cwd=desk.folder,
        env=unmeasured(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def state(process: subprocess.Popen[bytes]) -> str:
    """Return a process's state as the system tells it (proc(5)): T is stopped."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def opened(process: subprocess.Popen[bytes]) -> set[str]:
    """Return what a process has open; nothing once it has ended."""
    found = set()
    with suppress(OSError):
        for one in Path(f"/proc/{process.pid}/fd").iterdir():
            found.add(str(one.readlink()))
    return found


def test_another_that_never_ends_is_told_and_nothing_is_written(root: Path) -> None:
    before = tree(root)
    told_of = pytest.raises(SurroundingsError, match="another mirrorkit is writing")
    with Root(root).locked(), told_of, Root(root).locked(seconds=0):
        raise AssertionError("both have the lock")
    assert tree(root) == before


def test_a_full_disk_is_said_and_what_was_written_can_be_taken_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)
    monkeypatch.setattr(os, "fsync", refuse)
    files: Mapping[str, bytes] = {f"/{DAEMON}": b"{}\n"}
    with pytest.raises(SurroundingsError, match="No space left"):
        Placing(Root(root), "test").write(files)
    monkeypatch.undo()
    Placing(Root(root), "test").undo()
    assert tree(root) == before


def refuse(_: int) -> None:
    raise OSError(28, "No space left on device")
