"""A start's recipe: what each quirk of minikube makes of it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.catalog.releases import releases
from mirrorkit.catalog.versions import rank
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.start import Mirror, Mode, Start
from mirrorkit.documents.pins import Lock, PinnedImage
from mirrorkit.errors import RefusedStartError, UsageError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference
from tests.unit.starts import RELAY, lock_of, start_of

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.parts import Recipe

RELEASES = [one.version for one in releases()]


def made(minikube: str, kubernetes: str | None = None, **choices: object) -> Recipe:
    start = start_of(minikube, kubernetes, **choices)
    return recipe(start, RELAY, lock_of(start))


def words(one: Recipe) -> set[str]:
    return set(one.command())


@pytest.mark.parametrize("minikube", RELEASES)
def test_the_repository_goes_in_by_the_environment_on_every_release(minikube: str) -> None:
    one = made(minikube)
    assert one.command()[:3] == [
        "MINIKUBE_IMAGE_REPOSITORY=192.168.230.1:5080/k8s",
        "minikube",
        "start",
    ]
    assert not any(word.startswith("--image-repository") for word in one.command())
    says = "#17496" in one.environment[0].why
    assert says == (rank("v1.25.2") <= rank(minikube) <= rank("v1.32.0"))


@pytest.mark.parametrize("minikube", RELEASES)
def test_kicbase_is_named_by_its_tag_alone_and_never_from_a_registry_with_a_port(
    minikube: str,
) -> None:
    flag = next(flag for flag in made(minikube).flags if flag.name == "--base-image")
    kicbase = Reference.parse(flag.value or "")
    assert kicbase.registry == "gcr.io"
    assert kicbase.digest is None
    assert ("#23227" in flag.why) == (rank(minikube) >= rank("v1.29.0"))
    assert ("#13768" in flag.why) == (rank(minikube) < rank("v1.26.0"))


@pytest.mark.parametrize("minikube", RELEASES)
def test_only_v1_34_0_gets_kicbase_by_its_cache(minikube: str) -> None:
    one = made(minikube)
    in_cache = [seed.path for seed in one.seeds if seed.path.startswith("cache/kic/")]
    if minikube == "v1.34.0":
        assert in_cache == ["cache/kic/amd64/kicbase_v0.0.45.tar"]
        assert one.load is None
    else:
        assert in_cache == []
        assert str(one.load) == next(
            flag.value for flag in one.flags if flag.name == "--base-image"
        )


def test_the_cache_is_that_of_the_nodes_architecture() -> None:
    arm = Platform("linux", "arm64")
    (seed,) = made("v1.34.0", platform=arm).seeds
    assert seed.path == "cache/kic/arm64/kicbase_v0.0.45.tar"
    assert seed.url_path.endswith("/kicbase:v0.0.45.tar?platform=linux/arm64")


@pytest.mark.parametrize(
    "minikube, paths",
    [
        ("v1.24.0", [f"cache/linux/v1.22.3/{name}" for name in ("kubelet", "kubeadm", "kubectl")]),
        ("v1.25.0", []),
    ],
)
def test_a_release_without_binary_mirror_finds_its_programs_in_the_cache(
    minikube: str, paths: list[str]
) -> None:
    one = made(minikube)
    assert [seed.path for seed in one.seeds] == paths
    assert all(seed.executable and seed.sha256 for seed in one.seeds)
    assert any("--binary-mirror" in word for word in one.command()) == (not paths)


def test_the_host_downloads_at_its_own_address_and_the_node_at_the_relays() -> None:
    found = words(made("v1.25.2"))
    assert "--binary-mirror=http://localhost:5080/k8s-release" in found
    assert "--insecure-registry=192.168.230.1:5080" in found
    assert "--registry-mirror=http://192.168.230.1:5080" in found


DROP_IN = """[Service]
ExecStartPost=-/bin/sh -c "docker image inspect k8s.gcr.io/pause:3.6 >/dev/null 2>&1 || \
{ docker pull -q 192.168.230.1:5080/k8s/pause:3.6 && \
docker tag 192.168.230.1:5080/k8s/pause:3.6 k8s.gcr.io/pause:3.6; }"
"""


@pytest.mark.parametrize("mode", [None, Mode.SEED])
@pytest.mark.parametrize(
    "minikube, kubernetes, runtime, is_cured",
    [
        ("v1.26.0", "v1.24.1", "docker", True),
        ("v1.28.0", "v1.25.3", "docker", True),
        ("v1.29.0", "v1.26.1", "docker", True),
        ("v1.28.0", "v1.23.3", "docker", False),
        ("v1.28.0", "v1.25.3", "containerd", False),
        ("v1.30.0", "v1.26.3", "docker", False),
    ],
)
def test_the_pause_image_of_cri_dockerd_is_put_in_by_a_drop_in(
    minikube: str, kubernetes: str, runtime: str, mode: Mode | None, *, is_cured: bool
) -> None:
    files = {
        file.path: file.text
        for file in made(minikube, kubernetes, runtime=runtime, mode=mode).files
    }
    path = "files/etc/systemd/system/docker.service.d/20-mirrorkit.conf"
    assert files.get(path) == (DROP_IN if is_cured else None)


@pytest.mark.parametrize("minikube", RELEASES)
def test_containerd_is_transparent_from_v1_27_0_on(minikube: str) -> None:
    if minikube.startswith("v1.26."):
        with pytest.raises(RefusedStartError, match="14482"):
            made(minikube, runtime="containerd")
        return
    one = made(minikube, runtime="containerd")
    is_new = rank(minikube) >= rank("v1.27.0")
    assert one.mode is (Mode.TRANSPARENT if is_new else Mode.MIRROR)
    assert bool(one.environment) != is_new
    assert bool(one.files) == is_new


HOSTS = """server = "http://192.168.230.1:5080"

