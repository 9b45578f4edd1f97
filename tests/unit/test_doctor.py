"""Doctor's judgements: pure functions of what was read, each trouble of the course by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.catalog.releases import release
from mirrorkit.classroom.doctor.examination import Section
from mirrorkit.classroom.doctor.frozen import addresses_of, profile_findings
from mirrorkit.classroom.doctor.mirror import Name, name_findings
from mirrorkit.classroom.doctor.planted import plant_findings
from mirrorkit.classroom.doctor.profiles import Profile
from mirrorkit.classroom.doctor.status import read_status
from mirrorkit.classroom.doctor.tools import Tools, tool_findings
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.classroom.minikube.start import Mode, Start
from mirrorkit.classroom.words import english
from mirrorkit.cli.doctortable import grouped, lines
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

MIRROR = "192.168.230.1:5080"
START = Start(release("v1.25.2"), "v1.23.3")
OURS = Profile(
    "minikube",
    driver="docker",
    kubernetes="v1.23.3",
    runtime="docker",
    repository=f"{MIRROR}/k8s",
    insecure=(MIRROR,),
    mirrors=(f"http://{MIRROR}",),
)
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"


def states(findings: Iterable[Finding]) -> dict[str, State]:
    return {finding.code: finding.state for finding in findings}


def tools(start: Start = START, **read: object) -> dict[str, Finding]:
    found = Tools(**read)  # type: ignore[arg-type]
    return {one.code: one for one in tool_findings(found, start, MIRROR, english)}


def profile(one: Profile, start: Start = START, mode: Mode = Mode.MIRROR) -> Finding:
    (found,) = profile_findings([one], start, mode, {MIRROR}, english)
    return found


def test_a_minikube_newer_than_the_class_wants_another_kicbase() -> None:
    found = tools(minikube="v1.31.2")["MINIKUBE"]
    assert found.state is State.FAIL
    assert "v1.31.2" in found.sentence
    assert "v1.25.2" in found.sentence
    assert "another kicbase" in found.sentence
    assert found.command == f"curl {MIRROR} | sh"


def test_the_classes_own_minikube_is_right_and_none_at_all_is_brought() -> None:
    assert tools(minikube="v1.25.2")["MINIKUBE"].state is State.OK
    assert tools()["MINIKUBE"].state is State.WARN


@pytest.mark.parametrize(
    "kubectl, state",
    [("v1.23.3", "ok"), ("v1.22.0", "ok"), ("v1.24.9", "ok"), ("v1.27.1", "warn"), (None, "ok")],
)
def test_a_kubectl_of_another_age_shadows_the_alias(kubectl: str | None, state: str) -> None:
    found = tools(kubectl=kubectl, kubectl_path="/usr/local/bin/kubectl")["KUBECTL"]
    assert found.state == state
    assert ("alias" in found.sentence) == (state == "warn")


@pytest.mark.parametrize(
    "kubernetes, programs, missing",
    [
        ("v1.23.3", (), {"conntrack"}),
        ("v1.24.1", (), {"conntrack", "cri-dockerd"}),
        ("v1.24.1", ("conntrack",), {"cri-dockerd"}),
        ("v1.24.1", ("conntrack", "cri-dockerd"), set()),
    ],
)
def test_driver_none_from_kubernetes_v1_24_on_needs_cri_dockerd(
    kubernetes: str, programs: tuple[str, ...], missing: set[str]
) -> None:
    start = Start(release("v1.26.0"), kubernetes, driver="none")
    found = [
        one
        for one in tool_findings(Tools(programs=frozenset(programs)), start, MIRROR, english)
        if one.code == "NONE"
    ]
    told = " ".join(one.sentence for one in found)
    assert {name for name in ("conntrack", "cri-dockerd", "crictl") if name in told} == missing
    assert {one.state for one in found} == {State.FAIL if missing else State.OK}


def test_driver_none_of_a_newer_release_needs_crictl_and_containerd_no_cri_dockerd() -> None:
    start = Start(release("v1.30.0"), "v1.24.1", driver="none", runtime="containerd")
    told = " ".join(one.sentence for one in tool_findings(Tools(), start, MIRROR, english))
    assert "crictl" in told
    assert "cri-dockerd" not in told


def test_on_a_kubeadm_node_it_asks_which_one_is_meant() -> None:
    assert tools(is_kubeadm_node=True)["KUBEADM"].state is State.WARN
    assert "KUBEADM" not in tools()


def test_a_profile_made_with_these_flags_fits() -> None:
    assert profile(OURS).state is State.OK


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"repository": ""}, "without the mirror"),
        ({"repository": ALIYUN}, f"pulls from {ALIYUN}"),
        ({"repository": "10.0.0.9:5080/k8s"}, "where no mirror answers"),
        ({"insecure": ()}, "may not pull"),
        ({"mirrors": ()}, "what `docker pull` gets here a pod does not"),
        ({"mirrors": ("https://x.mirror.aliyuncs.com",)}, "knows no mirror"),
        ({"driver": "virtualbox"}, "driver virtualbox"),
        ({"runtime": "containerd"}, "container runtime containerd"),
        ({"kubernetes": "v1.24.0"}, "newer than the class's"),
        ({"is_readable": False}, "cannot be read"),
    ],
)
def test_an_old_profile_keeps_old_settings_and_a_new_one_beside_it_is_the_cure(
    changed: dict[str, object], told: str
) -> None:
    fields = {name: getattr(OURS, name) for name in OURS.__struct_fields__}
    found = profile(Profile(**{**fields, **changed}))
    assert (found.state, found.command) == (State.FAIL, "mirrorkit minikube start -- -p mirrorkit")
    assert told in found.sentence
    assert "no flag changes that" in found.sentence
    assert "second choice: the pods, volumes and images in it are lost" in found.sentence


@pytest.mark.parametrize(
    "beside, named",
    [
        ((), "mirrorkit"),
        (("mirrorkit",), "mirrorkit-2"),
        (("mirrorkit", "mirrorkit-2"), "mirrorkit-3"),
    ],
)
def test_a_new_profile_is_the_next_that_setup_makes(beside: tuple[str, ...], named: str) -> None:
    old = [Profile(name, driver="kvm2") for name in ("minikube", *beside, "own", "minikube2")]
    found = list(profile_findings(old, START, Mode.MIRROR, (), english))
    assert {one.command for one in found} == {f"mirrorkit minikube start -- -p {named}", ""}
    assert f"start the profile {named} beside it" in found[0].sentence
    assert [one.state for one in found if "left alone" in one.sentence] == [State.OK] * (
        len(beside) + 2
    )


def test_where_setup_has_made_one_beside_an_old_profile_that_is_named() -> None:
    fields = {name: getattr(OURS, name) for name in OURS.__struct_fields__}
    made = Profile(**{**fields, "name": "mirrorkit"})
    old = Profile("minikube", driver="kvm2")
    answering = {OURS.repository.partition("/")[0]}
    found = list(profile_findings([old, made], START, Mode.MIRROR, answering, english))
    assert {one.command for one in found} == {"mirrorkit minikube start -- -p mirrorkit", ""}


def test_an_older_kubernetes_in_a_profile_is_upgraded_and_other_modes_need_no_repository() -> None:
    fields = {name: getattr(OURS, name) for name in OURS.__struct_fields__}
    assert profile(Profile(**{**fields, "kubernetes": "v1.22.1"})).state is State.OK
    bare = Profile(**{**fields, "repository": "", "insecure": (), "mirrors": ()})
    assert profile(bare, mode=Mode.SEED).state is State.OK
    assert "pulls from" in profile(OURS, mode=Mode.SEED).sentence


def test_only_addresses_of_a_room_are_asked() -> None:
    repositories = [
        *("10.0.0.9:5080/k8s", "localhost:5080/k8s", "8.8.8.8:5080/k8s", "evil.example:5080/k8s"),
        *(ALIYUN, "", "999.1.1.1:5080", "10.0.0.9", "169.254.169.254:80x"),
    ]
    profiles = [Profile("x", repository=one) for one in repositories]
    assert addresses_of(profiles) == {"10.0.0.9:5080", "localhost:5080"}


def test_what_is_planted_in_vain_is_named() -> None:
    digest = "sha256:" + "0" * 64
    names = [f"quay.io/a/b@{digest}", "quay.io/a/c:latest", "quay.io/a/d:1", "quay.io/a/e"]
    found = list(plant_findings(map(Reference.parse, names), english))
    assert [one.state for one in found] == [*[State.WARN] * 3, State.OK]
    assert "by its digest" in found[0].sentence
    assert "imagePullPolicy" in found[1].sentence
    assert "quay.io/a/e:latest" in found[2].sentence


def test_every_wrong_name_is_told_with_what_to_do_and_very_many_are_counted() -> None:
    answers = {
        Name("/v2/k8s/pause/manifests/3.6", "registry.k8s.io/pause:3.6"): 200,
        Name("/v2/k8s/etcd/manifests/1", "registry.k8s.io/etcd:1"): 404,
        Name("/v2/k8s/dns/manifests/1", "registry.k8s.io/dns:1"): 404,
        Name("/k8s-release/v1/bin/linux/amd64/kubelet", "kubernetes/v1/kubelet"): 404,
        Name("/v2/k8s/x/manifests/1", "registry.k8s.io/x:1"): 0,
    }
    coming = "registry.k8s.io/etcd:1, kubernetes/v1/kubeadm"
    answers[Name("/k8s-release/v1/bin/linux/amd64/kubeadm", "kubernetes/v1/kubeadm")] = 503
    found = list(name_findings(answers, {"registry.k8s.io/etcd:1"}, english))
    assert found[0].sentence.endswith(f": {coming}")
    assert [one.command for one in found] == [
        "mirrorkit sync",
        "mirrorkit add registry.k8s.io/dns:1",
        "mirrorkit lock && mirrorkit sync",
        "mirrorkit up",
    ]
    assert {one.state for one in found} == {State.FAIL}
    many = {Name(f"/{number}", f"{number}:1"): 404 for number in range(100)}
    assert len(list(name_findings(many, (), english))) == 21
    (fine,) = name_findings({Name("/", "x:1"): 200}, (), english)
    assert fine.state is State.OK


def test_the_class_is_known_by_the_names_of_its_status() -> None:
    items = b"""{"name": "minikube/v1.25.2/minikube-linux-amd64", "state": "complete"},
      {"name": "registry.k8s.io/kube-apiserver:v1.23.3", "state": "absent", "x": [1]}"""
    body = b'{"version": 1, "complete": false, "items": [' + items + b"]}"
    found = read_status(body)
    assert (found.minikube, found.kubernetes) == ("v1.25.2", "v1.23.3")
    assert found.missing == ("registry.k8s.io/kube-apiserver:v1.23.3",)
    two = b'{"version": 1, "complete": true, "locks": [{"lock": "a", "items": [' + items + b"]}]}"
    assert read_status(two).minikube == "v1.25.2"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"complete": true}', b"[" * 100_000, b'{"version": 1}']
)
def test_another_programs_answer_is_no_status(body: bytes) -> None:
    with pytest.raises(ValueError, match="no status document"):
        read_status(body)


@given(st.binary(max_size=200))
def test_any_body_is_a_status_or_refused(body: bytes) -> None:
    try:
        read_status(body)
    except ValueError:
        return
    raise AssertionError(body)


def test_a_terminal_shows_what_is_right_in_a_word_each_and_what_is_wrong_with_its_cure() -> None:
    findings = (
        Finding(State.OK, "CPU", "4 CPUs"),
        Finding(State.WARN, "CLOCK", "late", "date"),
        Finding(State.FAIL, "DOCKER", "no Docker", "apt-get install docker.io"),
    )
    sections = [Section("This machine", findings), Section("Profiles", (findings[0],))]
    assert list(grouped(sections)) == [
        "This machine: ok CPU",
        "  fail  DOCKER  no Docker",
        "        → apt-get install docker.io",
        "  warn  CLOCK  late",
        "        → date",
        "Profiles: ok CPU",
    ]
    assert list(lines(sections))[:2] == [
        "ok    CPU     4 CPUs",
        "warn  CLOCK   late  → date",
    ]


def test_beside_an_up_a_file_that_is_lacking_wants_a_lock_and_no_sync() -> None:
    lacking = {Name("/k8s-release/v1.31.0/bin/linux/amd64/kubelet", "k8s-release/kubelet"): 404}
    for fetches, command in (
        (True, "mirrorkit lock"),
        (False, "mirrorkit lock && mirrorkit sync"),
    ):
        (one,) = name_findings(lacking, (), english, fetches=fetches)
        assert one.command == command
