# shellcheck shell=dash

# --- fetch: what comes from the mirror, by curl, GNU wget or busybox's ---

WAIT=${MIRRORKIT_WAIT:-1800} # seconds to wait for a mirror that went away
SILENCE=20                   # seconds without a byte until a download counts as broken off

has() { command -v "$1" >/dev/null 2>&1; }

# The mirror is in the room: no proxy leads there.
direct() { http_proxy='' HTTP_PROXY='' all_proxy='' ALL_PROXY='' "$@"; }

choose_client() {
    if has curl; then CLIENT=curl; elif has wget; then CLIENT=wget; else
        fail FETCH "neither curl nor wget is here" "没有 curl 也没有 wget" "sudo apt-get install -y curl"
    fi
}

# get URL: its body on standard output; bounded to a minute and a little text.
get() {
    case $CLIENT in
    curl) direct curl -fsS --connect-timeout 10 --max-time 60 --max-filesize 4000000 "$1" ;;
    wget) direct wget -q -T 20 -O - "$1" ;;
    esac
}

# headers URL: what a HEAD answers, as `status`, `size` (bytes) and `etag`; empty when nobody does.
headers() {
    case $CLIENT in
    curl) direct curl -sSI --connect-timeout 10 --max-time 30 "$1" 2>/dev/null ;;
    wget) direct wget -S --spider -T 20 -O /dev/null "$1" 2>&1 ;;
    esac | tr -d '\r' | sed -n \
        -e 's,^.*HTTP/1\.[01] \([0-9][0-9][0-9]\).*,status=\1,p' \
        -e 's,^ *[Cc]ontent-[Ll]ength: *\([0-9]*\)$,size=\1,p' \
        -e 's,^ *[Ee][Tt]ag: *"\([A-Za-z0-9:._-]*\)"$,etag=\1,p'
}

sha256_of() {
    if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

bytes_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# holds FILE SHA256: whether it is there and right; without a hash being there is enough.
holds() { [ -f "$1" ] && { [ -z "$2" ] || [ "$(sha256_of "$1")" = "$2" ]; }; }

# progress EN DONE TOTAL: one line, painted over on a terminal and left out elsewhere.
progress() {
    [ -t 2 ] || return 0
    local share=0
    [ "${3:-0}" -gt 0 ] && share=$((100 * $2 / $3))
    printf '\r\033[K  %s  %s / %s MB  %s%%' "$1" "$(($2 / 1000000))" "$((${3:-0} / 1000000))" "$share" >&2
}

progress_ends() { if [ -t 2 ]; then printf '\r\033[K' >&2; fi; }

# download URL PARTIAL SIZE: what PARTIAL lacks of it; not 0 when it broke off.
download() {
    case $CLIENT in
    curl) direct curl -fsS -C - --connect-timeout 10 --speed-time $SILENCE --speed-limit 1 -o "$2" "$1" ;;
    wget) direct wget -q -c -T $SILENCE -O "$2" "$1" ;;
    esac 2>/dev/null &
    CHILD=$!
    while kill -0 $CHILD 2>/dev/null; do
        progress "${1##*/}" "$(bytes_of "$2")" "$3"
        sleep 1
    done
    wait $CHILD
    local ended=$?
    CHILD=
    progress_ends
    return $ended
}

# fetch URL FILE SHA256: FILE is there and right, or the script ends. Goes on where it stopped, waits
# for a mirror that went away (bounded), and moves into place only what fits; URL begins with http.
fetch() {
    holds "$2" "$3" && return 0
    local url=$1 file=$2 sha=$3 status size etag partial before waited=0 lies=0
    while :; do
        status='' size='' etag=''
        eval "$(headers "$url")"
        case $status in
        200) ;;
        '' | 5?? | 429)
            wait_for_mirror "$status" "$waited"
            waited=$((waited + 5))
            continue
            ;;
        *) fail "$status" "the mirror has no $url" "镜像服务器没有 $url" "curl $url" ;;
        esac
        mkdir -p "$HOME_DIR/partial" "${file%/*}"
        partial=$HOME_DIR/partial/$(printf '%s' "${etag:-${url##*/}}" | tr -c 'A-Za-z0-9.\n' _)
        before=$(bytes_of "$partial")
        [ "$before" -le "${size:-0}" ] || rm -f "$partial"
        [ "$before" = "${size:-0}" ] || download "$url" "$partial" "${size:-0}"
        if [ "$(bytes_of "$partial")" = "${size:-0}" ]; then
            holds "$partial" "$sha" && break
            lies=$((lies + 1)) # two runs wrote it at once, or the lock changed: once more, from nothing
            rm -f "$partial"
            [ $lies -lt 2 ] || fail HASH "$url has other bytes than its checksum says" "$url 的内容与校验和不符" "curl $url.sha256"
        elif [ "$(bytes_of "$partial")" -gt "$before" ]; then
            waited=0
        else
            wait_for_mirror '' "$waited"
            waited=$((waited + 5))
        fi
    done
    mv -f "$partial" "$file"
}

# wait_for_mirror STATUS WAITED: five seconds more, or the end.
wait_for_mirror() {
    [ "$2" -lt "$WAIT" ] || fail MIRROR "the mirror $MIRROR does not answer" "镜像服务器 $MIRROR 没有应答" "curl http://$MIRROR/health"
    if [ "$2" = 0 ]; then
        tell "waiting for the mirror $MIRROR; Ctrl-C loses nothing" "正在等待镜像服务器 $MIRROR；按 Ctrl-C 不会丢失进度"
    fi
    sleep 5
}
