# shellcheck shell=dash

# --- report: who is ready and who is stuck on what, for the teacher's page; refused by --no-report ---

REPORT=1
NICKNAME=
SEAT_HOME= # whose seat it is, where that is not HOME

# report STEP: check, download, start, ready, stuck or gone; never in the way of anything.
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
    wget) direct_for 5 wget -q -O /dev/null --header 'Content-Type: text/plain' --post-file "$file" "http://$MIRROR/api/v1/seats" ;;
    esac >/dev/null 2>&1 </dev/null || :
    rm -f "$file"
}

# seat: a name for this machine that tells nothing of it: the same before anything is installed and
# after, and another on each clone of a machine, which has a network card of its own.
seat() {
    local device
    {
        for device in /sys/class/net/*/device; do
            [ ! -e "$device" ] || cat "${device%/device}/address"
        done
        cat /etc/machine-id
        ifconfig en0 | sed -n 's/^.*ether //p'
        uname -n
        printf '%s\n' "${SEAT_HOME:-${HOME:-}}"
    } >"$SCRATCH/machine" 2>/dev/null
    sha256_of "$SCRATCH/machine" | cut -c 1-16
}
