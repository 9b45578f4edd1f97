# shellcheck shell=dash

# --- engine: is Docker here, does it run, and may we use it ---

ENGINE=      # desktop, orbstack or colima where it lives in a virtual machine of its own
ENGINE_CPUS= # of that machine
ENGINE_MB=
ENGINE_ROOT=
STORAGE=
ROOTLESS=

check_engine() {
    case $DRIVER in docker) ;; *) return 0 ;; esac
    check_present || return 0
    case $(readlink -f "$(command -v docker)" 2>/dev/null) in
    /snap/* | /usr/bin/snap) finding warn SNAP "this Docker is a snap, which sees only your home folder and breaks minikube" "Docker 来自 snap，只能访问主目录，会使 minikube 出错" "sudo snap remove docker && sudo apt-get install -y docker.io" ;;
    esac
    check_running || return 0
    check_version
    check_storage
    check_rootless
    check_cgroup
    check_kind
}

check_present() {
    has docker || {
        finding fail DOCKER "Docker is not here" "没有安装 Docker" "$(docker_remedy)"
        return 1
    }
}

# needs_docker: or the end, for what works with nothing else and is typed without a check.
needs_docker() {
    if ! check_present || ! check_running; then not_yet; fi
}

docker_remedy() {
    if [ "$OS" = darwin ]; then
        echo "open https://www.docker.com/products/docker-desktop"
    elif [ -n "$(docker_file)" ]; then
        echo "curl http://$MIRROR | $(sudo_word)sh -s -- --with-docker"
    else
        echo "$(sudo_word)apt-get install -y docker.io"
    fi
}

sudo_word() { is_root || printf 'sudo '; }

check_running() {
    local said
    said=$(bounded 20 docker version --format '{{.Server.Version}}' 2>&1) && {
        VERSION=${said##*
} # the last line: warnings stand before it
        read_engine
        return 0
    }
    case $said in
    *'permission denied'*)
        if id -nG "$(id -un)" 2>/dev/null | grep -qw docker; then
            finding fail GROUP "you are in the group docker, but not yet in this shell" "已加入 docker 组，但当前终端尚未生效" "newgrp docker"
        else
            finding fail GROUP "you may not use Docker: you are not in its group" "没有使用 Docker 的权限：不在 docker 组中" "sudo usermod -aG docker $(id -un) && newgrp docker"
        fi
        ;;
    *)
        if [ "$OS" = darwin ] || [ "$WSL" = 2 ] && ! has systemctl; then
            finding fail RUNNING "Docker does not run: start Docker Desktop" "Docker 没有运行：请启动 Docker Desktop" "docker version"
        elif [ -d /run/systemd/system ]; then
            finding fail RUNNING "Docker is here and does not run" "Docker 已安装但没有运行" "$(sudo_word)systemctl enable --now docker"
        else
            finding fail RUNNING "Docker is here and does not run" "Docker 已安装但没有运行" "$(sudo_word)service docker start"
        fi
        ;;
    esac
    return 1
}

read_engine() {
    local asked
    asked='{{.Driver}}|{{.DockerRootDir}}|{{.CgroupVersion}}|{{.SecurityOptions}}|{{.OperatingSystem}}|{{.NCPU}}|{{.MemTotal}}|{{.MemoryLimit}}|{{.Name}}'
    bounded 20 docker info --format "$asked" 2>/dev/null >"$SCRATCH/engine"
    IFS='|' read -r STORAGE ENGINE_ROOT CGROUP SECURITY SYSTEM ENGINE_CPUS ENGINE_MB LIMITS NAME <"$SCRATCH/engine" || :
    rm -f "$SCRATCH/engine"
    ENGINE_MB=$((${ENGINE_MB:-0} / 1048576))
    case "$SYSTEM $NAME" in
    *'Docker Desktop'*) ENGINE=desktop ;;
    *OrbStack*) ENGINE=orbstack ;;
    *' colima'*) ENGINE=colima ;;
    esac
    case $SECURITY in *rootless*) ROOTLESS=1 ;; esac
    # A machine of its own has its own disk; what is not told says nothing.
    [ -z "$ENGINE" ] || ENGINE_ROOT=
    [ "${ENGINE_CPUS:-0}" -gt 0 ] || ENGINE_CPUS=
    [ "$ENGINE_MB" -gt 0 ] || ENGINE_MB=
}

# is_older VERSION MINIMUM: compared number by number.
is_older() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sed 's/[-+~].*//' | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" != "$2" ]
}

check_version() {
    if is_older "$VERSION" 20.10.1; then
        finding fail VERSION "Docker $VERSION is too old: 20.10.1 and later serve" "Docker $VERSION 太旧：需要 20.10.1 或更新" "$(docker_remedy)"
    else
        finding ok DOCKER "Docker $VERSION${ENGINE:+ ($ENGINE)}" "Docker $VERSION${ENGINE:+（$ENGINE）}"
    fi
}

check_storage() {
    case $STORAGE in
    overlay2 | overlayfs | fuse-overlayfs) finding ok STORAGE "storage driver $STORAGE" "存储驱动 $STORAGE" ;;
    *) finding warn STORAGE "Docker's storage driver $STORAGE is slow and takes much disk" "Docker 存储驱动 $STORAGE 较慢，且占用大量磁盘" "docker info --format '{{.Driver}}'" ;;
    esac
}

check_rootless() {
    [ -n "$ROOTLESS" ] || return 0
    if [ "$RUNTIME" = docker ]; then
        finding fail ROOTLESS "Docker runs without root: there minikube needs the runtime containerd" "Docker 以 rootless 方式运行：minikube 需要 containerd 运行时" "curl http://$MIRROR | sh -s -- start --container-runtime=containerd"
    else
        finding warn ROOTLESS "Docker runs without root" "Docker 以 rootless 方式运行" "minikube config set rootless true"
    fi
}

check_cgroup() {
    if [ "$LIMITS" = false ]; then
        finding warn CGROUP "this kernel limits no memory (cgroup v${CGROUP:-?})" "内核不支持内存限制（cgroup v${CGROUP:-?}）" "cat /proc/cgroups"
    else
        finding ok CGROUP "cgroup v${CGROUP:-?}" "cgroup v${CGROUP:-?}"
    fi
}

check_kind() {
    case $ENGINE in
    desktop) finding ok ENGINE "Docker Desktop" "Docker Desktop" ;;
    orbstack) finding ok ENGINE "OrbStack" "OrbStack" ;;
    colima) finding ok ENGINE "Colima" "Colima" ;;
    esac
}
