# shellcheck shell=dash

# --- words: one of two languages, findings, and the end when something is missing ---

HOME_DIR=${HOME:-/root}/.mirrorkit
FAILED=  # codes of what stands in the way
TROUBLE= # findings that are not ok, a line each, for the report
PORCELAIN=
COMMAND=setup
YES=
TYPED= # the words of this run, quoted

# A bare console has no Chinese glyphs, whatever the locale says.
choose_language() {
    CHINESE=
    [ "${TERM:-}" = linux ] && return 0
    case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in zh*) CHINESE=1 ;; esac
}

# say EN ZH: one sentence on standard output, in the language of the one who reads it.
say() { if [ -n "$CHINESE" ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi; }

# tell EN ZH: the same on standard error, for what is not the answer.
tell() { say "$@" >&2; }

# fail CODE EN ZH REMEDY: say what is wrong and the one command that helps, and end (status 6).
fail() {
    trouble fail "$1" "$(say "$2" "$3")" "${4:-}"
    printf '%s: ' "$1" >&2
    tell "$2" "$3"
    [ -z "${4:-}" ] || printf '  → %s\n' "$4" >&2
    report stuck
    exit 6
}

# finding STATE CODE EN ZH COMMAND: what one check found; STATE is ok, warn or fail.
finding() {
    local sentence
    sentence=$(one_line "$(say "$3" "$4")")
    [ "$1" = ok ] || trouble "$1" "$2" "$sentence" "${5:-}"
    [ "$1" != fail ] || FAILED="$FAILED $2"
    if [ -n "$PORCELAIN" ]; then
        printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$sentence" "${5:-}"
    elif [ "$1" != ok ] || [ "$COMMAND" = check ]; then
        printf '%-4s  %-8s %s\n' "$1" "$2" "$sentence"
        [ -z "${5:-}" ] || printf '                 → %s\n' "$5"
    fi
}

# trouble STATE CODE SENTENCE COMMAND: for the report; what a program said may be of several lines.
trouble() { TROUBLE="$TROUBLE$(printf '%s\t%s\t%s\t%s' "$1" "$2" "$(one_line "$3")" "$(one_line "$4")")
"; }

one_line() { printf '%s' "$1" | tr '\t\n\r' '   '; }

# agreed EN ZH: the answer to a question, from --yes or the terminal; standard input may be the script.
agreed() {
    local answer
    [ -z "$YES" ] || return 0
    (: </dev/tty) 2>/dev/null || return 1
    tell "$1 [y/N]" "$2 [y/N]"
    read -r answer </dev/tty || return 1
    case $answer in [yY]*) return 0 ;; *) return 1 ;; esac
}

# line_with WORD…: what gets this script again, from the same place, with these words.
line_with() {
    local word
    if [ "${CLIENT:-curl}" = wget ]; then printf 'wget -qO- '; else printf 'curl '; fi
    printf '%s | ' "$MIRROR"
    ! is_sudo || printf 'sudo '
    printf 'sh'
    [ $# = 0 ] || printf ' -s --'
    for word; do printf ' %s' "$(quoted "$word")"; done
}

# line_again: what was typed.
line_again() { eval "line_with $TYPED"; }

# quoted WORD: as it is written for a shell; plain where it needs nothing.
quoted() {
    local text
    case $1 in
    '' | *[!A-Za-z0-9_./:=,@%+-]*)
        text=$(printf '%sx' "$1" | sed "s/'/'\\\\''/g") # the x keeps newlines at the end
        printf "'%s'" "${text%x}"
        ;;
    *) printf '%s' "$1" ;;
    esac
}