[host."http://192.168.230.1:5080"]
  capabilities = ["pull", "resolve"]
"""


def test_hosts_toml_names_the_mirror_as_server_so_that_nobody_else_is_asked() -> None:
    start = start_of("v1.38.1", runtime="containerd")
    own = PinnedImage(Reference.parse("harbor.school.cn:8443/lab/app:1"), Digest.of(b""))
    one = recipe(start, RELAY, Lock((*lock_of(start).images, own)))
    files = {file.path.split("/")[-2]: file.text for file in one.files}
    assert set(files) == {
        "registry.k8s.io",
        "k8s.gcr.io",
        "gcr.io",
        "docker.io",
        "quay.io",
        "ghcr.io",
        "harbor.school.cn:8443",
    }
    assert set(files.values()) == {HOSTS}


def test_calico_is_pulled_into_docker_before_kubernetes_where_no_flag_redirects_it() -> None:
    (file,) = made("v1.38.1", cni="calico").files
    assert "docker pull -q 192.168.230.1:5080/quay.io/calico/node:v3.31.3 &&" in file.text
    assert "192.168.230.1:5080/quay.io/calico/node:v3.31.3 quay.io/calico/node:v3.31.3" in file.text
    assert "TimeoutStartSec=" in file.text
    assert made("v1.37.0", cni="calico").files == ()


LESSONS = (
    "registry.k8s.io/echoserver:1.10",
    "quay.io/prometheus/node-exporter:v1.3.1",
    "docker.io/library/nginx:1.21",
)


def taught() -> Lock:
    lesson = [PinnedImage(Reference.parse(name), Digest.of(name.encode())) for name in LESSONS]
    return Lock((*lock_of(start_of("v1.25.2")).images, *lesson))


@pytest.mark.parametrize(
    "minikube, runtime, planted",
    [
        ("v1.25.2", "docker", LESSONS[:2]),
        ("v1.25.2", "containerd", LESSONS),
        ("v1.38.1", "docker", LESSONS[:2]),
        ("v1.38.1", "containerd", ()),
        ("v1.38.1", "cri-o", ()),
    ],
)
def test_what_the_runtime_cannot_redirect_is_planted_and_nothing_of_minikube(
    minikube: str, runtime: str, planted: tuple[str, ...]
) -> None:
    one = recipe(start_of(minikube, runtime=runtime), RELAY, taught())
    assert tuple(map(str, one.plants)) == planted
    assert any("by digest" in note for note in one.notes) == bool(planted)


def test_what_runs_beside_the_nodes_is_planted_nowhere_unless_a_lesson_has_it() -> None:
    start = start_of("v1.25.2", runtime="containerd")
    nginx = Reference.parse("docker.io/library/nginx:1.22-alpine")

    def planted(*needs: str) -> tuple[Reference, ...]:
        relay = PinnedImage(nginx, Digest.of(b""), needed_by=needs)
        return recipe(start, RELAY, Lock((*lock_of(start).images, relay))).plants

    assert planted("relay") == ()
    assert planted("relay", "pods") == (nginx,)


def test_seed_mode_takes_the_preload_and_no_repository() -> None:
    one = made("v1.38.1", mode=Mode.SEED)
    name = "preloaded-images-k8s-v18-v1.35.1-docker-overlay2-amd64.tar.lz4"
    assert [seed.path for seed in one.seeds] == [
        f"cache/preloaded-tarball/{name}",
        "cache/linux/amd64/v1.35.1/kubectl",
    ]
    assert one.environment == ()
    flags = {flag.name for flag in one.flags}
    assert not flags & {"--preload", "--cache-images", "--binary-mirror"}
    assert one.seeds[0].sha256


@pytest.mark.parametrize(
    "minikube, storage_driver, is_seeded_one_by_one",
    [
        ("v1.25.2", "overlay2", False),
        ("v1.25.2", "overlayfs", True),
        ("v1.32.0", "overlayfs", True),
        ("v1.33.0", "overlayfs", False),
        ("v1.38.1", "btrfs", True),
    ],
)
def test_where_the_storage_driver_takes_no_preload_every_image_is_seeded(
    minikube: str, storage_driver: str, *, is_seeded_one_by_one: bool
) -> None:
    one = made(minikube, mode=Mode.SEED, storage_driver=storage_driver)
    images = [seed.path for seed in one.seeds if seed.path.startswith("cache/images/")]
    assert bool(images) == is_seeded_one_by_one
    assert ("--preload=false" in words(one)) == is_seeded_one_by_one
    if minikube == "v1.25.2" and images:
        assert "cache/images/amd64/k8s.gcr.io/coredns/coredns_v1.8.6" in images
        assert "cache/images/amd64/docker.io/kubernetesui/dashboard_v2.3.1" in images
        assert not any("kicbase" in path for path in images)


def test_images_are_seeded_under_the_names_the_release_gives_them() -> None:
    def pause(minikube: str, kubernetes: str) -> str:
        one = made(minikube, kubernetes, mode=Mode.SEED, storage_driver="overlayfs")
        return next(seed.path for seed in one.seeds if seed.path.split("/")[-1].startswith("pause"))

    assert pause("v1.25.1", "v1.23.3").startswith("cache/images/k8s.gcr.io/")
    assert pause("v1.28.0", "v1.24.1").startswith("cache/images/amd64/k8s.gcr.io/")
    assert pause("v1.28.0", "v1.25.3").startswith("cache/images/amd64/registry.k8s.io/")
    assert pause("v1.32.0", "v1.28.3").startswith("cache/images/amd64/registry.k8s.io/")


@pytest.mark.parametrize(
    "minikube, choices, why",
    [
        ("v1.26.1", {"runtime": "containerd"}, "#14482"),
        ("v1.25.2", {"runtime": "containerd", "mode": Mode.TRANSPARENT}, "hosts.toml"),
        ("v1.38.1", {"mode": Mode.TRANSPARENT}, "Docker Hub's images alone"),
        ("v1.38.1", {"rootless": True}, "without root"),
        ("v1.38.1", {"cni": "cilium"}, "cni cilium asks quay.io"),
        ("v1.25.2", {"cni": "flannel", "runtime": "containerd"}, "cni flannel asks quay.io"),
        ("v1.38.1", {"addons": ("gvisor",)}, "gvisor"),
        ("v1.38.1", {"addons": ("registry-aliases",)}, "invalid names"),
        ("v1.38.1", {"addons": ("ingress",), "mode": Mode.SEED}, "ingress-nginx"),
        ("v1.38.1", {"ha": True}, "kube-vip"),
        ("v1.32.0", {"ha": True}, "no --ha"),
        ("v1.38.1", {"driver": "none", "nodes": 2}, "one node"),
        ("v1.38.1", {"driver": "none", "mode": Mode.SEED}, "neither a preload"),
        ("v1.25.2", {"driver": "kvm2", "platform": Platform("linux", "arm64")}, "no virtual"),
    ],
)
def test_what_is_known_to_fail_is_refused_with_a_way_that_works_and_force_overrules(
    minikube: str, choices: dict[str, Any], why: str
) -> None:
    with pytest.raises(RefusedStartError, match=why) as refused:
        made(minikube, **choices)
    assert refused.value.hint
    assert refused.value.exit_status == 2
    forced = made(minikube, force=True, **choices)
    assert forced.notes[0].startswith("known to fail: ")
    assert why in forced.notes[0]


@pytest.mark.parametrize(
    "minikube, choices", [("v1.25.2", {"nodes": 2}), ("v1.25.2", {"runtime": "containerd"})]
)
def test_without_a_preload_only_what_the_cache_fills_is_started(
    minikube: str, choices: dict[str, Any]
) -> None:
    start = start_of(minikube, mode=Mode.SEED, **choices)
    lock = lock_of(start)
    assert recipe(start, RELAY, lock).mode is Mode.SEED
    with pytest.raises(RefusedStartError, match="without a preload"):
        recipe(start, RELAY, Lock(lock.images))
    alone = start_of(minikube, mode=Mode.SEED)
    assert "--preload=false" in recipe(alone, RELAY, Lock(lock.images)).command()


def test_an_old_kubernetes_is_not_seeded_under_names_its_kubeadm_does_not_ask() -> None:
    with pytest.raises(RefusedStartError, match=r"asks k8s\.gcr\.io"):
        made("v1.30.0", "v1.24.9", mode=Mode.SEED)
    redirected = made("v1.30.0", "v1.24.9", mode=Mode.SEED, runtime="containerd")
    assert redirected.mode is Mode.SEED


def test_a_kubernetes_that_is_not_listed_is_refused_with_the_nearest_and_guessed_when_forced() -> (
    None
):
    with pytest.raises(UsageError, match="lists no Kubernetes") as refused:
        made("v1.38.1", "v1.34.99")
    assert "v1.35.0" in (refused.value.hint or "")
    forced = recipe(start_of("v1.38.1", "v1.34.99", force=True), RELAY)
    assert "--kubernetes-version=v1.34.99" in forced.command()
    assert any("a guess" in note for note in forced.notes)


def test_another_profile_is_a_cluster_beside_and_every_start_says_what_deleting_loses() -> None:
    one = made("v1.25.2", profile="week2")
    assert "--profile=week2" in words(one)
    (note,) = [note for note in one.notes if "minikube delete -p week2" in note]
    assert "second choice" in note
    assert "volumes" in note


def test_root_is_forced_with_containers_and_not_without() -> None:
    assert "--force" in words(made("v1.25.2", as_root=True))
    assert "--force" not in words(made("v1.25.2", as_root=True, driver="none"))


def test_a_virtual_machine_boots_the_locks_iso_and_gets_no_kicbase() -> None:
    start = start_of("v1.38.1", driver="kvm2")
    one = recipe(start, RELAY)
    assert "--iso-url=http://localhost:5080/files/minikube/iso/minikube-v1.38.0-amd64.iso" in words(
        one
    )
    assert one.load is None
    assert "--base-image" not in {flag.name for flag in one.flags}
    assert any("not this release's ISO" in note for note in recipe(start, RELAY, Lock(())).notes)


def test_the_driver_none_uses_the_machine_and_tells_what_it_must_have() -> None:
    one = made("v1.38.1", driver="none")
    flags = {flag.name for flag in one.flags}
    assert not flags & {"--base-image", "--insecure-registry", "--registry-mirror"}
    assert one.files == ()
    assert any("mirrorkit client docker" in note for note in one.notes)


def test_what_the_lock_lacks_is_said_first() -> None:
    one = recipe(start_of("v1.38.1"), RELAY, lock_of(start_of("v1.25.2")))
    assert one.notes[0].startswith("the lock lacks gcr.io/k8s-minikube/kicbase:v0.0.50, ")


@pytest.mark.parametrize(
    "choices, keys",
    [
        ({"nodes": 2}, "`nodes: 2`"),
        ({"runtime": "containerd"}, "`runtime: containerd`"),
        ({"cni": "calico", "nodes": 3}, "`cni: calico`"),
        ({"addons": ("registry",)}, "`addons: [ingress, registry]`"),
        ({"kubernetes": "v1.23.9"}, "`kubernetes: [v1.23.3, v1.23.9]`"),
        (
            {"minikube": "v1.38.1", "kubernetes": "v1.35.1"},
            "`minikube: v1.38.1`, `kubernetes: [v1.35.1]`",
        ),
        ({"nodes": 2, "addons": ("registry",)}, "`nodes: 2`, `addons: [ingress, registry]`"),
    ],
)
def test_what_the_lock_lacks_comes_with_the_keys_of_images_yaml_that_differ(
    choices: dict[str, Any], keys: str
) -> None:
    lock = lock_of(start_of("v1.25.2", "v1.23.3", addons=("ingress",)))
    wanted = start_of(**{"minikube": "v1.25.2", "kubernetes": "v1.23.3"} | choices)
    note = recipe(wanted, RELAY, lock).notes[0]
    assert f"made for a class without {keys}; say that in images.yaml" in note


@pytest.mark.parametrize(
    "address",
    ["mirror", "mirror:0", "mirror:65536", "mirror:5080/", "http://mirror:5080", "a b:1", ":5080"],
)
def test_an_address_is_host_and_port_and_nothing_else(address: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        Mirror.at(address)


@pytest.mark.parametrize(
    "choices",
    [
        {"driver": "docker2"},
        {"runtime": "crio"},
        {"cni": "weave"},
        {"nodes": 0},
        {"nodes": 21},
        {"addons": ("dashbord",)},
        {"profile": "a b"},
        {"profile": "-p"},
        {"profile": "x\n"},
        {"storage_driver": "a\nb"},
        {"platform": Platform("windows", "amd64")},
    ],
)
def test_a_word_that_is_none_of_minikubes_is_refused_when_the_start_is_made(
    choices: dict[str, Any],
) -> None:
    with pytest.raises(UsageError):
        start_of("v1.38.1", **choices)
    with pytest.raises(UsageError):
        start_of("v1.38.1", force=True, **choices)


@pytest.mark.parametrize("minikube", RELEASES)
def test_a_recipe_is_the_same_twice(minikube: str) -> None:
    for runtime, mode in product(("docker", "cri-o"), (Mode.MIRROR, Mode.SEED)):
        start: Start = start_of(minikube, runtime=runtime, mode=mode, force=True)
        assert recipe(start, RELAY) == recipe(start, RELAY)
