"""A minikube whose nodes are real: made by the machine's Docker, of kicbase, as its flags say.

It stands in for minikube's host side, and for kubeadm in the node one pull stands in.
"""

from __future__ import annotations

from pathlib import Path

from tests.lab.debian import debian_archive
from tests.lab.images import DOCKER, Made, image
from tests.lab.layers import tree_layer
from tests.lab.nodes import LABEL, PACKAGES

KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
MINIKUBE = "minikube/v1.25.2/minikube-linux-amd64"
PROGRAMS = "k8s-release/v1.23.3/bin/linux/amd64"
PRELOAD = "preloaded-images-k8s-v17-v1.23.3-docker-overlay2-amd64.tar.lz4"
PAUSE = "registry.k8s.io/pause:3.6"
PROGRAM = rb"""#!/bin/sh
set -eu
[ "$1" != version ] || { echo "minikube version: v1.25.2"; exit; }
verb=$1 profile=minikube base='' daemon='' binaries=''
shift
while [ $# -gt 0 ]; do
    case $1 in
    --profile) profile=$2; shift ;;
    --profile=*) profile=${1#*=} ;;
    --base-image=*) base=${1#*=} ;;
    --insecure-registry=*) daemon="$daemon --insecure-registry ${1#*=}" ;;
    --registry-mirror=*) daemon="$daemon --registry-mirror ${1#*=}" ;;
    --binary-mirror=*) binaries=${1#*=} ;;
    esac
    shift
done
mini=$HOME/.minikube
if [ "$verb" = delete ]; then
    docker rm --force --volumes "$profile" >/dev/null
    docker network rm minikube >/dev/null
    rm -rf "$mini/profiles/$profile"
    rmdir "$mini/profiles"
    exit
fi
if ! docker inspect "$profile" >/dev/null 2>&1; then
    mkdir -p "$mini/profiles/$profile"
    printf '{\n\t"ImageRepository": "%s",\n\t"KubernetesVersion": "v1.23.3"\n}\n' \
        "${MINIKUBE_IMAGE_REPOSITORY:-}" >"$mini/profiles/$profile/config.json"
    docker network inspect minikube >/dev/null 2>&1 ||
        docker network create --subnet 192.168.49.0/24 --gateway 192.168.49.1 minikube >/dev/null
    docker run --detach --privileged --name "$profile" --network minikube --volume /var \
        --tmpfs /tmp --tmpfs /run --stop-signal SIGRTMIN+3 --entrypoint /sbin/init \
        --label @LABEL@ "$base" >/dev/null
fi
tries=0
until docker exec "$profile" systemctl is-active docker containerd >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { echo "the node does not come up" >&2; exit 80; }
    sleep 0.2
done
unit=/etc/systemd/system/docker.service.d/10-lab.conf
docker exec "$profile" sh -ec "[ ! -e $unit ] || exit 0; mkdir -p ${unit%/*}
printf '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd://%s\n' '$daemon' >$unit
systemctl daemon-reload; systemctl restart docker"
if [ -n "${MINIKUBE_IMAGE_REPOSITORY:-}" ]; then
    curl -fsS "$binaries/v1.23.3/bin/linux/amd64/kubelet.sha256" >/dev/null
    docker exec "$profile" docker pull --quiet "$MINIKUBE_IMAGE_REPOSITORY/pause:3.6" >/dev/null
else
    [ -s "$mini/cache/preloaded-tarball/@PRELOAD@" ]
fi
echo "Done!"
"""


def program() -> bytes:
    """Return the program."""
    text = PROGRAM.replace(b"@LABEL@", LABEL.encode())
    return text.replace(b"@PRELOAD@", PRELOAD.encode())


def kicbase_image() -> Made:
    """Make the node's image: systemd, Docker and containerd of this machine's Debian."""
    return image([tree_layer(Path(debian_archive(PACKAGES)))], kind=DOCKER, path=PATH)


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
