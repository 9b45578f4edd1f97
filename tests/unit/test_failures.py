"""Why a start failed: each text of the facts (minikube.md §7, §8) leads to cause and cure."""

from __future__ import annotations

import random
import re

import msgspec
import pytest

from mirrorkit.classroom.minikube.failures import TAIL, Row, exit_status, explain, rows

FACTS = {"profile": "minikube", "kubernetes": "v1.23.3", "driver": "docker"}
KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30@sha256:02c921df998f"
COREDNS = "192.168.230.1:5080/k8s/coredns:v1.8.6"
CACHED = "/home/ann/.minikube/cache/images/amd64/k8s.gcr.io/coredns/coredns_v1.8.6"
SAID = [
    ("CPU", "Requested cpu count 1 is less than the minimum allowed of 2"),
    ("CPU", "Requested cpu count 4 is greater than the available cpus of 2"),
    (
        "CPU",
        "docker has less than 2 CPUs available, but Kubernetes requires at least 2 to be available",
    ),
    (
        "MEM",
        "System only has 990MiB available, less than the required 1800MiB for Kubernetes",
    ),
    ("MEM", "The requested memory allocation of 1990MiB does not leave room for system overhead"),
    ("DISK", "Docker is out of disk space! (/var is at 100% of capacity). You can pass '--force'"),
    ("DISK", 'preload extraction failed: "No space left on device"'),
    ("ROOT", 'The "docker" driver should not be used with root privileges.'),
    (
        "ROOT",
        (
            'The "docker" driver should not be used with root privileges. If you wish to'
            " continue as"
            " root, use --force."
        ),
    ),
    (
        "GROUP",
        "Add your user to the 'docker' group: 'sudo usermod -aG docker $USER && newgrp docker'",
    ),
    ("GROUP", "Got permission denied while trying to connect to the Docker daemon socket at unix"),
    ("DOCKER", "Ensure your docker is running and is healthy."),
    ("DOCKER", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the"),
    ("NODOCKER", 'exec: "docker": executable file not found in $PATH'),
    ("ROOTLESS", '--container-runtime must be set to "containerd" or "cri-o" for rootless'),
    (
        "OVERLAYFS",
        "docker is currently using the overlayfs storage driver, consider switching to overlay2",
    ),
    ("TRAP", "preloaded-images-k8s-v17-v1.23.3-docker-overlay2-amd64.tar.lz4: is a directory"),
    ("FLAG", "Error: unknown flag: --preload-source"),
    (
        "COUNTRY",
        "Failed to check main repository and mirrors for images: invalid image mirror country code",
    ),
    ("VERSION", "Searching the internet for Kubernetes version..."),
    ("KICBASE", f"Unable to find image '{KICBASE}' locally"),
    (
        "KICBASE",
        "Error downloading kic artifacts:  failed to download kic base image or any fallback image",
    ),
    (
        "KICBASE",
        (
            "minikube was unable to download gcr.io/k8s-minikube/kicbase:v0.0.30, but successfully"
            " downloaded docker.io/kicbase/stable:v0.0.30 as a fallback image"
        ),
    ),
    (
        "KICBASE",
        (
            "minikube cannot pull kicbase image from any docker registry, and is trying to download"
            " kicbase tarball from github release page via HTTP."
        ),
    ),
    (
        "LOGIN",
        (
            "Please either authenticate to the registry or use --base-image flag to use a different"
            " registry."
        ),
    ),
    (
        "REPOS",
        (
            "None of the known repositories are accessible. Consider specifying an"
            " alternative image"
            " repository with --image-repository flag"
        ),
    ),
    ("REPOS", 'Provided repository is not a valid URL. Defaulting to "auto"'),
    (
        "REPOS",
        (
            "None of the known repositories in your location are accessible. Using k8s.gcr.io as"
            " fallback."
        ),
    ),
    (
        "CACHEIMAGE",
        (
            "The image '192.168.230.1:5080/k8s/coredns/coredns:v1.8.6' was not found; unable"
            " to add it"
            " to cache."
        ),
    ),
    (
        "CACHEIMAGE",
        (
            f"Unable to load cached images: loading cached images: stat {CACHED}: no such file or"
            " directory"
        ),
    ),
    ("IMAGE", f"\t[ERROR ImagePull]: failed to pull image {COREDNS}: output: Error response"),
    ("IMAGE", f'Failed to pull image "{COREDNS}": rpc error: code = Unknown'),
    ("PAUSE", 'failed pulling image "k8s.gcr.io/pause:3.6": Error response from daemon'),
    ("HTTP", "http: server gave HTTP response to HTTPS client"),
    (
        "BINARIES",
        (
            "Failed to update cluster: updating control plane: downloading binaries: downloading"
            " kubeadm: download failed: https://storage.googleapis.com/kubernetes-release/release"
        ),
    ),
    ("BINARIES", "Failed to cache binaries"),
    ("BINARIES", "Failed to cache kubectl"),
    ("CHECKSUM", "Checksums did not match for /home/ann/.minikube/cache/linux/kubelet.download"),
    ("ISO", "Failed to cache ISO: unable to cache ISO: https://storage.googleapis.com/minikube"),
    ("DNS", 'Get "https://gcr.io/v2/": dial tcp: lookup gcr.io on 127.0.0.53:53: no such host'),
    (
        "DNS",
        "dial tcp: lookup gcr.io on 10.0.2.3:53: read udp 10.0.2.15:53->10.0.2.3:53: i/o timeout",
    ),
    ("TIMEOUT", "Error downloading kubelet: net/http: TLS handshake timeout"),
    ("TIMEOUT", "ImagePull: rpc error: Timeout exceeded while awaiting headers"),
    ("RESET", "read tcp 10.0.2.15:41234->142.250.0.82:443: read: connection reset by peer"),
    ("TLS", "tls: first record does not look like a TLS handshake"),
    (
        "PRELOAD",
        "checksum of /x/preloaded-images-k8s.tar.lz4 does not match remote checksum ( != )",
    ),
    ("SLOW", "addon enable: context deadline exceeded"),
    ("SLOW", "error: timed out waiting for the condition"),
    ("SLOW", "[kubelet-check] Initial timeout of 40s passed."),
]
ENDED = [
    ("CPU", "RSRC_INSUFFICIENT_CORES", 29),
    ("CPU", "RSRC_DOCKER_CORES", 29),
    ("MEM", "RSRC_INSUFFICIENT_SYS_MEMORY", 23),
    ("MEM", "RSRC_INSUFFICIENT_REQ_MEMORY", 23),
    ("MEM", "RSRC_INSUFFICIENT_CONTAINER_MEMORY", 23),
    ("MEM", "RSRC_OVER_ALLOC_MEM", 23),
    ("MEM", "RSRC_DOCKER_MEMORY", 23),
    ("DISK", "RSRC_DOCKER_STORAGE", 26),
    ("DISK", "GUEST_PROVISION_NOSPACE", 80),
    ("ROOT", "DRV_AS_ROOT", 57),
    ("GROUP", "PROVIDER_DOCKER_NEWGRP", 69),
    ("DOCKER", "PROVIDER_DOCKER_NOT_RUNNING", 63),
    ("DOCKER", "DRV_DOCKER_NOT_RUNNING", 55),
    ("DOCKER", "DRV_NOT_HEALTHY", 59),
    ("NODOCKER", "PROVIDER_DOCKER_NOT_FOUND", 65),
    ("NODOCKER", "DRV_NOT_DETECTED", 55),
    ("NODOCKER", "DRV_NOT_FOUND", 55),
    ("OLDDOCKER", "PROVIDER_DOCKER_VERSION_LOW", 65),
    ("CONNTRACK", "GUEST_MISSING_CONNTRACK", 86),
    ("CRIDOCKERD", "NOT_FOUND_CRI_DOCKERD", 15),
    ("CRICTL", "GUEST_MISSING_CRICTL", 86),
    ("CNI", "NOT_FOUND_CNI_PLUGINS", 15),
    ("PROFILE", "GUEST_DRIVER_MISMATCH", 81),
    ("VERSION", "K8S_FAIL_CONNECT", 100),
    ("OLDKUBERNETES", "K8S_OLD_UNSUPPORTED", 106),
    ("USAGE", "MK_USAGE", 14),
    ("REPOS", "INET_REPOS_UNAVAILABLE", 40),
    ("HTTP", "INET_PROXY_CONFUSION", 40),
    ("BINARIES", "INET_CACHE_BINARIES", 40),
    ("BINARIES", "INET_CACHE_KUBECTL", 40),
    ("INSTALL", "K8S_INSTALL_FAILED", 100),
    ("ADDON", "MK_ADDON_ENABLE", 10),
    ("DNS", "INET_LOOKUP_HOST", 48),
    ("TIMEOUT", "INET_DOWNLOAD_TIMEOUT", 42),
    ("TIMEOUT", "INET_PULL_TIMEOUT", 42),
    ("RESET", "INET_RESET_BY_PEER", 49),
    ("TLS", "INET_NOT_TLS", 48),
]
EXITS = [
    ("CPU", 29),
    ("MEM", 23),
    ("DISK", 26),
    ("ROOT", 57),
    ("GROUP", 69),
    ("DOCKER", 63),
    ("NODOCKER", 55),
    ("NODOCKER", 65),
    ("CONNTRACK", 86),
    ("PROFILE", 81),
    ("USAGE", 14),
    ("NETWORK", 40),
    ("NETWORK", 45),
    ("NETWORK", 48),
    ("TIMEOUT", 42),
    ("RESET", 49),
    ("INSTALL", 100),
]
# Several rows fit each of these; what minikube printed around the cause is printed here too.
WHOLE = [
    (
        "KICBASE",
        (
            "❗  minikube was unable to download gcr.io/k8s-minikube/kicbase:v0.0.30, but"
            " successfully"
            " downloaded docker.io/kicbase/stable:v0.0.30 as a fallback image\n"
            "❌  Exiting due to GUEST_PROVISION: Failed to start host: creating host: create:"
            " creating:"
            " setting up container node: preparing volume for minikube container: docker run --rm:"
            f" exit status 125\nstdout:\n\nstderr:\nUnable to find image '{KICBASE}' locally\n"
            'docker: Error response from daemon: Get "https://gcr.io/v2/": dial tcp: lookup'
            " gcr.io on"
            " 127.0.0.53:53: no such host.\n"
        ),
        80,
    ),
    (
        "BINARIES",
        (
            "🐳  Preparing Kubernetes v1.23.3 on Docker 20.10.12 ...\n"
            "❌  Exiting due to K8S_INSTALL_FAILED: Failed to update cluster: updating"
            " control plane:"
            " downloading binaries: downloading kubeadm: download failed: https://storage.googleapis.com"
            '/kubernetes-release/release/v1.23.3/bin/linux/amd64/kubeadm: Get "https": dial'
            " tcp: lookup"
            " storage.googleapis.com on 127.0.0.53:53: no such host\n"
        ),
        100,
    ),
    (
        "IMAGE",
        (
            "❗  The image '192.168.230.1:5080/k8s/coredns/coredns:v1.8.6' was not found;"
            " unable to add"
            " it to cache.\n"
            "error execution phase preflight: [preflight] Some fatal errors occurred:\n"
            f"\t[ERROR ImagePull]: failed to pull image {COREDNS}: output: manifest unknown\n"
            "❌  Exiting due to K8S_INSTALL_FAILED: timed out waiting for the condition\n"
        ),
        100,
    ),
    (
        "REPOS",
        (
            "❌  Exiting due to INET_REPOS_UNAVAILABLE: None of the known repositories are"
            " accessible."
            " Consider specifying an alternative image repository with --image-repository flag\n"
        ),
        40,
    ),
    (
        "ROOT",
        (
            '\x1b[31m❌  Exiting due to DRV_AS_ROOT: The "docker" driver should not be used'
            " with root"
            " privileges.\x1b[0m\r\n"
        ),
        57,
    ),
    (
        "HTTP",
        (
            "Failed to pull image: Error response from daemon: Get"
            ' "https://192.168.230.1:5080/v2/": http: server gave HTTP response to HTTPS client\n'
            "❌  Exiting due to INET_PROXY_CONFUSION: wait: context deadline exceeded\n"
        ),
        40,
    ),
    (
        "PROFILE",
        (
            '❌  Exiting due to GUEST_DRIVER_MISMATCH: The existing "minikube" cluster was created'
            ' using the "kvm2" driver, which is incompatible with requested "docker" driver.\n'
        ),
        81,
    ),
]


def code(text: str, exit_code: int = 1, table: tuple[Row, ...] | None = None) -> str | None:
    found = explain(text.encode(), exit_code, "en", FACTS, table)
    return found.code if found else None


@pytest.mark.parametrize("expected, text", SAID)
def test_what_minikube_says_leads_to_its_cause(expected: str, text: str) -> None:
    assert code(f"😄  minikube v1.25.2 on Debian 12\n{text}\nlast words\n") == expected


@pytest.mark.parametrize("expected, name, exit_code", ENDED)
def test_what_minikube_exits_due_to_leads_to_its_cause(
    expected: str, name: str, exit_code: int
) -> None:
    assert code(f"❌  Exiting due to {name}: whatever\n", exit_code) == expected


@pytest.mark.parametrize("expected, exit_code", EXITS)
def test_an_exit_code_alone_leads_to_a_cause(expected: str, exit_code: int) -> None:
    assert code("no word\n", exit_code) == expected


@pytest.mark.parametrize("expected, text, exit_code", WHOLE)
def test_of_several_causes_the_surest_is_told(expected: str, text: str, exit_code: int) -> None:
    assert code(text, exit_code) == expected


def test_the_order_of_the_table_means_nothing() -> None:
    shuffle = random.Random(7).sample  # noqa: S311 - the same orders each time
    for _ in range(20):
        table = tuple(shuffle(rows(), len(rows())))
        assert [code(text, exit_code, table) for _, text, exit_code in WHOLE] == [
            expected for expected, _, _ in WHOLE
        ]
    texts = "\n".join(text for _, text in SAID)
    assert len({code(texts, 1, tuple(shuffle(rows(), len(rows())))) for _ in range(20)}) == 1


def test_every_sign_of_the_table_is_in_a_test() -> None:
    said = [text for _, text in SAID]
    for row in rows():
        for pattern in (*row.says, *row.hints):
            assert any(re.search(pattern, text) for text in said), pattern
    assert {name for row in rows() for name in row.ids} == {name for _, name, _ in ENDED}
    assert {number for row in rows() for number in row.exits} == {number for _, number in EXITS}


def test_no_two_rows_claim_the_same_sign() -> None:
    signs = [sign for row in rows() for sign in (*row.says, *row.hints, *row.ids, *row.exits)]
    assert len(signs) == len(set(signs))
    assert len({row.code for row in rows()}) == len(rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.code)
def test_every_row_reads_well_in_both_languages(row: Row) -> None:
    for words in (row.cause, row.cure):
        assert words.en.endswith(".")
        assert words.zh.endswith("。")
        assert words.zh != words.en
        assert "您" not in words.zh
    assert row.status in {"usage", "upstream", "integrity", "environment"}
    assert msgspec.structs.fields(row)[0].name == "code"


@pytest.mark.parametrize("language, word", [("en", "could not pull"), ("zh", "无法拉取")])
def test_a_cause_names_what_was_printed(language: str, word: str) -> None:
    text = f"[ERROR ImagePull]: failed to pull image {COREDNS}: no".encode()
    found = explain(text, 1, language, FACTS)
    assert found is not None
    assert word in found.cause
    assert COREDNS in found.cause


def test_a_profile_s_name_cannot_break_out_of_the_command() -> None:
    facts = {**FACTS, "profile": "a; rm -rf ~"}
    found = explain(b"Exiting due to GUEST_DRIVER_MISMATCH: x", 81, "en", facts)
    assert found is not None
    assert found.command == "mirrorkit minikube start -- -p 'a; rm -rf ~'-class"


def test_only_the_end_of_a_long_output_is_looked_at() -> None:
    early = "Exiting due to DRV_AS_ROOT: x\n"
    assert code(early + "." * TAIL, 1) is None
    assert code("." * 10 * TAIL + "\n" + early, 1) == "ROOT"


def test_what_nobody_knows_is_not_guessed() -> None:
    assert code("🤷 something new\n", 1) is None
    assert code("Exiting due to NEVER_HEARD: x\n", 77) is None


def test_an_always_printed_warning_explains_nothing() -> None:
    warning = "❗  This container is having trouble accessing https://192.168.230.1:5080/k8s\n"
    assert code(warning) is None


@pytest.mark.parametrize(
    "exit_code, status",
    [(0, 0), (130, 130), (-2, 130), (14, 2), (40, 4), (49, 4), (50, 6), (100, 6), (1, 6), (-9, 6)],
)
def test_minikube_s_exit_code_becomes_ours(exit_code: int, status: int) -> None:
    assert exit_status(exit_code, None) == status


def test_an_explained_failure_has_its_own_exit_status() -> None:
    said = b"downloading kubeadm: download failed: https://x\n"
    found = explain(said, 100, "en", FACTS)
    assert exit_status(100, found) == 4
    assert exit_status(130, found) == 130
    root = explain(b"Exiting due to DRV_AS_ROOT: x", 57, "en", FACTS)
    assert exit_status(57, root) == 6
