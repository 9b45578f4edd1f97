# shellcheck shell=dash

# --- placed: what was written outside of ~/.mirrorkit, so that --uninstall takes just that away ---
# A line each: f FILE, d FOLDER, i IMAGE of Docker, o of podman, p PROFILE, b FILE (with FILE.mirrorkit-backup beside it);
# of Docker: r PROGRAM that runs, t TREE that is its own, g GROUP, m MEMBER of it

LOCK=

# note_placed KIND WHAT: before it is written, so that an interruption forgets nothing.
note_placed() {
    case $2 in "$HOME_DIR" | "$HOME_DIR"/*) return 0 ;; esac
    grep -qxF "$1 $2" "$HOME_DIR/placed" 2>/dev/null && return 0
    [ "$1" != f ] || [ ! -e "$2" ] || return 0 # somebody else's: replaced perhaps, never removed
    mkdir -p "$HOME_DIR"
    printf '%s %s\n' "$1" "$2" >>"$HOME_DIR/placed"
}

# make_folder DIR: with its parents, each one noted that was not there.
make_folder() {
    [ ! -d "$1" ] || return 0
    case $1 in */*) [ -z "${1%/*}" ] || make_folder "${1%/*}" ;; esac
    note_placed d "$1"
    mkdir -p "$1" || unwritable "$1"
}

# unwritable PATH: the end, where something could not be put there.
unwritable() {
    local folder="${1%/*}" remedy
    remedy="df -h $folder"
    if [ ! -w "$folder" ]; then # of a start by sudo, say
        case $folder in "$MINI"/*) folder=$MINI ;; esac
        remedy="sudo chown -R $(id -un) $folder"
    fi
    fail WRITE "cannot write $1" "无法写入 $1" "$remedy"
}

# hold_lock: one at a time in one home; what a run that was killed left behind is nobody's.
hold_lock() {
    local other
    make_folder "$HOME_DIR"
    LOCK=$HOME_DIR/lock
    if [ -d "$LOCK" ]; then
        [ -s "$LOCK/pid" ] || sleep 1 # it was made this moment
        read -r other <"$LOCK/pid" || other=none
        if ! is_alive "$other"; then mv "$LOCK" "$LOCK.$$" && rm -rf "$LOCK.$$"; fi
    fi 2>/dev/null
    if mkdir "$LOCK" 2>/dev/null; then
        echo $$ >"$LOCK/pid"
        return 0
    fi
    LOCK='' REPORT='' # the other one reports
    fail BUSY "setup.sh is at work here already (process ${other:-?}): wait for it, or end it" "本机已有一个 setup.sh 在运行（进程 ${other:-?}）：请等它结束，或者终止它" "kill ${other:-$(cat "$HOME_DIR/lock/pid" 2>/dev/null)}"
}

# is_alive PID: whoever's it is; one that nobody has buried yet is not.
is_alive() {
    kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ] || return 1
    case $(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) in Z*) return 1 ;; esac
}

let_go() {
    [ -n "$LOCK" ] || return 0
    rm -rf "$LOCK"
    rmdir "$HOME_DIR/bin" "$HOME_DIR/partial" "$HOME_DIR" 2>/dev/null || : # nothing came of it
}

# placed KIND: what was noted of a kind, the last first.
placed() {
    [ -f "$HOME_DIR/placed" ] || return 0
    sed -n "s/^$1 //p" "$HOME_DIR/placed" | sed -n '1!G;h;$p'
}
