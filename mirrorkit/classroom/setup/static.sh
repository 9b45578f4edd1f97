# shellcheck shell=dash

# --- static: Docker itself, from static binaries; what takes root, and then the one who typed sudo ---

PROGRAMS=/usr/local/bin
UNIT=/etc/systemd/system/docker.service

# docker_file: the path of Docker's static binaries for this machine, where the class has them.
docker_file() {
    local path
    for path in $DOCKER_FILES; do
        case $path in
        *x86_64* | *amd64*) [ "$ARCH" != amd64 ] || echo "$path" ;;
        *aarch64* | *arm64*) [ "$ARCH" != arm64 ] || echo "$path" ;;
        *) [ "$ARCH" != amd64 ] || echo "$path" ;;
        esac
    done | head -n 1
}

# is_placed KIND WHAT: whether this script put it there.
is_placed() { grep -qxF "$1 $2" "$HOME_DIR/placed" 2>/dev/null; }

# with_docker: Docker from static binaries, started; nothing where somebody else's is here.
with_docker() {
    local path archive
    ! has docker || is_placed f $PROGRAMS/docker || return 0
    [ "$OS" = linux ] || fail DOCKER "on a Mac Docker is an application" "在 Mac 上请安装 Docker 应用" "$(docker_remedy)"
    path=$(docker_file)
    [ -n "$path" ] || fail DOCKER "the class has no docker-*.tgz for $ARCH; its teacher can add one under \`files\` in images.yaml" "课程中没有 $ARCH 的 docker-*.tgz；老师可以在 images.yaml 的 files 中添加" "$(sudo_word)apt-get install -y docker.io"
    is_root || fail DOCKER "installing Docker needs root" "安装 Docker 需要 root" "curl http://$MIRROR | sudo sh -s -- --with-docker"
    has iptables || fail IPTABLES "Docker's binaries need iptables, which is not here" "Docker 需要 iptables，本机没有" "apt-get install -y iptables"
    if ! docker version >/dev/null 2>&1; then
        archive=$HOME_DIR/docker.tgz
        fetch "http://$MIRROR/files/$path" "$archive" "$(checksum "files/$path")"
        place_docker "$archive"
        rm -f "$archive"
        join_group
        start_docker
    fi
}

# place_docker ARCHIVE: its programs, except where there is one of that name already.
place_docker() {
    local folder=$HOME_DIR/docker name
    rm -rf "$folder"
    make_folder "$folder"
    make_folder $PROGRAMS
    # The names are checked first, for tar would take the others too.
    tar -tzf "$1" | sed -n 's,^\(docker/[A-Za-z0-9._-]\{1\,64\}\)$,\1,p' >"$SCRATCH/names"
    tar -xzf "$1" -C "$HOME_DIR" -T "$SCRATCH/names" || fail UNPACK "Docker's binaries could not be unpacked" "无法解压 Docker" "df -h"
    for name in "$folder"/*; do
        if [ ! -f "$name" ] || [ -L "$name" ]; then continue; fi
        [ ! -e "$PROGRAMS/${name##*/}" ] || is_placed f "$PROGRAMS/${name##*/}" || continue
        note_placed f "$PROGRAMS/${name##*/}"
        rm -f "$PROGRAMS/${name##*/}" # it may be running
        { cp "$name" "$PROGRAMS/${name##*/}" && chmod 755 "$PROGRAMS/${name##*/}"; } ||
            fail WRITE "cannot write to $PROGRAMS" "无法写入 $PROGRAMS" "df -h $PROGRAMS"
    done
    rm -rf "$folder"
}

# join_group: the group docker, whose members may use it; in it the one who typed sudo.
join_group() {
    if ! grep -q '^docker:' /etc/group; then
        note_placed g docker
        if has groupadd; then groupadd --system docker; else addgroup -S docker; fi
    fi
    is_sudo || return 0
    ! id -nG "$SUDO_USER" 2>/dev/null | grep -qw docker || return 0
    note_placed m "$SUDO_USER"
    if has usermod; then usermod -aG docker "$SUDO_USER"; else addgroup "$SUDO_USER" docker; fi
}

