# shellcheck shell=dash

# --- main: the arguments; nothing runs before the last line has arrived ---

RELEASE=
DRIVER=docker
RUNTIME=docker
PROFILE=
ADDONS=
WITH_SEED=
WITH_MIRROR=
WITH_DOCKER=
RELAYED=1

usage() {
    say "usage: sh setup.sh [OPTION…] [start [MINIKUBE'S OPTIONS…]]
  (nothing)             check this machine, install, fetch; ends with the line that starts a cluster
  start …               the same, then start it
  --check               look and change nothing; --porcelain for programs
  relay, plant          make the relay anew; put the class's images into running nodes
  --reset               a fresh cluster from what lies here, without a network (takes --with-seed before)
  --uninstall           take away all that this script placed, and nothing else
  --with-seed           fetch the preload too, which --reset needs
  --with-docker-mirror  let this machine's Docker ask the mirror for docker.io
  --with-docker         install Docker from the mirror, where the class has it
  --no-relay            clusters use the mirror's own address
  --profile NAME        the cluster; --name NAME: on the teacher's page; --no-report: not there at all
  --yes                 answer every question with yes" \
        "用法：sh setup.sh [选项…] [start [minikube 的选项…]]
  （不带参数）          检查本机、安装、下载；最后给出启动集群的命令
  start …               同上，然后启动
  --check               只检查，不改动；--porcelain 供程序使用
  relay, plant          重建中继；把课程镜像放入运行中的节点
  --reset               不用网络，用本机已有内容重建集群（需先运行 --with-seed）
  --uninstall           移除本脚本放置的一切，仅此而已
  --with-seed           同时下载 preload，--reset 需要它
  --with-docker-mirror  让本机 Docker 从镜像站拉取 docker.io
  --with-docker         从镜像站安装 Docker（课程包含时）
  --no-relay            集群直接使用镜像站的地址
  --profile 名称        集群名；--name 名字：显示在老师的页面；--no-report：不上报
  --yes                 对所有问题回答是"
}

usage_error() {
    tell "what is $1?" "无法识别 $1"
    usage >&2
    exit 2
}

# has_value WORD…: whether the first, which takes a value, is followed by one.
has_value() {
    [ $# -gt 1 ] && case $2 in '' | -*) return 1 ;; esac
}

no_name() { value_error --name --name 'Li Lei'; }

# value_error OPTION WORD…: the end, with an example that can be typed.
value_error() {
    if [ "$1" = --name ]; then tell "--name needs a name, as in:" "--name 后面要写名字，例如："; else
        tell "$1 needs a value, as in:" "$1 后面要写一个值，例如："
    fi
    shift
    printf '  → %s\n' "$(line_with "$@")" >&2
    exit 2
}

# On standard input the script itself may lie (curl … | sh), so no answer is ever read from there.
main() {
    set -u
    [ -t 0 ] || exec </dev/null
    SCRATCH= # the environment's is somebody else's, and this one is removed in the end
    choose_language
    if [ -n "$MADE_UP" ]; then
        tell "this is the made-up class of the demo; a real one: mirrorkit up course" "这是演示用的虚构课程；真正的课程：mirrorkit up course"
        exit 6
    fi
    trap 'stop 130' INT
    trap 'stop 143' TERM
    trap 'stop 129' HUP
    trap 'rm -rf "$SCRATCH"; let_go' EXIT
    choose_home
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/mirrorkit.XXXXXX") || exit 6
    read_words "$@"
    settle
    [ "$COMMAND" = check ] || hold_lock
    hand_back "$@"
    "do_$COMMAND"
}

read_words() {
    local word
    for word; do TYPED="$TYPED $(quoted "$word")"; done
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --check) COMMAND=check ;;
        --porcelain) PORCELAIN=1 ;;
        --reset | --uninstall) COMMAND=${1#--} ;;
        --profile=*) PROFILE=${1#*=} ;;
        --profile)
            has_value "$@" || value_error "$1" "$1" week2
            PROFILE=$2
            shift
            ;;
        --name)
            has_value "$@" || no_name
            NICKNAME=$2
            shift
            ;;
        start | relay | plant)
            [ "$COMMAND" = check ] || COMMAND=$1
            shift
            read_start_words "$@"
            break
            ;;
        *) own_word "$1" || usage_error "$1" ;;
        esac
        shift
    done
}

