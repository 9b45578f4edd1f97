# shellcheck shell=dash

# --- start: minikube, with the words of the recipe and those that were typed behind `start` ---

EXTRA= # what was typed for minikube and is none of the recipe's business
ASKED= # what was typed and decides the recipe, as a query

# read_start_words WORD…: minikube's own spelling, `--flag value` and `--flag=value`.
read_start_words() {
    local name value nodes=''
    while [ $# -gt 0 ]; do
        case $1 in
        --*=*)
            name=${1%%=*} value=${1#*=}
            ;;
        -[dnp]?*) # -n2 and -n=2
            value=${1#??}
            name=${1%"$value"} value=${value#=}
            ;;
        --driver | --vm-driver | -d | --container-runtime | --nodes | -n | --addons | --cni | --kubernetes-version | --profile | -p | \
            --image-mirror-country | --image-repository | --base-image | --binary-mirror | --registry-mirror | --preload-source)
            has_value "$@" || lacks_value "$1"
            name=$1 value=$2
            shift
            ;;
        *) name=$1 value='' ;;
        esac
        case $name in
        --driver | --vm-driver | -d) DRIVER=$value ;;
        --container-runtime) RUNTIME=$value ;;
        --nodes | -n) nodes=$value ;;
        --addons) ADDONS=${ADDONS:+$ADDONS,}$value ;;
        --cni) ASKED="$ASKED&cni=$(escaped "$value")" ;;
        --kubernetes-version) ASKED="$ASKED&kubernetes=$(escaped "$value")" ;;
        --profile | -p) PROFILE=$value ;;
        --force)
            ASKED="$ASKED&force=1"
            EXTRA="$EXTRA --force"
            ;;
        --ha)
            ASKED="$ASKED&ha=1"
            nodes=${nodes:-3}
            ;;
        --image-mirror-country | --image-repository | --base-image | --binary-mirror | --registry-mirror | --preload-source)
            tell "$name is left out: it fights the mirror" "已忽略 $name：它与镜像站冲突"
            ;;
        *) own_word "$1" || EXTRA="$EXTRA $(quoted "$1")" ;;
        esac
        shift
    done
    ASKED="$ASKED${nodes:+&nodes=$(escaped "$nodes")}"
}

# lacks_value OPTION: the end, with a value that it may have.
lacks_value() {
    case $1 in
    --driver | --vm-driver | -d) value_error "$1" start "$1" docker ;;
    --container-runtime) value_error "$1" start "$1" containerd ;;
    --nodes | -n) value_error "$1" start "$1" 2 ;;
    --addons) value_error "$1" start "$1" ingress ;;
    --cni) value_error "$1" start "$1" calico ;;
    --kubernetes-version) value_error "$1" start "$1" "${KUBERNETES:-v1.23.3}" ;;
    --profile | -p) value_error "$1" start "$1" week2 ;;
    *) value_error "$1" start ;; # it would be left out anyway
    esac
}

