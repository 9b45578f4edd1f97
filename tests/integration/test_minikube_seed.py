"""`mirrorkit minikube seed`: a `.minikube` that needs no network, in each release's layout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any, cast

import pytest

from mirrorkit.classroom.minikube.place import Placement, partial_of
from mirrorkit.events import BytesArrived
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.tarball import StoredBlob
from mirrorkit.store.disk import DiskStore
from tests.lab.cluster import PROGRAM, Cluster, cluster, preload_of
from tests.lab.process import environment

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.events import Listener

COURSE = ("v1.25.2", "v1.23.3")
PRELOAD = preload_of(COURSE)
FOREIGN = PRELOAD.replace("v17", "v18")
BYTES = b"a preload " * 60_000
PROGRAMS = ("kubeadm", "kubectl", "kubelet")


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def seed(made: Cluster, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return made.run("seed", "--target", str(home), *options)


def test_a_home_gets_kicbase_programs_and_preload(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    home = tmp_path / "home"
    done = seed(made, home)
    assert done.returncode == 0, done.stderr
    found = tree(home / ".minikube")
    assert set(found) == {
        "cache/kic/amd64/kicbase_v0.0.30.tar",
        f"cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}",
        *(f"cache/linux/amd64/v1.23.3/{name}" for name in PROGRAMS),
    }
    for name in PROGRAMS:
        path = home / f".minikube/cache/linux/amd64/v1.23.3/{name}"
        assert os.access(path, os.X_OK)
        assert path.read_bytes() == made.files[f"k8s-release/v1.23.3/bin/linux/amd64/{name}"]
    assert found[f"cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}"] == BYTES
    assert done.stderr.splitlines()[-1].endswith(", 0 already there")


def test_kicbase_is_a_docker_archive_with_just_its_tag(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    assert seed(made, tmp_path / "home").returncode == 0
    path = tmp_path / "home/.minikube/cache/kic/amd64/kicbase_v0.0.30.tar"
    with tarfile.open(path) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        [entry] = json.load(member)
    assert entry["RepoTags"] == [made.kicbase]


def test_the_layout_is_the_release_s(tmp_path: Path) -> None:
    made = cluster(tmp_path, "v1.25.1", "v1.23.1")
    home = tmp_path / "home"
    done = seed(made, home)
    assert done.returncode == 0, done.stderr
    found = set(tree(home / ".minikube"))
    assert {f"cache/linux/v1.23.1/{name}" for name in PROGRAMS} <= found
    assert f"cache/kic/kicbase_{made.kicbase.rpartition(':')[2]}.tar" in found
    assert "cache/images/k8s.gcr.io/kube-proxy_v1.23.1" in found
    assert not any("amd64" in path for path in found)


def test_without_a_preload_its_images_are_placed_one_by_one(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    home = tmp_path / "home"
    done = seed(made, home, "--json")
    assert done.returncode == 0, done.stdout
    images = home / ".minikube/cache/images/amd64"
    names = {str(path.relative_to(images)) for path in images.rglob("*") if path.is_file()}
    assert {
        "k8s.gcr.io/kube-apiserver_v1.23.3",
        "k8s.gcr.io/pause_3.6",
        "k8s.gcr.io/coredns/coredns_v1.8.6",
        "gcr.io/k8s-minikube/storage-provisioner_v5",
    } <= names
    with tarfile.open(images / "k8s.gcr.io/pause_3.6") as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        assert json.load(member)[0]["RepoTags"] == ["k8s.gcr.io/pause:3.6"]
    assert report(done)["notes"] == [
        "the lock has no preload: the cluster's images are placed one by one"
    ]


def test_a_storage_driver_without_preloads_gets_images_instead(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    home = tmp_path / "home"
    assert seed(made, home, "--storage-driver", "overlayfs").returncode == 0
    found = tree(home / ".minikube")
    assert not any("preloaded" in path for path in found)
    assert "cache/images/amd64/k8s.gcr.io/etcd_3.5.1-0" in found


def test_a_preload_of_another_kind_is_never_placed(tmp_path: Path) -> None:
    containerd = preload_of(COURSE, "containerd")
    made = cluster(tmp_path, more={FOREIGN: BYTES, containerd: BYTES + b"!"})
    home = tmp_path / "home"
    assert seed(made, home).returncode == 0
    assert not any("preloaded" in path for path in tree(home / ".minikube"))


def test_twice_changes_nothing(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    home = tmp_path / "home"
    first = report(seed(made, home, "--json"))
    before = {path: path.stat() for path in home.rglob("*")}
    again = seed(made, home, "--json")
    assert again.returncode == 0
    second = report(again)
    assert (second["placed"], len(second["already"])) == ([], len(first["placed"]))
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == {
        path: stat.st_mtime_ns for path, stat in before.items()
    }


def test_other_bytes_and_lost_rights_are_made_right(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    home = tmp_path / "home"
    seed(made, home)
    right = tree(home)
    programs = home / ".minikube/cache/linux/amd64/v1.23.3"
    data = (programs / "kubelet").read_bytes()
    (programs / "kubelet").write_bytes(b"X" + data[1:])
    (programs / "kubeadm").chmod(0o644)
    done = report(seed(made, home, "--json"))
    assert [one["path"] for one in done["placed"]] == ["cache/linux/amd64/v1.23.3/kubelet"]
    assert tree(home) == right
    assert os.access(programs / "kubeadm", os.X_OK)


def test_nothing_is_linked_into_the_store(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    seed(made, tmp_path / "home")
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_symlink()
        assert path.is_dir() or path.stat().st_nlink == 1


def test_an_interrupted_copy_is_gone_on_with(tmp_path: Path) -> None:
    cluster(tmp_path, more={PRELOAD: BYTES})
    store, heard = DiskStore(tmp_path / "store"), list[BytesArrived]()
    path = tmp_path / "preload.tar.lz4"
    partial_of(path).write_bytes(BYTES[:400_000])
    hear = cast("Listener", heard.append)
    Placement(store, hear, "it").place(path, [StoredBlob(Digest.of(BYTES), len(BYTES))], 0o644)
    assert path.read_bytes() == BYTES
    assert not partial_of(path).exists()
    copied = [event.count for event in heard if not event.is_resumed]
    assert sum(copied) == len(BYTES) - 400_000


@pytest.mark.parametrize("left", [b"wrong " * 50_000, BYTES + b"too long"])
def test_what_an_interrupted_copy_left_wrong_is_written_anew(tmp_path: Path, left: bytes) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    home = tmp_path / "home"
    folder = home / ".minikube/cache/preloaded-tarball"
    folder.mkdir(parents=True)
    name = PRELOAD.rpartition("/")[2]
    (folder / f".{name}.mirrorkit").write_bytes(left)
    assert seed(made, home).returncode == 0
    assert (folder / name).read_bytes() == BYTES


def test_ctrl_c_leaves_no_half_file(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: bytes(256 << 20)})
    home = tmp_path / "home"
    documents = ("--store", str(tmp_path / "store"), "--lock", str(made.lock))
    with subprocess.Popen(
        (*PROGRAM, "minikube", "seed", *documents, "--target", str(home), "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "interrupted\n"), out
    preload = home / f".minikube/cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}"
    assert not preload.exists()
    assert seed(made, home).returncode == 0
    assert preload.stat().st_size == 256 << 20


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_docker_leaves_in_a_preload_s_place_is_removed(
    tmp_path: Path, *, is_folder: bool
) -> None:
    made = cluster(tmp_path)
    trap = tmp_path / f"home/.minikube/cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}"
    trap.parent.mkdir(parents=True)
    if is_folder:
        trap.mkdir()
    else:
        trap.touch()
    done = seed(made, tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert not trap.exists()
    assert f"removed   cache/preloaded-tarball/{trap.name}" in done.stderr


def test_a_folder_that_cannot_be_removed_is_named_with_the_command(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    trap = tmp_path / f"home/.minikube/cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}"
    (trap / "something").mkdir(parents=True)
    done = seed(made, tmp_path / "home")
    assert done.returncode == 6
    assert f"error: {trap} is a folder where minikube looks for a file" in done.stderr
    assert f"hint: `sudo rm -r {trap}`" in done.stderr


def test_what_is_missing_is_said_and_the_rest_is_placed(tmp_path: Path) -> None:
    made = cluster(tmp_path, without="kubelet")
    blob = next(iter(made.images[made.kicbase].all_blobs()))
    (tmp_path / "store/blobs" / blob.replace(":", "/")).unlink()
    done = seed(made, tmp_path / "home", "--json")
    assert done.returncode == 1
    missing = {one["what"]: one for one in report(done)["missing"]}
    lacking = "k8s-release/v1.23.3/bin/linux/amd64/kubelet is not in the lock"
    assert set(missing) == {lacking, "cache/kic/amd64/kicbase_v0.0.30.tar"}
    assert "mirrorkit sync" in missing["cache/kic/amd64/kicbase_v0.0.30.tar"]["hint"]
    assert "cache/linux/amd64/v1.23.3/kubeadm" in tree(tmp_path / "home/.minikube")


def test_of_a_store_with_nothing_each_is_said_once_and_the_hint_once(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    shutil.rmtree(tmp_path / "store/blobs")
    done = seed(made, tmp_path / "home")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for name in PROGRAMS:
        assert len([line for line in lines if f"/{name}" in line]) == 1, done.stderr
    assert len([line for line in lines if line.startswith("hint: ")]) == 1, done.stderr


def test_a_start_at_another_machines_mirror_without_a_store_is_refused_first(
    tmp_path: Path,
) -> None:
    made = cluster(tmp_path)
    shutil.rmtree(tmp_path / "store")
    program = tmp_path / "bin/minikube"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {made.minikube}\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    words = ("start", "--address", "nowhere.invalid:5080", "--mode", "seed")
    done = made.run(*words, PATH=path, HOME=str(tmp_path))
    assert done.returncode == 6, done.stderr
    first, second = done.stderr.splitlines()
    assert "this machine's own store and lock" in first
    assert "`curl nowhere.invalid:5080 | sh -s -- start`" in second


def test_a_blob_with_other_bytes_is_never_placed(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    [blob] = [
        path
        for path in (tmp_path / "store/blobs/sha256").iterdir()
        if path.stat().st_size == len(BYTES)
    ]
    blob.chmod(0o644)
    blob.write_bytes(b"X" * len(BYTES))
    done = seed(made, tmp_path / "home")
    assert done.returncode == 5
    assert "mirrorkit verify --repair" in done.stderr
    assert f"cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}" not in tree(tmp_path / "home")


@pytest.mark.parametrize("driver", ["kvm2", "qemu2"])
def test_a_virtual_machine_gets_its_iso_and_no_kicbase(tmp_path: Path, driver: str) -> None:
    iso = "minikube/iso/minikube-v1.25.2.iso"
    made = cluster(tmp_path, more={iso: b"iso" * 1000})
    done = seed(made, tmp_path / "home", "--driver", driver)
    assert done.returncode == 0, done.stderr
    found = tree(tmp_path / "home/.minikube")
    assert found["cache/iso/amd64/minikube-v1.25.2.iso"] == b"iso" * 1000
    assert not any("kic" in path.split("/") for path in found)


def test_a_machine_without_an_iso_in_the_lock_is_said_to_lack_it(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    done = seed(made, tmp_path / "home", "--driver", "kvm2")
    assert done.returncode == 1
    assert "error: minikube/iso/minikube-v1.25.2.iso is not in the lock" in done.stderr


def test_the_driver_none_needs_programs_alone(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    assert seed(made, tmp_path / "home", "--driver", "none").returncode == 0
    folders = {path.split("/")[1] for path in tree(tmp_path / "home/.minikube")}
    assert folders == {"linux"}


def test_minikube_home_is_filled_where_it_is_set(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    done = made.run("seed", "--no-load", MINIKUBE_HOME=str(tmp_path / "elsewhere"))
    assert done.returncode == 0, done.stderr
    assert "cache/kic/amd64/kicbase_v0.0.30.tar" in tree(tmp_path / "elsewhere/.minikube")


def test_the_installed_minikube_decides_which_release_is_meant(tmp_path: Path) -> None:
    made = cluster(tmp_path, "v1.25.1", "v1.23.1")
    program = tmp_path / "bin/minikube"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho v1.25.2\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    done = made.run("seed", "--no-load", MINIKUBE_HOME=str(tmp_path / "h"), PATH=path)
    assert done.returncode == 1  # kicbase of v1.25.2 is not in this lock
    assert "gcr.io/k8s-minikube/kicbase:v0.0.30 is not in the lock" in done.stderr
    assert "cache/linux/amd64/v1.23.1/kubelet" in tree(tmp_path / "h/.minikube")


def test_root_fills_a_student_s_home_for_the_student(tmp_path: Path) -> None:
    made = cluster(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1234, 1234)
    assert seed(made, home).returncode == 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in home.rglob("*")} == {(1234, 1234)}


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: BYTES})
    small = tmp_path / "small"
    small.mkdir()
    script = f'mount -t tmpfs -o size=1m tmpfs {small} && "$@"; status=$?; ls -A {small}'
    documents = ("--store", str(tmp_path / "store"), "--lock", str(made.lock))
    line = (*PROGRAM, "minikube", "seed", *documents, "--target", str(small))
    done = subprocess.run(
        ("unshare", "-m", "sh", "-c", f"{script}; exit $status", "sh", *line),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 6
    assert f"error: {small}/.minikube needs " in done.stderr
    assert done.stdout == ""
    assert shutil.disk_usage(small).total > 1 << 20  # the mount was its own


def test_two_seeds_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    made = cluster(tmp_path, more={PRELOAD: bytes(128 << 20)})
    home = tmp_path / "home"
    documents = ("--store", str(tmp_path / "store"), "--lock", str(made.lock))
    line = (*PROGRAM, "minikube", "seed", *documents, "--target", str(home))
    both = [
        subprocess.Popen(line, stderr=subprocess.PIPE, env=environment(), text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=100)[1], process.returncode) for process in both]
    assert {status for _, status in ends} <= {0, 6}, ends
    assert 0 in {status for _, status in ends}
    preload = home / f".minikube/cache/preloaded-tarball/{PRELOAD.rpartition('/')[2]}"
    assert preload.read_bytes() == bytes(128 << 20)
