# shellcheck shell=dash

# --- fetch: what comes from the mirror, by curl, GNU wget or busybox's ---

WAIT=${MIRRORKIT_WAIT:-1800} # seconds to wait for a mirror that went away
SILENCE=20                   # seconds without a byte until a download counts as broken off
CHILD=                       # what runs beside us, to be ended with us

has() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS COMMAND…: ended when it takes longer, also on a Mac, which has no timeout.
bounded() {
    local seconds="$1" running watch status=0
    shift
    if has timeout; then
        timeout "$seconds" "$@"
        return
    fi
    "$@" &
    running=$!
    { sleep "$seconds" && kill $running; } >/dev/null 2>&1 & # what waits for our output waits not for it
    watch=$!
    wait $running || status=$?
    kill $watch 2>/dev/null || :
    return $status
}

# direct COMMAND…: without a proxy, for the mirror is in the room.
DIRECT='http_proxy= HTTP_PROXY= all_proxy= ALL_PROXY='
# shellcheck disable=SC2086 # words
direct() { env $DIRECT "$@"; }

# direct_for SECONDS COMMAND…: the same, bounded; busybox's wget crashes with a limit of its own (-T).
# shellcheck disable=SC2086 # words
direct_for() {
    local seconds="$1"
    shift
    bounded "$seconds" env $DIRECT "$@"
}

choose_client() {
    if has curl; then CLIENT=curl; elif has wget; then CLIENT=wget; else
        CLIENT=
        fail FETCH "neither curl nor wget is here" "没有 curl 也没有 wget" "sudo apt-get install -y curl"
    fi
}

# get URL: its body on standard output; bounded to a minute, and with curl to a little text.
get() {
    case $CLIENT in
    curl) direct curl -fsS --connect-timeout 10 --max-time 60 --max-filesize 4000000 "$1" ;;
    wget) direct_for 60 wget -q -O - "$1" ;;
    esac 2>/dev/null
}

# headers URL: what a HEAD answers, as lines to eval; none when nobody does.
headers() {
    case $CLIENT in
    curl) direct curl -sSI --connect-timeout 10 --max-time 30 "$1" 2>/dev/null ;;
    wget) direct_for 30 wget -S --spider "$1" 2>&1 ;;
    esac | tr -d '\r' | sed -n \
        -e 's,^.*HTTP/1\.[01] \([0-9][0-9][0-9]\).*,status=\1,p' \
        -e 's,^ *[Cc]ontent-[Ll]ength: *\([0-9]\{1\,15\}\)$,size=\1,p' \
        -e 's,^ *[Ee][Tt]ag: *"\([A-Za-z0-9:._-]\{1\,100\}\)"$,etag=\1,p' \
        -e 's,^ *[Mm]irrorkit-[Ii]mage-[Ii]ds: *\([a-fhs0-9: ]\{1\,400\}\)$,ids="\1",p' \
        -e 's,^ *[Dd]ate: *\([A-Z][a-z]\{2\}\, [0-9]\{2\} [A-Z][a-z]\{2\} [0-9]\{4\} [0-9]\{2\}:[0-9]\{2\}:[0-9]\{2\}\) GMT$,date="\1",p'
}