# own_word WORD: takes a word that is ours wherever it stands, also among minikube's.
own_word() {
    case $1 in
    --no-report) REPORT= ;;
    --with-seed) WITH_SEED=1 ;;
    --with-docker-mirror) WITH_MIRROR=1 ;;
    --with-docker) WITH_DOCKER=1 ;;
    --no-relay) RELAYED= ;;
    -y | --yes) YES=1 ;;
    --name=?*) NICKNAME=${1#*=} ;;
    --name | --name=) no_name ;;
    *) return 1 ;;
    esac
}

# settle: what the words came to, checked.
settle() {
    local word
    for word in "$PROFILE" "$DRIVER" "$RUNTIME" "$ADDONS"; do
        case $word in -* | *[!A-Za-z0-9,._-]*) usage_error "$word" ;; esac
    done
    NICKNAME=$(printf '%s' "$NICKNAME" | tr '\t\n\r' '   ' | cut -c 1-60)
    ASKED="$ASKED${ADDONS:+&addons=$ADDONS}"
    choose_platform
    choose_client
    ADDRESS=$MIRROR LOCAL=$MIRROR
}

do_check() {
    run_checks
    report check
    [ -z "$FAILED" ] || exit 1
}

run_checks() {
    check_engine
    check_machine
    check_network
    use_relay_that_is
    if ask_recipe "${PROFILE:-minikube}" ''; then
        check_programs
        check_profiles
    elif [ "${FAILED##*MIRROR}" = "$FAILED" ]; then
        finding fail START "the mirror gives no start for this: $(reason)" "镜像站没有这种启动方式：$(reason)" "curl '$RECIPE_URL'"
    fi
}

do_setup() {
    prepare
    report ready
    say "All is here. This starts the cluster:" "准备完毕。启动集群："
    printf '\n  %s\n\n' "$(start_words)"
    say "or by hand${PLANTS:+, and then plant}:" "或者手动执行${PLANTS:+，之后再执行 plant}："
    printf '\n  %s\n' "$(start_line)"
}

# start_words: the same again from our own copy, which plants too.
start_words() {
    printf 'sh %s' "$(quoted "$HOME_DIR/setup.sh")"
    [ -n "$RELAYED" ] || printf ' --no-relay'
    [ -n "$REPORT" ] || printf ' --no-report'
    [ "$PROFILE" = minikube ] || printf ' --profile=%s' "$PROFILE"
    printf ' start'
}

do_start() {
    local lacking=
    prepare
    report start
    start
    planted || lacking=1
    report ready
    say "The cluster $PROFILE runs: export PATH=$HOME_DIR/bin:\$PATH" "集群 $PROFILE 已启动：export PATH=$HOME_DIR/bin:\$PATH"
    [ -z "$lacking" ] || exit 1
}

prepare() {
    [ -z "$WITH_DOCKER" ] || with_docker
    run_checks
    [ -z "$FAILED" ] || not_yet
    report download
    do_relay
    choose_profile
    install_all
    [ -z "$WITH_SEED" ] || fetch_seed
    [ -z "$WITH_MIRROR" ] || with_docker_mirror
    printf '%s' "$NOTES"
}

# not_yet: the end, where something has to be mended before.
not_yet() {
    report stuck
    tell "Mend this first, then run the same line again:$FAILED" "请先解决以下问题，再运行同一条命令：$FAILED"
    exit 1
}

do_uninstall() {
    uninstall
    report gone
}

stop() {
    [ -z "$CHILD" ] || kill "$CHILD" 2>/dev/null
    progress_ends
    exit "$1"
}

main "$@"
