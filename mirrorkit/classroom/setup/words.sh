# shellcheck shell=dash

# --- words: one of two languages, findings, and the end when something is missing ---

HOME_DIR=${HOME:-/root}/.mirrorkit
TAB=$(printf '\t')

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
    printf '%s: ' "$1" >&2
    tell "$2" "$3"
    [ -z "${4:-}" ] || printf '  → %s\n' "$4" >&2
    exit 6
}