sha256_of() {
    if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

bytes_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# holds FILE SHA256: whether it is there and right; without a hash being there is enough.
holds() { [ -f "$1" ] && { [ -z "$2" ] || [ "$(sha256_of "$1")" = "$2" ]; }; }

# progress NAME DONE TOTAL: one line, painted over on a terminal and left out elsewhere.
progress() {
    local share=0
    [ -t 2 ] || return 0
    [ "$3" = 0 ] || share=$((100 * $2 / $3))
    printf '\r\033[K  %s  %s / %s MB  %s%%' "$1" "$(($2 / 1000000))" "$(($3 / 1000000))" "$share" >&2
}

progress_ends() { if [ -t 2 ]; then printf '\r\033[K' >&2; fi; }

moment() { sleep 0.2 2>/dev/null || sleep 1; }

# shellcheck disable=SC2086 # words
# download URL PARTIAL SIZE: what PARTIAL lacks of it; not 0 when it broke off or fell silent.
download() {
    local name ended=0 had=0 now since
    name=${1##*/} since=$(date +%s)
    case $CLIENT in # exec, so that ending the child ends the download
    curl) exec env $DIRECT curl -fsS -C - --connect-timeout 10 -o "$2" "$1" ;;
    wget) exec env $DIRECT wget -q -c -O "$2" "$1" ;;
    esac >/dev/null 2>&1 &
    CHILD=$!
    while kill -0 "$CHILD" 2>/dev/null; do
        now=$(bytes_of "$2")
        if [ "$now" != "$had" ]; then
            had=$now since=$(date +%s)
        elif [ $(($(date +%s) - since)) -gt $SILENCE ]; then
            kill "$CHILD" 2>/dev/null || :
        fi
        progress "${name%%\?*}" "$now" "$3"
        moment
    done
    wait "$CHILD" || ended=$?
    CHILD=
    progress_ends
    return $ended
}

# fetch URL FILE SHA256: FILE is there and right, or the script ends. Goes on where it stopped, waits
# for a mirror that went away (bounded), and moves into place only what fits.
fetch() {
    local url="$1" file="$2" sha="$3" status size etag partial before now since lies=0
    holds "$file" "$sha" && return 0
    since=$(date +%s)
    while :; do
        status='' size='' etag=''
        eval "$(headers "$url")"
        case $status in
        200) ;;
        '' | 5?? | 429)
            wait_for_mirror "$since" "$status"
            continue
            ;;
        *) fail ABSENT "the mirror has no $url ($status)" "镜像站没有 $url（$status）" "curl $url" ;;
        esac
        [ -n "$size" ] || fail SIZE "no length is told of $url" "$url 没有给出长度" "curl -I $url"
        [ -z "$WAITED" ] || wait_ends
        make_folder "$HOME_DIR/partial"
        partial=$HOME_DIR/partial/$(printf '%s' "${etag:-${url##*/}}" | tr -c 'A-Za-z0-9.' _)
        before=$(bytes_of "$partial")
        if [ "$before" -gt "$size" ]; then
            rm -f "$partial"
            before=0
        fi
        [ "$before" = "$size" ] || download "$url" "$partial" "$size" || :
        now=$(bytes_of "$partial")
        if [ "$now" -ge "$size" ]; then
            [ "$now" != "$size" ] || ! holds "$partial" "$sha" || break
            lies=$((lies + 1)) # two runs wrote it at once, or the lock changed: once more, from nothing
            rm -f "$partial"
            [ $lies -lt 2 ] || fail HASH "$url is not what its checksum says" "$url 与校验和不符" "curl -f $url.sha256"
        elif [ "$now" -gt "$before" ]; then
            since=$(date +%s)
        else
            wait_for_mirror "$since" ''
        fi
    done
    make_folder "${file%/*}"
    note_placed f "$file"
    mv -f "$partial" "$file" || unwritable "$file"
}

WAITED=

# wait_for_mirror SINCE STATUS: five seconds more, or the end.
wait_for_mirror() {
    local gone
    gone=$(($(date +%s) - $1))
    [ "$gone" -lt "$WAIT" ] || no_mirror "$2"
    if [ -z "$WAITED" ]; then
        tell "waiting for the mirror $MIRROR; Ctrl-C loses nothing" "正在等待镜像站 $MIRROR；按 Ctrl-C 不会丢失进度"
    fi
    WAITED=1
    [ ! -t 2 ] || printf '\r\033[K  %s / %s s' "$gone" "$WAIT" >&2
    sleep "${MIRRORKIT_PAUSE:-5}"
}

wait_ends() {
    WAITED=
    progress_ends
    tell "the mirror answers again" "镜像站恢复应答"
}
