# shellcheck shell=dash

# --- report: who is ready and who is stuck on what, for the teacher's page; refused by --no-report ---

REPORT=1
NICKNAME=

# report STEP: check, download, start, ready or stuck; never in the way of anything.
report() {
    local file
    [ -n "$REPORT" ] && [ -n "${CLIENT:-}" ] || return 0
    file=$SCRATCH/report
    {
        printf 'id\t%s\n' "$(seat)"
        [ -z "$NICKNAME" ] || printf 'name\t%s\n' "$NICKNAME"
        printf 'step\t%s\n' "$1"
        printf '%s' "$TROUBLE"
    } >"$file" 2>/dev/null
    case $CLIENT in
    curl) direct curl -sS --max-time 5 -H 'Content-Type: text/plain' --data-binary "@$file" "http://$MIRROR/api/v1/seats" ;;
    wget) bounded 5 env http_proxy= HTTP_PROXY= wget -q -O /dev/null --header 'Content-Type: text/plain' --post-file "$file" "http://$MIRROR/api/v1/seats" ;;
    esac >/dev/null 2>&1 </dev/null || :
    rm -f "$file"
}

# seat: a random name for this machine, for addresses are one behind NAT; kept with what is ours.
seat() {
    if [ ! -s "$HOME_DIR/seat" ]; then
        if [ ! -d "$HOME_DIR" ]; then # nothing is written by a check
            random
            return
        fi
        random >"$HOME_DIR/seat"
    fi
    cat "$HOME_DIR/seat"
}

random() { od -An -N 8 -t x1 /dev/urandom | tr -d ' \n'; }