start_docker() {
    local tries=0 folder
    for folder in /var/lib/docker /opt/containerd /etc/docker; do [ -e $folder ] || note_placed t $folder; done
    note_placed r dockerd
    if [ -d /run/systemd/system ]; then
        note_placed f $UNIT
        [ -e $UNIT ] || printf '[Unit]\nDescription=Docker\nAfter=network-online.target\n[Service]\nType=notify\nExecStart=%s/dockerd\nKillMode=process\nDelegate=yes\nRestart=on-failure\n[Install]\nWantedBy=multi-user.target\n' $PROGRAMS >$UNIT
        systemctl daemon-reload && systemctl enable --now docker
    else
        # A session of its own: Ctrl-C is for the script.
        setsid $PROGRAMS/dockerd >"$HOME_DIR/dockerd.log" 2>&1 </dev/null &
        tell "there is no systemd here: after a reboot this starts Docker" "本机没有 systemd：重启后用这条命令启动 Docker"
        printf '  → %s\n' "sudo sh -c 'setsid dockerd >/var/log/dockerd.log 2>&1 &'" >&2
    fi
    while ! docker version >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || fail RUNNING "Docker was installed and does not start" "Docker 已安装但无法启动" "$(if [ -e $UNIT ]; then echo "journalctl -u docker -n 20"; else echo "tail $HOME_DIR/dockerd.log"; fi)"
        sleep 1
    done
}

undo_docker() {
    local pid='' tries=0 name
    [ -n "$(placed r)" ] || return 0
    if is_placed f $UNIT; then
        systemctl disable --now docker
    else
        pid=$(cat "${DOCKER_PIDFILE:-/var/run/docker.pid}" 2>/dev/null)
        case $(cat "/proc/${pid:-none}/comm" 2>/dev/null) in dockerd) kill "$pid" ;; esac
        while [ $tries -lt 30 ] && [ "$(cat "/proc/${pid:-none}/comm" 2>/dev/null)" = dockerd ]; do
            tries=$((tries + 1))
            sleep 1
        done
    fi
    placed m | while read -r name; do if has gpasswd; then gpasswd -d "$name" docker; else delgroup "$name" docker; fi; done >/dev/null
    [ -z "$(placed g)" ] || if has groupdel; then groupdel docker; else delgroup docker; fi
    placed t | while read -r name; do
        # What Docker mounted there and left is let go first, the innermost of all.
        awk -v tree="$name" '$2 == tree || index($2, tree "/") == 1 { print $2 }' /proc/mounts | sort -r |
            while read -r place; do umount "$place" || umount -l "$place"; done
        rm -rf "$name" || stays "$name: something in it could not be removed" "$name：其中有内容无法删除"
    done
}

# --- sudo ---

is_sudo() { is_root && [ "${SUDO_USER:-root}" != root ]; }

# choose_home: behind sudo HOME may be root's or still the student's: what root places is noted at
# root's, and reported by the seat that is the student's.
choose_home() {
    if is_sudo; then
        SEAT_HOME=$(awk -F : -v user="$SUDO_USER" '$1 == user { print $6; exit }' /etc/passwd)
        HOME=$(awk -F : '$3 == 0 { print $6; exit }' /etc/passwd)
    fi
    HOME_DIR=${HOME:-/root}/.mirrorkit
}

# hand_back WORD…: behind sudo root does what takes root; the rest is done as the one who typed it,
# in that home, and anew, so that the group docker counts already.
hand_back() {
    local word words='' status=0
    if ! is_sudo || [ "$DRIVER" = none ] || ! has su; then return 0; fi
    if [ "$COMMAND" != check ] && [ "$COMMAND" != uninstall ]; then
        [ -z "$WITH_DOCKER" ] || with_docker
        use_relay_that_is
        [ -z "$WITH_MIRROR" ] || with_docker_mirror
    fi
    for word; do case $word in --with-docker | --with-docker-mirror) ;; *) words="$words $(quoted "$word")" ;; esac; done
    tell "the rest is done as $SUDO_USER, who needs no root for it" "其余部分以 $SUDO_USER 的身份进行，不需要 root"
    get "http://$MIRROR/setup.sh" >"$SCRATCH/setup.sh"
    su -s /bin/sh "$SUDO_USER" -c "cd && sh -s --$words" <"$SCRATCH/setup.sh" || status=$?
    if is_placed m "$SUDO_USER"; then
        tell "$SUDO_USER is in the group docker now: log in again, or type newgrp docker" "$SUDO_USER 已加入 docker 组：请重新登录，或者执行 newgrp docker"
    fi
    if [ "$COMMAND" != uninstall ] || [ $status != 0 ]; then exit $status; fi
}
