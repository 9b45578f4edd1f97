# shellcheck shell=dash

# --- docker: its configuration, changed only when asked, and Docker itself from static binaries ---

DAEMON=/etc/docker/daemon.json

with_docker_mirror() {
    local new="$HOME_DIR/daemon.json" there
    there="http://$ADDRESS"
    if grep -qsF "\"$there\"" "$DAEMON" && grep -qsF "\"$ADDRESS\"" "$DAEMON"; then return 0; fi
    if ! merged "$there" "$ADDRESS" >"$new" || [ ! -s "$new" ]; then
        rm -f "$new"
        fail MERGE "$DAEMON already names mirrors, and neither python3 nor jq is here to add one" "$DAEMON 已有相关设置，且没有 python3 或 jq 可用来合并" "$(sudo_word)apt-get install -y jq"
    fi
    if [ -n "$(docker ps -q --filter label=created_by.minikube.sigs.k8s.io=true 2>/dev/null)" ] && ! agreed "a node of minikube is running; reload Docker's configuration all the same?" "minikube 节点正在运行；仍要重新载入 Docker 配置吗？"; then
        fail NODE "a node of minikube is running: Docker was left as it is" "minikube 节点正在运行：没有改动 Docker" "minikube stop"
    fi
    if ! is_root; then
        tell "Docker's configuration belongs to root; this one command changes it:" "Docker 的配置属于 root；请执行这一条命令："
        printf '  → %s\n' "sudo cp -n $DAEMON $DAEMON.mirrorkit-backup; sudo install -D -m 644 $new $DAEMON && sudo pkill -HUP -x dockerd" >&2
        return 0
    fi
    make_folder "${DAEMON%/*}"
    note_placed b "$DAEMON"
    if [ -e "$DAEMON" ] && [ ! -e "$DAEMON.mirrorkit-backup" ]; then
        cp -p "$DAEMON" "$DAEMON.mirrorkit-backup" || unwritable "$DAEMON.mirrorkit-backup"
    fi
    cat "$new" >"$DAEMON" || unwritable "$DAEMON"
    reload_docker
    say "Docker asks the mirror for docker.io from now on" "Docker 今后从镜像站拉取 docker.io"
}

# merged URL HOST: daemon.json with both added.
merged() {
    if [ ! -s "$DAEMON" ] || [ "$(tr -d '[:space:]' <"$DAEMON")" = '{}' ]; then
        printf '{\n  "registry-mirrors": ["%s"],\n  "insecure-registries": ["%s"]\n}\n' "$1" "$2"
    elif has jq; then
        jq --arg url "$1" --arg host "$2" '."registry-mirrors" = ([$url] + ((."registry-mirrors" // []) - [$url])) | ."insecure-registries" = ([$host] + ((."insecure-registries" // []) - [$host]))' "$DAEMON"
    elif has python3; then
        python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
for key, value in zip(("registry-mirrors", "insecure-registries"), sys.argv[2:]):
    d[key] = [value] + [one for one in d.get(key, []) if one != value]
print(json.dumps(d, indent=2))' "$DAEMON" "$1" "$2"
    elif ! grep -qE '"(registry-mirrors|insecure-registries)"' "$DAEMON"; then
        awk -v url="$1" -v host="$2" '!done && /{/ { sub(/{/, "{\n  \"registry-mirrors\": [\"" url "\"],\n  \"insecure-registries\": [\"" host "\"],"); done = 1 } { print }' "$DAEMON"
    else
        return 1
    fi
}

# Both settings are among those that Docker takes in on SIGHUP, without a restart.
reload_docker() {
    local pid
    pid=$(cat "${DOCKER_PIDFILE:-/var/run/docker.pid}" 2>/dev/null) || return 0
    kill -HUP "$pid" 2>/dev/null || :
}

undo_docker_mirror() {
    local file
    file=$(placed b | head -n 1)
    [ -n "$file" ] || return 0
    if [ -e "$file.mirrorkit-backup" ]; then mv -f "$file.mirrorkit-backup" "$file"; else rm -f "$file"; fi
    reload_docker
}

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

# with_docker: Docker from static binaries into /usr/local/bin, started; nothing where one is here.
with_docker() {
    local path archive sha name
    ! has docker || return 0
    [ "$OS" = linux ] || fail DOCKER "on a Mac Docker is an application" "在 Mac 上请安装 Docker 应用" "$(docker_remedy)"
    path=$(docker_file)
    [ -n "$path" ] || fail DOCKER "the class has no docker-*.tgz for $ARCH; its teacher can add one under \`files\` in images.yaml" "课程中没有 $ARCH 的 docker-*.tgz；老师可以在 images.yaml 的 files 中添加" "$(sudo_word)apt-get install -y docker.io"
    is_root || fail DOCKER "installing Docker needs root" "安装 Docker 需要 root" "curl http://$MIRROR | sudo sh -s -- --with-docker"
    sha=$(checksum "files/$path")
    archive=$HOME_DIR/docker.tgz
    fetch "http://$MIRROR/files/$path" "$archive" "$sha"
    make_folder /usr/local/bin
    for name in $(tar -tzf "$archive" | sed -n 's,^docker/\([A-Za-z0-9._-]\{1\,64\}\)$,\1,p'); do
        [ ! -e "/usr/local/bin/$name" ] || continue
        note_placed f "/usr/local/bin/$name"
        tar -xzOf "$archive" "docker/$name" >"/usr/local/bin/$name" && chmod 755 "/usr/local/bin/$name"
    done
    rm -f "$archive"
    start_docker
}

start_docker() {
    local unit=/etc/systemd/system/docker.service tries=0
    if [ -d /run/systemd/system ]; then
        note_placed f $unit
        [ -e $unit ] || printf '[Unit]\nDescription=Docker\nAfter=network-online.target\n[Service]\nType=notify\nExecStart=/usr/local/bin/dockerd\nKillMode=process\nDelegate=yes\nRestart=on-failure\n[Install]\nWantedBy=multi-user.target\n' >$unit
        systemctl daemon-reload && systemctl enable --now docker
    else
        nohup dockerd >"$HOME_DIR/dockerd.log" 2>&1 </dev/null &
    fi
    while ! docker version >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || fail RUNNING "Docker was installed and does not start" "Docker 已安装但无法启动" "tail $HOME_DIR/dockerd.log"
        sleep 1
    done
}
