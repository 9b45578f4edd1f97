"""`mirrorkit doctor` on this very machine, against a mirror that serves a class."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from aiohttp import ClientSession, web

from mirrorkit.catalog.releases import release
from mirrorkit.classroom.minikube.asked import asked
from mirrorkit.classroom.minikube.start import Mirror, Start
from mirrorkit.classroom.words import translations
from mirrorkit.server.app import make_app
from mirrorkit.server.room import Room
from tests.integration.filled import fill, lock_of, put
from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpServer

    from tests.integration.command import Desk, Done
    from tests.integration.conftest import Serve
    from tests.lab.images import Made

START = Start(release("v1.34.0"), "v1.31.0")
MINIKUBE = "minikube/v1.34.0/minikube-linux-amd64"
KUBELET = "k8s-release/v1.31.0/bin/linux/amd64/kubelet"
PAUSE = "registry.k8s.io/pause:3.10"


def _asked() -> list[tuple[str, str]]:
    return [(one.path, one.name) for one in asked(START, Mirror.at("10.0.0.1:5080"))]


@pytest.fixture(scope="module")
def images() -> dict[str, Made]:
    """Everything that the start asks, made up."""
    kicbase = START.release.kicbase
    names = {f"{kicbase.name}:{kicbase.tag}", *(name for _, name in _asked() if ":" in name)}
    return {name: image([random_layer(name, 600)], label=name) for name in sorted(names)}


def files() -> dict[str, bytes]:
    paths = {path.removeprefix("/") for path, _ in _asked()}
    found = {path for path in paths if path.startswith("k8s-release/")}
    return {path: path.encode() for path in (*sorted(found), MINIKUBE) if ".sha256" not in path}


@dataclass(frozen=True)
class Ward:
    """A mirror, and a machine that is looked at."""

    desk: Desk
    address: str

    async def doctor(self, *arguments: str, **environment: str) -> Done:
        words = ("doctor", "--mirror", self.address, *arguments)
        home = {"HOME": str(self.desk.folder), "LANG": "C", "LC_ALL": "", **environment}
        return await asyncio.to_thread(lambda: self.desk.run(*words, env=home))

    async def findings(
        self, *arguments: str, **environment: str
    ) -> dict[str, list[dict[str, str]]]:
        """Return the findings by code."""
        done = await self.doctor("--json", *arguments, **environment)
        document = json.loads(done.out)
        found: dict[str, list[dict[str, str]]] = {}
        for one in document["findings"]:
            found.setdefault(one["code"], []).append(one)
        assert done.status == (0 if document["ok"] else 1)
        assert document["ok"] == all(one["state"] != "fail" for one in document["findings"])
        return found

    async def finding(self, code: str, *arguments: str, **environment: str) -> dict[str, str]:
        """Return the one finding of a code."""
        (found,) = (await self.findings(*arguments, **environment))[code]
        return found

    def program(self, name: str, printed: str) -> str:
        """Play a machine that has a program of another version; return PATH with it."""
        folder = self.desk.folder / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{printed}'\n")
        path.chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    def profile(self, **changed: object) -> Path:
        """Write what minikube keeps of a profile that was started at this mirror."""
        kubernetes = {
            "KubernetesVersion": "v1.31.0",
            "ContainerRuntime": "docker",
            "ImageRepository": f"{self.address}/k8s",
        }
        config = {
            "Name": "minikube",
            "Memory": 2200,
            "Driver": "docker",
            "InsecureRegistry": [self.address],
            "RegistryMirror": [f"http://{self.address}"],
            "KubernetesConfig": {**kubernetes, **changed},
        }
        path = self.desk.folder / ".minikube/profiles/minikube/config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**config, **changed}))
        return path


class Opened(Protocol):
    """Makes a ward whose mirror has these images and files, and locks perhaps more."""

    async def __call__(
        self, held: Mapping[str, Made], named: Mapping[str, bytes], locked: Mapping[str, Made]
    ) -> Ward: ...


@pytest.fixture
def opened(tmp_path: Path, serve: Serve, desk: Desk) -> Opened:
    async def open_ward(
        held: Mapping[str, Made], named: Mapping[str, bytes], locked: Mapping[str, Made]
    ) -> Ward:
        store = await fill(tmp_path / "held", held)
        for data in named.values():
            await put(store, data)
        client: TestClient[Any, Any] = await serve(store, lock_of(locked, files=named))
        return Ward(desk, f"127.0.0.1:{client.port}")

    return open_ward


@pytest.fixture
async def ward(opened: Opened, images: dict[str, Made]) -> Ward:
    """A machine beside a mirror that holds everything."""
    return await opened(images, files(), images)


async def test_it_knows_the_class_by_its_mirror_and_every_name_is_answered(ward: Ward) -> None:
    found = await ward.findings()
    assert (
        "minikube v1.34.0, Kubernetes v1.31.0, driver docker, runtime docker"
        in found["START"][0]["sentence"]
    )
    for code in ("START", "MIRROR", "CLASS", "NAMES", "PROFILE"):
        assert [one["state"] for one in found[code]] == ["ok"], found[code]
    number = len(dict(_asked()))
    assert f"all {number} names" in found["NAMES"][0]["sentence"]


async def test_what_the_class_lacks_is_named_with_the_teachers_command(
    opened: Opened, images: dict[str, Made]
) -> None:
    here = {name: made for name, made in images.items() if name != PAUSE}
    named = {path: data for path, data in files().items() if path != KUBELET}
    ward = await opened(here, named, here)
    found = await ward.findings()
    assert found["CLASS"][0]["state"] == "ok"
    told = {one["command"]: one["sentence"] for one in found["NAMES"]}
    assert set(told) == {f"mirrorkit add {PAUSE}", "mirrorkit lock && mirrorkit sync"}
    assert "404" in told[f"mirrorkit add {PAUSE}"]
    assert "kubelet" in told["mirrorkit lock && mirrorkit sync"]
    async with ClientSession() as session:
        answer = await session.get(f"http://{ward.address}/api/v1/misses")
        assert (await answer.json())["names"] == []  # no student asked


async def test_what_is_still_on_its_way_is_told_apart(
    opened: Opened, images: dict[str, Made]
) -> None:
    here = {name: made for name, made in images.items() if name != PAUSE}
    ward = await opened(here, files(), images)
    found = await ward.findings()
    assert found["CLASS"][0]["state"] == "fail"
    assert PAUSE in found["CLASS"][0]["sentence"]
    assert [one["command"] for one in found["NAMES"]] == ["mirrorkit sync"]


async def test_beside_an_up_what_is_on_its_way_wants_no_command_and_few_are_named(
    tmp_path: Path, desk: Desk, images: dict[str, Made], aiohttp_server: AiohttpServer
) -> None:
    lock = lock_of(images, files=files())
    room = Room(await fill(tmp_path / "none", {}), lambda: {"images.lock.yaml": lock})
    room.fetches = True
    server = await aiohttp_server(make_app(room))
    found = await Ward(desk, f"127.0.0.1:{server.port}").findings()
    for code in ("CLASS", "NAMES"):
        (one,) = found[code]
        assert one["command"] == ""
        assert one["sentence"].endswith("leave `mirrorkit up` running: it fetches by itself")
        assert re.search(r" and \d+ more; ", one["sentence"])
        assert len(one["sentence"]) < 400


async def test_a_silent_mirror_is_said_once(desk: Desk) -> None:
    ward = Ward(desk, f"127.0.0.1:{free_port()}")
    found = await ward.findings()
    assert found["MIRROR"][0]["state"] == "fail"
    assert not found["MIRROR"][0]["command"]
    told = f"{ward.address} does not answer: no program listens there; look at that address"
    assert told in found["MIRROR"][0]["sentence"]
    assert "NAMES" not in found
    assert "CLASS" not in found


async def test_what_the_mirror_says_stands_first_for_other_cures_need_it(desk: Desk) -> None:
    ward = Ward(desk, f"127.0.0.1:{free_port()}")
    lay_lock(ward)
    done = await ward.doctor()
    told = [line.split()[1] for line in done.out.splitlines()]
    assert told.index("MIRROR") < min(told.index(code) for code in ("MINIKUBE", "START"))
    assert all(len(line) < 500 for line in done.out.splitlines())


async def test_another_program_there_is_no_mirror(
    desk: Desk, aiohttp_server: AiohttpServer
) -> None:
    app = web.Application()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>" + "It works! " * 10)

    app.router.add_get("/health", page)
    server = await aiohttp_server(app)
    found = await Ward(desk, f"127.0.0.1:{server.port}").finding("MIRROR")
    assert found["state"] == "fail"
    assert "another program" in found["sentence"]


async def test_a_start_that_is_known_to_fail_is_said_with_what_works(ward: Ward) -> None:
    found = await ward.finding("START", "--addons", "gvisor")
    assert found["state"] == "fail"
    assert "gvisor" in found["sentence"]
    assert "start without it" in found["sentence"]
    assert found["command"] == ""  # advice is nothing to type


async def test_a_release_that_nobody_lists_is_a_mistake_of_the_command(ward: Ward) -> None:
    done = await ward.doctor("--minikube", "v9.9.9")
    assert done.status == 2
    assert "v9.9.9" in done.lines("error")[0]


async def test_a_newer_minikube_than_the_classes_wants_another_kicbase(ward: Ward) -> None:
    path = ward.program("minikube", "minikube version: v1.36.0")
    found = await ward.finding("MINIKUBE", PATH=path)
    assert found["state"] == "fail"
    assert "v1.36.0" in found["sentence"]
    assert found["command"] == f"curl {ward.address} | sh"


async def test_the_classes_own_minikube_is_right(ward: Ward) -> None:
    path = ward.program("minikube", "minikube version: v1.34.0")
    assert (await ward.finding("MINIKUBE", PATH=path))["state"] == "ok"


async def test_a_minikube_that_says_nothing_in_time_or_too_much_ends_nothing(ward: Ward) -> None:
    path = ward.program("minikube", "")
    (ward.desk.folder / "bin/minikube").write_text("#!/bin/sh\nexec cat /dev/zero\n")
    assert (await ward.finding("MINIKUBE", PATH=path))["state"] == "warn"


async def test_the_local_kubectl_that_shadows_the_alias_is_named_with_its_path(ward: Ward) -> None:
    path = ward.program("kubectl", '{"clientVersion": {"gitVersion": "v1.23.3"}}')
    found = await ward.finding("KUBECTL", PATH=path)
    assert found["state"] == "warn"
    assert (
        f"{ward.desk.folder}/bin/kubectl, v1.23.3, too far from the cluster's" in found["sentence"]
    )


async def test_driver_none_needs_cri_dockerd_from_kubernetes_v1_24_on(ward: Ward) -> None:
    found = (await ward.findings("--driver", "none"))["NONE"]
    assert any("cri-dockerd" in one["sentence"] for one in found)
    assert {one["state"] for one in found} == {"fail"}


async def test_a_profile_of_this_mirror_fits(ward: Ward) -> None:
    ward.profile()
    found = await ward.finding("PROFILE")
    assert (found["state"], found["command"]) == ("ok", "")


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"ImageRepository": ""}, "without the mirror"),
        ({"ImageRepository": "registry.cn-hangzhou.aliyuncs.com/google_containers"}, "aliyuncs"),
        ({"RegistryMirror": None}, "what `docker pull` gets here a pod does not"),
        ({"InsecureRegistry": None}, "by plain HTTP"),
        ({"Driver": "virtualbox"}, "virtualbox"),
        ({"KubernetesVersion": "v1.33.0"}, "newer"),
    ],
)
async def test_an_old_profile_keeps_old_settings_and_the_cure_is_a_new_one_beside_it(
    ward: Ward, changed: dict[str, object], told: str
) -> None:
    ward.profile(**changed)
    found = await ward.finding("PROFILE")
    assert (found["state"], found["command"]) == (
        "fail",
        "mirrorkit minikube start -- -p mirrorkit",
    )
    assert told in found["sentence"]


async def test_a_profile_with_last_rooms_address_is_told_for_nobody_answers_there(
    ward: Ward,
) -> None:
    ward.profile(ImageRepository=f"127.0.0.1:{free_port()}/k8s")
    assert "where no mirror answers" in (await ward.finding("PROFILE"))["sentence"]


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"null", b"[]", b"{" * 9, b"[" * 200_000, b'{"Driver": 5}', b"\xff\xfe"),
        *(b" " * (2 << 20), b'{"KubernetesConfig": {"ImageRepository": ["x"]}}'),
    ],
)
async def test_a_profile_that_makes_no_sense_says_so_and_ends_nothing(
    ward: Ward, text: bytes
) -> None:
    ward.profile().write_bytes(text)
    assert "cannot be read" in (await ward.finding("PROFILE"))["sentence"]


async def test_a_profile_in_another_minikube_home_is_found(ward: Ward, tmp_path: Path) -> None:
    path = ward.profile(Driver="kvm2")
    home = tmp_path / "home"
    home.mkdir()
    path.parents[2].rename(home / ".minikube")
    for given in (home, home / ".minikube"):
        found = await ward.finding("PROFILE", MINIKUBE_HOME=str(given))
        assert "kvm2" in found["sentence"]
    assert (await ward.finding("PROFILE"))["state"] == "ok"


def bash(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("bash", *arguments), check=False, capture_output=True, text=True)


async def test_the_blank_in_source_is_found_and_its_cure_makes_a_file_that_bash_takes(
    ward: Ward,
) -> None:
    startup = ward.desk.folder / ".bashrc"
    startup.write_text("# source < (x)\nalias k=kubectl\nsource < (echo 'ANSWER=42')\n")
    assert bash("-n", str(startup)).returncode
    found = await ward.finding("BLANK")
    assert "~/.bashrc line 3" in found["sentence"]
    bash("-c", f"HOME={ward.desk.folder}; {found['command']}")
    assert bash("-c", f". {startup}; echo $ANSWER").stdout == "42\n"
    assert "BLANK" not in await ward.findings()


async def test_where_the_class_lies_its_lock_says_what_is_planted_in_vain_and_who_reaches_it(
    ward: Ward, images: dict[str, Made]
) -> None:
    lock = "version: 1\nimages:\n" + "".join(
        f"- {{name: {name}, digest: {made.digest}, needed_by: [{need}]}}\n"
        for name, made, need in (
            ("registry.k8s.io/kube-apiserver:v1.31.0", images[PAUSE], "kubernetes v1.31.0"),
            ("gcr.io/k8s-minikube/kicbase:v0.0.45", images[PAUSE], "minikube v1.34.0"),
            ("quay.io/school/app:latest", images[PAUSE], "pods"),
            ("quay.io/school/app:1", images[PAUSE], "pods"),
        )
    )
    (ward.desk.folder / "images.lock.yaml").write_text(lock)
    found = await ward.findings()
    assert [one["state"] for one in found["PLANT"]] == ["warn", "ok"]
    assert "quay.io/school/app:latest" in found["PLANT"][0]["sentence"]
    assert found["ADDRESS"][0]["state"] in ("ok", "fail")


def lay_lock(ward: Ward) -> None:
    """Make it the teacher's own machine."""
    image = "name: gcr.io/k8s-minikube/kicbase:v0.0.45, needed_by: [minikube v1.34.0]"
    lock = f"version: 1\nimages:\n- {{{image}, digest: sha256:{'0' * 64}}}\n"
    (ward.desk.folder / "images.lock.yaml").write_text(lock)


