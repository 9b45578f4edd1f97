# shellcheck shell=dash

# --- nodes: images that a node's runtime would fetch from the internet, put there beforehand ---
# mirror → pulled in the node as ADDRESS/HOST/PATH:TAG → tagged with the name that lessons use

LANES=3  # pulls at a time
PULL=900 # seconds that one may take
PLANTS=

# plant NAME: what a recipe says of each such image.
plant() { PLANTS="$PLANTS $1"; }

# plant_images ADDRESS [PROFILE]: each of $PLANTS into each running node of one profile or of all.
# What is there with the mirror's bytes costs one small request. 1 where something failed, each told.
plant_images() {
    local nodes work total status
    [ -n "$PLANTS" ] || return 0
    nodes=$(running_nodes "${2:-}")
    [ -n "$nodes" ] || fail NODE "no node of minikube is running" "没有正在运行的 minikube 节点" "minikube start"
    mkdir -p "$HOME_DIR"
    work=$HOME_DIR/plant.$$
    planned "$nodes" >"$work"
    : >"$work.done"
    total=$(grep -c . "$work")
    plant_lanes "$1" "$work" &
    CHILD=$!
    while kill -0 $CHILD 2>/dev/null; do
        plant_progress "$total" "$work.done"
        sleep 1
    done
    wait $CHILD
    CHILD=
    progress_ends
    plant_report "$total" "$work.done"
    status=$?
    rm -f "$work" "$work.done"
    return $status
}

# running_nodes [PROFILE]: minikube's containers, a name a line: PROFILE, PROFILE-m02 …
running_nodes() {
    docker ps --filter label=created_by.minikube.sigs.k8s.io=true --format '{{.Names}}' 2>/dev/null | while read -r node; do
        case $node in
        "${1:-$node}") echo "$node" ;;
        "${1:-}"-m[0-9][0-9] | "${1:-}"-m[0-9][0-9][0-9]) echo "$node" ;;
        esac
    done
}

# planned NODES: `NODE NAME` a line, and a sentence for each name that does not serve so.
planned() {
    local name node
    for name in $PLANTS; do
        case $name in
        *@*)
            tell "$name: asked for by digest, so no node can be given it beforehand" "$name：按摘要引用，无法预先放入节点"
            continue
            ;;
        *:latest) tell "$name: needs imagePullPolicy: IfNotPresent, for :latest is asked of the internet each time" "$name：需要 imagePullPolicy: IfNotPresent，否则 :latest 每次都会上网拉取" ;;
        esac
        for node in $1; do echo "$node $name"; done
    done
}

# plant_lanes ADDRESS WORK: the work in $LANES lanes, each done line into WORK.done.
plant_lanes() {
    local lane=0 pids=
    while [ $lane -lt $LANES ]; do
        awk -v lane=$lane -v lanes=$LANES 'NR % lanes == lane' "$2" | while read -r node name; do
            plant_one "$node" "$name" "$1" >>"$2.done"
        done &
        pids="$pids $!"
        lane=$((lane + 1))
    done
    # shellcheck disable=SC2064,SC2086 # the pids of now
    trap "kill $pids 2>/dev/null; exit 143" TERM
    wait
}

# In the node: $1 is what to pull, $2 what to call it. An image that is there serves though the
# mirror is away.
# shellcheck disable=SC2016
IN_NODE='
if systemctl is-active --quiet docker; then
    timeout "$3" docker pull --quiet "$1" && docker tag "$1" "$2" || docker image inspect "$2"
elif systemctl is-active --quiet containerd; then
    export CONTAINERD_NAMESPACE=k8s.io
    timeout "$3" ctr images pull --plain-http "$1" && ctr images tag --force "$1" "$2" || ctr images list --quiet "name==$2" | grep .
else
    echo "neither docker nor containerd runs in this node" >&2
    exit 1
fi >/dev/null'

# plant_one NODE NAME ADDRESS: one line, `ok NODE NAME` or `failed NODE NAME WHY`.
plant_one() {
    local why
    # Standard input is the list of what is left to do.
    if why=$(docker exec "$1" sh -c "$IN_NODE" plant "$3/$2" "$2" $PULL </dev/null 2>&1); then
        echo "ok $1 $2"
    else
        echo "failed $1 $2 $(printf '%s' "$why" | tr '\n\t' '  ' | tail -c 3000)"
    fi
}

plant_progress() {
    [ ! -t 2 ] || printf '\r\033[K  %s / %s' "$(grep -c . "$2")" "$1" >&2
}

# plant_report TOTAL DONE: what is in the nodes now, and a sentence for each that is not.
plant_report() {
    local ready
    ready=$(grep -c '^ok ' "$2")
    say "$ready of $1 images are in the nodes; pods want imagePullPolicy IfNotPresent for them" "节点中已有 $ready / $1 个镜像；Pod 的 imagePullPolicy 须为 IfNotPresent"
    [ "$ready" != "$1" ] || return 0
    grep '^failed ' "$2" | while read -r _ node name why; do
        case $why in
        *'not found'* | *'manifest unknown'*) tell "$node: the mirror has no $name; teacher: mirrorkit sync" "$node：镜像站没有 $name；教师可运行 mirrorkit sync" ;;
        *'HTTP response to HTTPS'*) tell "$node: was started without --insecure-registry for the mirror, so not $name" "$node：启动时没有对镜像站使用 --insecure-registry，无法拉取 $name" ;;
        *)
            why=$(printf '%s' "$why" | tail -c 300)
            tell "$node: $name: $why" "$node：$name：$why"
            ;;
        esac
    done
    return 1
}

# do_plant: into the nodes of the profile that was named, else of each that runs.
do_plant() {
    local name names lacking='' driver
    driver=$(config_of "${PROFILE:-minikube}" Driver)
    [ "${driver:-$DRIVER}" != docker ] || needs_docker
    names=${PROFILE:-$(running_nodes | sed 's/-m[0-9]\{2,3\}$//' | sort -u)}
    for name in ${names:-minikube}; do
        forget_recipe
        know_profile "$name"
        if [ "$DRIVER" != docker ]; then
            tell "$name has the driver $DRIVER: only nodes of the driver docker can be given images" "$name 使用 $DRIVER 驱动：只有 docker 驱动的节点可以放入镜像"
        fi
        planted || lacking=1
    done
    [ -z "$lacking" ] || exit 1
}

# know_profile NAME: its own driver, runtime and address of the mirror, whatever was typed.
know_profile() {
    local driver runtime repository
    driver=$(config_of "$1" Driver) runtime=$(config_of "$1" ContainerRuntime) repository=$(config_of "$1" ImageRepository)
    PROFILE=$1 DRIVER=${driver:-$DRIVER} RUNTIME=${runtime:-$RUNTIME}
    ADDRESS=${repository%/k8s}
    if [ "$ADDRESS" = "$repository" ] || ! answers "$ADDRESS"; then
        ADDRESS=$MIRROR
        use_relay_that_is
    fi
}

# planted: whether the nodes have all of the class's images now; where not, that is said.
planted() {
    [ "$DRIVER" = docker ] || return 0
    [ -n "$RELEASE" ] || ask_recipe "$PROFILE" '' || no_recipe "$(reason)"
    ! plant_images "$ADDRESS" "$PROFILE" || return 0
    finding warn IMAGES "minikube runs, and some of the class's images are not in its nodes" "minikube 已运行，但部分课程镜像未能放入节点" "curl http://$MIRROR | sh -s -- plant${PROFILE:+ --profile=$PROFILE}"
    return 1
}
