# shellcheck shell=dash

# --- network: the way to the mirror, and what stands beside it ---

CLOCK_MOST=300 # seconds that the two clocks may differ

# What a student can look at, behind the sentence; a program that asked has advice of its own.
LOOK=": is this machine in the teacher's Wi-Fi, and is that the address on the screen? If so, turn VPN and proxy off; then the same line again"
LOOK_ZH="：本机连的是老师的 Wi-Fi 吗？地址与屏幕上的一致吗？如果都对，请关闭 VPN 和代理，再执行同一条命令"

# no_mirror [STATUS]: the end, where it does not answer.
no_mirror() {
    fail MIRROR "the mirror $MIRROR does not answer${1:+ ($1)}$LOOK" "镜像站 $MIRROR 没有应答${1:+（$1）}$LOOK_ZH" "$(line_again)"
}

check_network() {
    local status date
    status='' date=''
    eval "$(headers "http://$MIRROR/health")"
    check_mirror "$status"
    [ -z "$date" ] || check_clock "$date"
    check_proxies
    check_fake
}

check_mirror() {
    [ -z "$PORCELAIN" ] || LOOK='' LOOK_ZH=''
    case $1 in
    200) finding ok MIRROR "the mirror $MIRROR has all of the class" "镜像站 $MIRROR 内容完整" ;;
    503) finding warn MIRROR "the mirror $MIRROR does not have all of the class yet; the teacher may still be fetching" "镜像站 $MIRROR 尚未准备完整，老师可能还在下载" "curl 'http://$MIRROR/?text'" ;;
    '') finding fail MIRROR "the mirror $MIRROR does not answer$LOOK" "镜像站 $MIRROR 没有应答$LOOK_ZH" "$(line_again)" ;;
    *) finding fail MIRROR "what answers at $MIRROR is not the mirror ($1)$LOOK" "$MIRROR 上的不是镜像站（$1）$LOOK_ZH" "$(line_again)" ;;
    esac
}

# seconds_of DATE: `Mon, 23 Nov 2026 19:00:00` as seconds since 1970 (days_from_civil, Howard Hinnant).
seconds_of() {
    # shellcheck disable=SC2086 # four words and a time
    set -- $1
    printf '%s %s %s %s\n' "$2" "$3" "$4" "$5" | awk '{
        m = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $2) + 2) / 3
        y = $3 - (m <= 2); era = int(y / 400); yoe = y - era * 400
        doy = int((153 * (m + (m > 2 ? -3 : 9)) + 2) / 5) + $1 - 1
        doe = yoe * 365 + int(yoe / 4) - int(yoe / 100) + doy
        split($4, t, ":")
        printf "%d\n", (era * 146097 + doe - 719468) * 86400 + t[1] * 3600 + t[2] * 60 + t[3]
    }'
}

check_clock() {
    local there off
    there=$(seconds_of "$1")
    off=$(($(date +%s) - there))
    [ $off -ge 0 ] || off=$((-off))
    if [ $off -le $CLOCK_MOST ]; then finding ok CLOCK "the clock is right" "时钟正确"; else
        finding warn CLOCK "the clock is $off s off the mirror's" "时钟与镜像站相差 $off 秒" "$(sudo_word)date -u -s '$(printf '%s' "$1" | cut -d ' ' -f 2-)'"
    fi
}

# is_direct HOST LIST: whether NO_PROXY, as LIST, names a host; a star is all, not this folder's files.
is_direct() (
    set -f
    for one in $(printf '%s' "$2" | tr ',' ' '); do
        case $one in '*' | "$1") return 0 ;; .*) case $1 in *"$one") return 0 ;; esac ;; esac
        case $one in */*) case $1 in "${one%%.0*}".*) return 0 ;; esac ;; esac
    done
    return 1
)

check_proxies() {
    local proxy host
    proxy=${http_proxy:-${HTTP_PROXY:-${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-}}}}}}
    host=${MIRROR%:*}
    if [ -z "$proxy" ]; then finding ok PROXY "no proxy" "没有代理"; elif is_direct "$host" "${NO_PROXY:-},${no_proxy:-}"; then
        finding ok PROXY "a proxy, but not for the mirror" "有代理，但不用于镜像站"
    else
        finding warn PROXY "a proxy is set, and would be asked for the mirror" "设置了代理，访问镜像站也会经过它" "export NO_PROXY=$(direct_hosts) no_proxy=$(direct_hosts)"
    fi
}

# direct_hosts: NO_PROXY with what a start must reach by itself.
direct_hosts() { printf '%s' "${NO_PROXY:+$NO_PROXY,}${MIRROR%:*},${ADDRESS%:*},localhost,127.0.0.1,192.168.0.0/16,10.96.0.0/12"; }

# Clash and its kin give out addresses of 198.18.0.0/15 for every name (their "fake-ip" mode).
check_fake() {
    if addresses | grep -qE '(^|[^0-9.])198\.1[89]\.'; then
        finding warn FAKEIP "a proxy program on this machine answers for every name with an address of 198.18.0.0/15" "本机的代理软件把所有域名解析为 198.18.0.0/15 的假地址" "turn off Clash or its TUN mode"
    else
        finding ok FAKEIP "no fake addresses" "没有假地址"
    fi
}

addresses() {
    { ip -4 address 2>/dev/null || ifconfig 2>/dev/null || cat /proc/net/fib_trie 2>/dev/null; } | grep -E '198\.1[89]\.'
    if has getent; then bounded 3 getent hosts registry.k8s.io 2>/dev/null; fi
}