escaped() { printf '%s' "$1" | sed -e 's/%/%25/g' -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/#/%23/g' -e 's/ /%20/g'; }

# start_line: what starts the cluster, to be typed or run.
start_line() { printf 'env%s %s start%s%s' "$SETTINGS" "$(quoted "$MINIKUBE")" "$FLAGS" "$EXTRA"; }

start() {
    if [ ! -d "$MINI/profiles/$PROFILE" ]; then
        note_placed p "$PROFILE"
        rm -f "$HOME_DIR/reset-$PROFILE"
        [ "$COMMAND" != reset ] || : >"$HOME_DIR/reset-$PROFILE"
    fi
    printf '%s\n' "$PROFILE" >"$HOME_DIR/profile"
    # The student's own proxy stays, for everything but this room.
    if [ -n "${http_proxy:-${https_proxy:-${HTTP_PROXY:-${HTTPS_PROXY:-}}}}" ]; then
        NO_PROXY=$(direct_hosts) no_proxy=$NO_PROXY
        export NO_PROXY no_proxy
    fi
    PATH=$HOME_DIR/bin:$PATH
    eval "$(start_line)" || fail MINIKUBE "minikube did not start" "minikube 没有启动成功" "$MINIKUBE logs --profile $PROFILE --problems"
}

# fetch_seed: everything a start without a network takes, the preload too.
fetch_seed() {
    local mirrored="$SCRATCH/mirrored"
    cp "$SCRATCH/recipe" "$mirrored"
    ask_recipe "$PROFILE" seed || no_recipe "$(reason)"
    load_images
    eval "$FILES"
    eval "$SEEDS"
    keep_recipe "seed-$PROFILE"
    forget_recipe
    # shellcheck source=/dev/null # the mirror's own words
    . "$mirrored"
}

# reset: this one cluster anew, from what lies here; nothing is asked of a network.
reset() {
    local name seed
    [ -n "$PROFILE" ] || PROFILE=$(cat "$HOME_DIR/profile" 2>/dev/null) || PROFILE=minikube
    seed=$HOME_DIR/seed-$PROFILE
    [ -s "$seed" ] || no_seed
    forget_recipe
    # shellcheck source=/dev/null # the mirror's own words, kept
    . "$seed"
    [ -z "$LOADS" ] || [ "$DRIVER" != docker ] || needs_docker
    for name in $LOADS; do docker image inspect "$name" >/dev/null 2>&1 || no_seed; done
    SEED_IS_HERE=1
    eval "$(printf '%s' "$SEEDS" | sed 's/^ seed_file /has_seed /')"
    [ -n "$SEED_IS_HERE" ] || no_seed
    choose_minikube
    agreed "this deletes the cluster $PROFILE and all work in it; go on?" "将删除集群 $PROFILE 及其中的全部内容，继续吗？" ||
        fail KEPT "the cluster $PROFILE and all work in it would go" "将删除集群 $PROFILE 及其中的全部内容" "sh $HOME_DIR/setup.sh --reset --yes"
    delete_cluster "$PROFILE"
    eval "$FILES"
    start
}

# delete_cluster PROFILE: or the end, so that what else was placed is still known.
delete_cluster() {
    "$MINIKUBE" delete --profile "$1" || fail MINIKUBE "minikube did not delete $1" "minikube 未能删除 $1" "docker rm -f $1; rm -rf $MINI/profiles/$1"
}

has_seed() { holds "$MINI/$1" "$3" || SEED_IS_HERE=; }

no_seed() { fail SEED "a fresh cluster without a network takes a seed, which is not here: fetch it while the mirror is" "离线重建集群需要种子，本机还没有：请在能访问镜像站时下载" "curl http://$MIRROR | sh -s -- --with-seed"; }

# What the old nodes were given went with them; only the mirror has it.
do_reset() {
    local lacking=
    reset
    if [ "$DRIVER" = docker ] && [ -n "$PLANTS" ]; then
        if answers "$MIRROR"; then
            know_profile "$PROFILE"
            planted || lacking=1
        else
            finding warn IMAGES "the class's own images are not in the new nodes, for the mirror does not answer" "镜像站没有应答，新节点中还没有课程镜像" "sh $HOME_DIR/setup.sh plant --profile=$PROFILE"
        fi
    fi
    reset_ends
    [ -z "$lacking" ] || exit 1
}

reset_ends() {
    local others
    others=$(clusters | grep -vxF "$PROFILE" | tr '\n' ' ')
    others=${others% }
    say "The cluster $PROFILE is made anew and runs; the old one and all work in it are gone." "集群 $PROFILE 已重建并启动；旧集群及其中的全部内容已删除。"
    say "Left: $HOME_DIR, for the next --reset${others:+, and other clusters ($others)}." "予以保留：$HOME_DIR（供下次 --reset 使用）${others:+，以及其他集群（$others）}。"
    say "This starts it again, after a reboot, say:" "以后（例如重启之后）再次启动："
    printf '  → %s\n' "$(start_words)"
}
