# shellcheck shell=dash

# --- install: programs, kicbase, files and seeds; what is there and right is left as it is ---

install_all() {
    keep_script
    install_programs
    load_images
    eval "$FILES"
    eval "$SEEDS"
}

# keep_script: a copy, so that --reset needs no network.
keep_script() {
    make_folder "$HOME_DIR"
    get "http://$MIRROR/setup.sh" >"$HOME_DIR/setup.new" && mv -f "$HOME_DIR/setup.new" "$HOME_DIR/setup.sh"
    rm -f "$HOME_DIR/setup.new"
}

install_programs() {
    install_program minikube "files/minikube/$RELEASE/minikube-$OS-$ARCH" "$RELEASE"
    install_program kubectl "files/k8s-release/$KUBERNETES/bin/$OS/$ARCH/kubectl" "$KUBERNETES"
    choose_minikube
}

# install_program NAME PATH VERSION: into ~/.mirrorkit/bin, unless this very version is here already;
# then ours goes, which may be last week's and would come first.
install_program() {
    local there sha
    there=$(command -v "$1") || there=
    case $there in
    '' | "$HOME_DIR"/*) ;;
    *)
        if [ "$(version_of "$there")" = "$3" ]; then
            rm -f "$HOME_DIR/bin/$1"
            return 0
        fi
        ;;
    esac
    sha=$(checksum "$2")
    if [ -z "$sha" ]; then
        [ "$1" = minikube ] || return 0 # `minikube kubectl` serves as well
        [ -x "$HOME_DIR/bin/$1" ] || fail MINIKUBE "the class has no $1 $3 for $OS/$ARCH" "课程中没有 $OS/$ARCH 的 $1 $3" "curl http://$MIRROR/$2"
        return 0
    fi
    fetch "http://$MIRROR/$2" "$HOME_DIR/bin/$1" "$sha"
    chmod 755 "$HOME_DIR/bin/$1"
}

# checksum PATH: what the mirror says a file hashes to; empty where it has no such file.
checksum() { get "http://$MIRROR/$1.sha256" | sed -n 's/^\([0-9a-f]\{64\}\).*$/\1/p' | head -n 1; }

choose_minikube() {
    if [ -x "$HOME_DIR/bin/minikube" ]; then MINIKUBE=$HOME_DIR/bin/minikube; else MINIKUBE=minikube; fi
}

load_images() {
    local name
    for name in $LOADS; do load_image "$name"; done
}

# engine_word DRIVER: what runs the nodes; minikube itself takes podman by sudo where that asks nothing.
engine_word() {
    if [ "$1" != podman ]; then echo docker; elif ! is_root && sudo -n podman version >/dev/null 2>&1; then
        echo sudo -n podman
    else
        echo podman
    fi
}

# shellcheck disable=SC2086 # words
# load_image NAME: into Docker or podman, unless it has it with the right id; the archive goes again.
load_image() {
    local url file had ids etag status size date engine kind=i
    engine=$(engine_word "$DRIVER")
    [ "$DRIVER" != podman ] || kind=o
    ids='' etag=''
    url="http://$MIRROR/archives/$1.tar?platform=linux/$ARCH"
    had=$($engine image inspect --format '{{.Id}}' "$1" 2>/dev/null)
    eval "$(headers "$url")"
    case " $ids " in *" ${had:-none} "* | *" sha256:${had:-none} "*) return 0 ;; esac # podman leaves sha256: away
    say "kicbase: downloading and loading it into ${engine##* }" "kicbase：下载并载入 ${engine##* }"
    file=$HOME_DIR/partial/$(printf '%s' "$etag" | tr -c 'A-Za-z0-9.' _).tar # kept while it is loaded
    fetch "$url" "$file" ''
    [ -n "$had" ] || note_placed $kind "$1"
    $engine load --quiet --input "$file" >/dev/null </dev/null || fail LOAD "${engine##* } could not load $1" "${engine##* } 无法载入 $1" "df -h"
    rm -f "$file"
}

# place_file PATH TEXT: below minikube's folder.
place_file() {
    local file
    file=$MINI/$1
    make_folder "${file%/*}"
    ! printf '%s' "$2" | cmp -s - "$file" || return 0
    note_placed f "$file"
    printf '%s' "$2" >"$file" || unwritable "$file"
}

# seed_file PATH URL_PATH SHA256 EXECUTABLE: a download into minikube's cache.
seed_file() {
    fetch "http://$MIRROR$2" "$MINI/$1" "$3"
    [ -z "$4" ] || chmod 755 "$MINI/$1"
}
