# shellcheck shell=dash

# --- docker: its configuration, changed only when asked ---

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
