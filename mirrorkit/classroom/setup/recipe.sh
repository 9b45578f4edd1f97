# shellcheck shell=dash

# --- recipe: what the mirror says a start needs; its answer calls the functions below ---

forget_recipe() {
    RELEASE='' KUBERNETES='' REPOSITORY='' SETTINGS='' FLAGS='' FILES='' SEEDS='' LOADS='' PLANTS='' NOTES=''
}

release() { RELEASE=$1; }
kubernetes() { KUBERNETES=$1; }
setting() {
    [ "$1" != MINIKUBE_IMAGE_REPOSITORY ] || REPOSITORY=$2
    SETTINGS="$SETTINGS $(quoted "$1=$2")"
}
flag() {
    case $1 in --image-repository=*) REPOSITORY=${1#*=} ;; esac
    FLAGS="$FLAGS $(quoted "$1")"
}
place() { FILES="$FILES place_file $(quoted "$1") $(quoted "$2")
"; }
seed() { SEEDS="$SEEDS seed_file $(quoted "$1") $(quoted "$2") $(quoted "${3:-}") $(quoted "${4:-}")
"; }
load() { LOADS="$LOADS $1"; }
# note TEXT TOPIC: kept where it matters to a student now; the nodes and the lock are told of elsewhere.
note() {
    case ${2:-} in
    lock | plants) return 0 ;;
    profile) [ -n "$OLD_PROFILE" ] || return 0 ;;
    https) [ "$COMMAND" = start ] || return 0 ;;
    esac
    NOTES="$NOTES$1
"
}

# ask_recipe PROFILE MODE: ask for it and take it in; 1 where the mirror knows none.
ask_recipe() {
    RECIPE_URL="http://$MIRROR/api/v1/minikube/flags?format=calls&arch=$ARCH&profile=$1&address=$ADDRESS&local=$LOCAL$ASKED"
    RECIPE_URL="$RECIPE_URL&driver=$(escaped "$DRIVER")&runtime=$(escaped "$RUNTIME")"
    RECIPE_URL="$RECIPE_URL${STORAGE:+&storage_driver=$STORAGE}${ROOTLESS:+&rootless=1}${2:+&mode=$2}${CHINESE:+&lang=zh}"
    ! is_root || RECIPE_URL="$RECIPE_URL&root=1"
    get "$RECIPE_URL" >"$SCRATCH/recipe" || return 1
    forget_recipe
    # shellcheck source=/dev/null # the mirror's own words
    . "$SCRATCH/recipe"
}

# reason: the sentence of a refusal, where the client shows it.
reason() {
    local status said
    status='' said=''
    [ "$CLIENT" != curl ] || said=$(direct curl -sS --max-time 20 --max-filesize 100000 "$RECIPE_URL" 2>/dev/null | head -n 2 | sed 's/^hint: /→ /' | tr '\n\t' '  ')
    [ -n "$said" ] || eval "$(headers "$RECIPE_URL")"
    printf '%s' "${said:-$status}"
}

no_recipe() {
    answers "$MIRROR" || no_mirror
    fail START "the mirror gives no start for this: $1" "镜像站没有这种启动方式：$1" "curl '$RECIPE_URL'"
}

# keep_recipe NAME: for --reset, which has no network.
keep_recipe() {
    make_folder "$HOME_DIR"
    cp "$SCRATCH/recipe" "$HOME_DIR/$1.new" && mv -f "$HOME_DIR/$1.new" "$HOME_DIR/$1"
}
