# shellcheck shell=dash

# --- machine: is it big enough, and what is it ---

MB_WANTED=1800      # minikube's minimum (start_flags.go, minUsableMem)
DISK_MB_WANTED=3000 # kicbase, its archive while it is loaded, and a small cluster

check_machine() {
    check_system
    check_cpus
    check_memory
    check_disk
    check_root
    check_virtualization
}

# choose_platform: OS and ARCH as Go names them, and WSL where that is what this is.
choose_platform() {
    OS=$(uname -s | tr '[:upper:]' '[:lower:]')
    case $(uname -m) in
    x86_64 | amd64) ARCH=amd64 ;;
    aarch64 | arm64) ARCH=arm64 ;;
    *) ARCH=$(uname -m) ;;
    esac
    WSL=
    if grep -qi microsoft /proc/sys/kernel/osrelease 2>/dev/null; then
        case $(cat /proc/sys/kernel/osrelease) in *WSL2* | *microsoft-standard*) WSL=2 ;; *) WSL=1 ;; esac
    fi
    case ${MINIKUBE_HOME:-} in
    '') MINI=${HOME:-/root}/.minikube ;;
    */.minikube) MINI=$MINIKUBE_HOME ;;
    *) MINI=$MINIKUBE_HOME/.minikube ;;
    esac
}

check_system() {
    case $OS in
    linux | darwin) ;;
    *)
        finding fail OS "$OS cannot run this; WSL2 can" "$OS 不能运行，请使用 WSL2" "wsl --install"
        return
        ;;
    esac
    case $ARCH in
    amd64 | arm64) ;;
    *)
        finding fail OS "there is no minikube for $ARCH" "minikube 不支持 $ARCH" "uname -m"
        return
        ;;
    esac
    case $WSL in
    1) finding fail WSL "this is WSL 1, which runs no Docker" "这是 WSL 1，不能运行 Docker" "wsl --set-version ${WSL_DISTRO_NAME:-Ubuntu} 2" ;;
    2) finding ok OS "$OS/$ARCH, WSL2" "$OS/$ARCH，WSL2" ;;
    *) finding ok OS "$OS/$ARCH" "$OS/$ARCH" ;;
    esac
}

# cpus: those we may use; getconf counts what taskset and cpusets keep from us, too.
cpus() { OMP_NUM_THREADS='' OMP_THREAD_LIMIT='' nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 0; }

memory_mb() {
    if [ -r /proc/meminfo ]; then
        sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo | { read -r kb && echo $((kb / 1024)); }
    else
        echo $(($(sysctl -n hw.memsize 2>/dev/null || echo 0) / 1048576))
    fi
}

check_cpus() {
    local count
    count=${ENGINE_CPUS:-$(cpus)}
    if [ "$count" -ge 2 ]; then finding ok CPU "$count CPUs" "$count 个 CPU"; else
        finding fail CPU "$count CPU, and Kubernetes needs 2: give this machine one more" "只有 $count 个 CPU，Kubernetes 需要 2 个：请为虚拟机增加 CPU" "nproc"
    fi
}

check_memory() {
    local mb
    mb=${ENGINE_MB:-$(memory_mb)}
    if [ "$mb" -ge "$MB_WANTED" ]; then finding ok MEM "$mb MB of memory" "内存 $mb MB"; else
        finding fail MEM "$mb MB of memory, and Kubernetes needs 2 GB" "内存只有 $mb MB，Kubernetes 需要 2 GB" "free -m"
    fi
}

# free_mb FOLDER: of the file system that it, or its nearest parent that is there, lies on.
free_mb() {
    local folder="$1"
    while [ ! -d "$folder" ] && [ -n "${folder%/*}" ]; do folder=${folder%/*}; done
    df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }'
}

check_disk() {
    local folder mb
    for folder in "${HOME:-/root}" "${ENGINE_ROOT:-}"; do
        [ -n "$folder" ] || continue
        mb=$(free_mb "$folder")
        [ -n "$mb" ] || continue
        if [ "$mb" -lt "$DISK_MB_WANTED" ]; then
            finding fail DISK "$mb MB free below $folder, and it takes $DISK_MB_WANTED" "$folder 只剩 $mb MB，需要 $DISK_MB_WANTED MB" "docker system prune"
            return
        fi
    done
    finding ok DISK "the disk has room" "磁盘空间足够"
}

is_root() { [ "$(id -u)" = 0 ]; }

check_root() {
    if ! is_root; then finding ok ROOT "not root" "不是 root"; else
        case $DRIVER in
        none) finding ok ROOT "root, as the driver none wants it" "root，none 驱动需要" ;;
        *) finding warn ROOT "minikube does not like root with the driver $DRIVER: it is given --force" "minikube 不建议用 root 运行 $DRIVER 驱动：已加上 --force" "useradd -m -s /bin/bash -G docker student && su - student" ;;
        esac
    fi
}

# Only a driver that makes virtual machines wants it.
check_virtualization() {
    case $DRIVER in docker | podman | none | ssh) return 0 ;; esac
    [ "$OS" = linux ] || return 0
    if grep -qE '(vmx|svm)' /proc/cpuinfo 2>/dev/null || [ -e /dev/kvm ]; then
        finding ok VIRT "virtualization is on" "已开启虚拟化"
    else
        finding fail VIRT "the driver $DRIVER needs virtualization, which is off here" "$DRIVER 驱动需要虚拟化，当前未开启" "curl http://$MIRROR | sh -s -- start --driver=docker"
    fi
}
