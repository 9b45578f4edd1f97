# shellcheck shell=dash

# --- uninstall: what was placed goes; what went, what stays and why is said in the end ---

uninstall() {
    local profiles again=
    profiles=$(placed p | tr '\n' ' ')
    if [ -n "$profiles" ] && ! agreed "this deletes the clusters ${profiles% } and all work in them; go on?" "将删除集群 ${profiles% } 及其中的全部内容，继续吗？"; then
        fail KEPT "the clusters ${profiles% } were made by this script, and would go too" "集群 ${profiles% } 由本脚本创建，卸载会一并删除" "sh $HOME_DIR/setup.sh --uninstall --yes"
    fi
    if [ -n "$(placed r)" ] && ! agreed "this removes the Docker that this script installed, with all its images and containers; go on?" "将移除本脚本安装的 Docker，包括其中的所有镜像和容器，继续吗？"; then
        fail KEPT "the Docker that this script installed would go, with all that is in it" "本脚本安装的 Docker 及其中的全部内容会一并删除" "curl http://$MIRROR | sudo sh -s -- --uninstall --yes"
    fi
    [ -z "$(placed r)" ] || again=--with-docker
    : >"$SCRATCH/went"
    : >"$SCRATCH/stays"
    drop_clusters "$profiles"
    drop_relayed
    drop_images i Docker docker
    drop_images o podman podman
    drop_settings
    drop_docker
    drop_files
    drop_home
    uninstall_ends $again
}

# went EN ZH, stays EN ZH: a line of the end.
went() { say "  $1" "  $2" >>"$SCRATCH/went"; }
stays() { say "  $1" "  $2" >>"$SCRATCH/stays"; }

# drop_clusters PROFILES: those of this script; the student's own are not touched.
drop_clusters() {
    local name
    choose_minikube
    for name in $1; do
        [ -d "$MINI/profiles/$name" ] || continue
        delete_cluster "$name"
        went "the cluster $name" "集群 $name"
    done
}

# drop_relayed: relay and network.
drop_relayed() {
    local before
    has docker || return 0
    before=$(relay_gateway)
    remove_relay
    [ -n "$before" ] || return 0
    if [ -z "$(relay_gateway)" ]; then went "the relay" "中继"; else
        stays "Docker's network $NETWORK: a container uses it" "Docker 网络 $NETWORK：有容器正在使用"
    fi
}

# shellcheck disable=SC2086 # words
# drop_images KIND ENGINE PROGRAM: those that this script loaded, where nothing uses them.
drop_images() {
    local engine there=1
    [ -n "$(placed "$1")" ] || return 0
    engine=$(engine_word "$3")
    bounded 20 $engine version >/dev/null 2>&1 || there=
    placed "$1" | while read -r name; do
        if [ -z "$there" ]; then
            stays "the image $name: $2 does not answer" "镜像 $name：$2 没有应答"
        elif ! $engine image inspect "$name" >/dev/null 2>&1; then
            continue
        elif $engine image rm "$name" >/dev/null 2>&1; then
            went "the image $name" "镜像 $name"
        else
            stays "the image $name: a container uses it" "镜像 $name：有容器正在使用"
        fi
    done
}

# drop_settings: Docker's; those that the student placed with sudo are root's to take away.
drop_settings() {
    local undo
    if [ -n "$(placed b)" ]; then
        undo_docker_mirror
        went "the mirror in $DAEMON" "$DAEMON 中的镜像站"
    elif [ -e "$HOME_DIR/daemon.json" ] && cmp -s "$HOME_DIR/daemon.json" "$DAEMON"; then
        undo="sudo rm $DAEMON"
        [ ! -e "$DAEMON.mirrorkit-backup" ] || undo="sudo mv -f $DAEMON.mirrorkit-backup $DAEMON"
        stays "the mirror in $DAEMON: it takes root, by: $undo" "$DAEMON 中的镜像站：需要 root，请执行：$undo"
    fi
}

drop_docker() {
    [ -n "$(placed r)" ] || return 0
    undo_docker
    went "Docker, with all that was in it" "Docker 及其中的全部内容"
}

drop_files() {
    local count
    placed f >"$SCRATCH/files"
    count=$(while read -r file; do [ ! -e "$file" ] || echo; rm -f "$file"; done <"$SCRATCH/files" | wc -l | tr -d ' ')
    case $count in
    0) ;;
    1) went "1 file elsewhere" "别处的 1 个文件" ;;
    *) went "$count files elsewhere" "别处的 $count 个文件" ;;
    esac
    # The innermost come first, and where one stays so do those around it.
    placed d | while read -r folder; do
        rmdir "$folder" 2>/dev/null || [ ! -d "$folder" ] || grep -qF "  $folder/" "$SCRATCH/stays" ||
            stays "$folder: what is in it was not placed by this script" "$folder：其中的内容不是本脚本放置的"
    done
    clusters | while read -r name; do stays "the cluster $name: this script did not make it" "集群 $name：不是本脚本创建的"; done
}

drop_home() {
    let_go # an empty one goes with the lock
    [ -d "$HOME_DIR" ] || return 0
    went "$HOME_DIR, with programs, downloads and settings" "$HOME_DIR：程序、下载和设置"
    rm -rf "$HOME_DIR"
}

# uninstall_ends WORD…: what went, what stays, and the line that begins again with these words.
uninstall_ends() {
    if is_sudo && ! grep -q . "$SCRATCH/went" "$SCRATCH/stays"; then return 0; fi # the student's was all
    if [ -s "$SCRATCH/went" ]; then
        say "Removed:" "已移除："
        cat "$SCRATCH/went"
    else
        say "There was nothing here that this script had placed." "这里没有本脚本放置的任何东西。"
    fi
    if [ -s "$SCRATCH/stays" ]; then
        say "Left:" "予以保留："
        cat "$SCRATCH/stays"
    fi
    say "This begins again:" "从头再来："
    printf '  → %s\n' "$(line_with "$@")"
}
