# shellcheck shell=dash

# --- main: the arguments; nothing runs before the last line has arrived ---

usage() {
    say "usage: sh setup.sh [--check [--porcelain]] [--name NAME] [--no-report] [start …]" \
        "用法：sh setup.sh [--check [--porcelain]] [--name 名字] [--no-report] [start …]"
}

# On standard input the script itself may lie (curl … | sh), so no answer is ever read from there.
main() {
    set -u
    choose_language
    choose_client
    CHILD=
    trap 'stop 130' INT
    trap 'stop 143' TERM HUP
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
        esac
    done
    usage
}

stop() {
    [ -z "$CHILD" ] || kill "$CHILD" 2>/dev/null
    progress_ends
    exit "$1"
}

main "$@"