async def test_beside_a_lock_it_looks_at_the_installed_release_as_start_does(ward: Ward) -> None:
    lay_lock(ward)
    path = ward.program("minikube", "minikube version: v1.32.0")
    found = await ward.findings(PATH=path)
    assert "looked at for minikube v1.32.0, " in found["START"][0]["sentence"]
    assert found["MINIKUBE"][0]["state"] == "fail"
    assert "the class's is v1.34.0" in found["MINIKUBE"][0]["sentence"]
    flags = ward.desk.run("minikube", "flags", env={"PATH": path, "LANG": "C"})
    assert "v1.32.0" in flags.out


async def test_the_own_mirror_that_is_silent_is_brought_up_in_chinese_too(desk: Desk) -> None:
    ward = Ward(desk, f"127.0.0.1:{free_port()}")
    lay_lock(ward)
    found = await ward.finding("MIRROR", LANG="zh_CN.UTF-8")
    assert found["command"] == "mirrorkit up"
    assert translations()["no program listens there"] in found["sentence"]


async def test_of_another_machines_mirror_this_ones_address_is_not_judged(ward: Ward) -> None:
    lay_lock(ward)
    other = Ward(ward.desk, f"nowhere.invalid:{free_port()}")
    found = await other.findings()
    assert "ADDRESS" not in found
    assert "the name leads nowhere" in found["MIRROR"][0]["sentence"]
    assert "ADDRESS" in await ward.findings()


async def test_it_speaks_chinese_where_the_locale_does(ward: Ward) -> None:
    found = await ward.finding("CLASS", LANG="zh_CN.UTF-8")
    assert found["sentence"] == translations()["everything the class needs is there"]


async def test_it_prints_a_finding_a_line(ward: Ward) -> None:
    done = await ward.doctor()
    for line in done.out.splitlines():
        assert line.split()[0] in ("ok", "warn", "fail"), line
    assert done.err == ""


async def test_nothing_of_the_home_is_changed(ward: Ward) -> None:
    ward.profile()
    before = sorted(ward.desk.folder.rglob("*"))
    await ward.doctor()
    assert sorted(ward.desk.folder.rglob("*")) == before
