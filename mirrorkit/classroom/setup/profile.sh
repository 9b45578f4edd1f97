# shellcheck shell=dash

# --- profile: minikube's old clusters, which keep the mirror they were made with ---

OLD_PROFILE= # whether there is one

# config_of PROFILE KEY: a text in its config.json.
config_of() { sed -n "s/^[[:space:]]*\"$2\": \"\([^\"]*\)\".*/\1/p" "$MINI/profiles/$1/config.json" 2>/dev/null | head -n 1; }

# clusters: the names of those that are here.
clusters() {
    local file
    for file in "$MINI"/profiles/*/config.json; do
        [ -f "$file" ] || continue
        file=${file%/config.json}
        printf '%s\n' "${file##*/}"
    done
}

# fits PROFILE: whether it is new, or was made for this mirror, this Kubernetes, driver and runtime.
fits() {
    [ -f "$MINI/profiles/$1/config.json" ] || return 0
    is_of_mirror "$1" && [ "$(config_of "$1" KubernetesVersion)" = "$KUBERNETES" ] &&
        is_or_none "$(config_of "$1" Driver)" "$DRIVER" && is_or_none "$(config_of "$1" ContainerRuntime)" "$RUNTIME"
}

# is_of_mirror PROFILE: one that --reset made from a seed names no repository.
is_of_mirror() {
    local repository
    repository=$(config_of "$1" ImageRepository)
    [ "$repository" = "$REPOSITORY" ] || { [ -z "$repository" ] && [ -e "$HOME_DIR/reset-$1" ]; }
}

is_or_none() { [ -z "$1" ] || [ "$1" = "$2" ]; }

# fitting: the name of the profile that was asked for, else of the first of ours that fits.
fitting() {
    local name=minikube next=mirrorkit number=2
    if [ -n "$PROFILE" ]; then name=$PROFILE; else
        until fits "$name" || [ $number -gt 99 ]; do name=$next next=mirrorkit-$number number=$((number + 1)); done
    fi
    printf '%s' "$name"
}

# choose_profile: that one, whose recipe is read; what it must fit is said by the usual one's.
choose_profile() {
    local name
    ask_recipe "${PROFILE:-minikube}" '' || no_recipe "$(reason)"
    name=$(fitting)
    [ "$name" = "${PROFILE:-minikube}" ] || ask_recipe "$name" '' || no_recipe "$(reason)"
    fits "$name" || tell "the profile $name keeps its old settings" "配置 $name 会保留旧的设置"
    PROFILE=$name
    keep_recipe "start-$PROFILE"
}

# check_profiles: no verdict where Docker, and so the relay's address, is not known.
check_profiles() {
    local name beside
    case "$FAILED " in *' DOCKER '* | *' RUNNING '* | *' GROUP '*) return 0 ;; esac
    beside=$(fitting)
    clusters >"$SCRATCH/clusters"
    while read -r name; do check_profile "$name" "$beside"; done <"$SCRATCH/clusters"
}

# check_profile NAME BESIDE: and what is started where it does not fit.
check_profile() {
    if fits "$1"; then
        finding ok PROFILE "the profile $1 fits this mirror" "配置 $1 适用于本镜像站"
        return
    fi
    OLD_PROFILE=1
    if [ "$1" = "$2" ]; then
        finding warn PROFILE "the profile $1 keeps its old settings" "配置 $1 会保留旧的设置" "minikube delete --profile $(quoted "$1")"
    else
        finding warn PROFILE "the profile $1 keeps its old settings, so $2 is started beside it" "配置 $1 会保留旧的设置，因此启动旁边的 $2" "minikube delete --profile $(quoted "$1")"
    fi
}

# version_of PROGRAM: as v1.25.2; empty where it is not here or says nothing.
version_of() {
    case $1 in
    *minikube) bounded 20 "$1" version 2>/dev/null ;;
    *) bounded 20 "$1" version --client 2>/dev/null ;;
    esac | grep -o 'v[0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*' | head -n 1
}

# check_programs: what else is on the PATH and would be taken for ours.
check_programs() {
    local name there wanted version
    for name in minikube kubectl; do
        there=$(command -v "$name") || continue
        case $there in "$HOME_DIR"/*) continue ;; esac
        wanted=$RELEASE
        [ $name = minikube ] || wanted=$KUBERNETES
        version=$(version_of "$there")
        if [ "$version" = "$wanted" ]; then finding ok "$(code_of $name)" "$name $version" "$name $version"; else
            finding warn "$(code_of $name)" "$there is ${version:-another}, the class has $wanted: it is left alone, and ours is in $HOME_DIR/bin" "$there 的版本是 ${version:-未知}，课程使用 $wanted：保留原样，课程的在 $HOME_DIR/bin" "export PATH=$HOME_DIR/bin:\$PATH"
        fi
    done
}

code_of() { printf '%s' "$1" | tr '[:lower:]' '[:upper:]'; }
