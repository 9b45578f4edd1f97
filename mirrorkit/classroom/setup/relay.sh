# shellcheck shell=dash

# --- relay: one address for all clusters of this machine, in every room ---
# cluster → gateway of our own network, port 5080 → relay (a container) → $MIRROR

NETWORK=mirrorkit
RELAY=mirrorkit-relay
RELAY_PORT=5080
RELAY_IMAGE=docker.io/library/nginx:1.22-alpine # the catalog's

# Neither in minikube's series (192.168.49, 58, 67 …) nor in that of its VMs (192.168.39, 50, 61 …).
RELAY_NETS='192.168.230 192.168.231 192.168.232 192.168.233 192.168.234 192.168.235 192.168.236
192.168.239 192.168.240 192.168.241 192.168.242 192.168.243 192.168.244 192.168.245 192.168.246
10.230.230 10.230.231 10.230.232 10.230.233'

# make_relay: network and relay to $MIRROR. Twice changes nothing; another $MIRROR replaces the relay
# alone. On the mirror's own machine, where that has the port, there is the network alone.
make_relay() {
    local host port gateway
    port=${MIRROR##*:}
    host=$(mirror_ip)
    [ -n "$host" ] || fail NAME "the name in $MIRROR leads nowhere$LOOK" "$MIRROR 中的主机名无法解析$LOOK_ZH" "$(line_again)"
    make_network "$host"
    gateway=$(relay_gateway)
    if [ "$port" = $RELAY_PORT ] && is_here "$host"; then
        drop_relay # it would lead to itself
        if is_here "$gateway"; then
            answers "$gateway:$RELAY_PORT" || fail LISTEN "the mirror on this machine does not listen on all its addresses" "本机的镜像站没有监听所有地址" "mirrorkit up --listen :$RELAY_PORT"
        else
            drop_network # Docker is in a VM, where nothing answers on that port: the mirror's own address it is
        fi
        return 0
    fi
    case $host in 127.* | '[::1]') host=$gateway ;; esac # what a container calls this machine
    start_relay "$gateway" "$host:$port"
}

# relay_address: HOST:PORT of the mirror for clusters, and nothing where there is no network.
relay_address() {
    local gateway
    gateway=$(relay_gateway)
    [ -z "$gateway" ] || echo "$gateway:$RELAY_PORT"
}

remove_relay() {
    drop_relay
    drop_network
}

drop_relay() { docker rm --force $RELAY >/dev/null 2>&1 || :; }

drop_network() { docker network rm $NETWORK >/dev/null 2>&1 || :; }

relay_gateway() {
    docker network inspect --format '{{range .IPAM.Config}}{{println .Gateway}}{{end}}' $NETWORK 2>/dev/null |
        sed -n '/^[0-9.]\{7,\}$/{p;q;}'
}

# mirror_ip: the mirror's host as an address, for the relay looks up no names; IPv6 in brackets.
mirror_ip() {
    local host=${MIRROR%:*} found=
    case $host in
    '['* | *[!0-9.]*) ;;
    *) found=$host ;;
    esac
    case $host in '['*) found=$host ;; localhost) found=127.0.0.1 ;; esac
    [ -n "$found" ] || [ "$CLIENT" != curl ] ||
        found=$(direct curl -4sS -o /dev/null --connect-timeout 10 --max-time 30 -w '%{remote_ip}' "http://$MIRROR/livez" 2>/dev/null)
    [ -n "$found" ] || found=$(getent ahostsv4 "$host" 2>/dev/null | sed -n '1s/ .*//p')
    [ -n "$found" ] || # busybox has no getent, and its wget says where it goes
        found=$(bounded 10 env http_proxy= HTTP_PROXY= wget -O /dev/null "http://$MIRROR/livez" 2>&1 | sed -n 's/^Connecting to .*(\([0-9.]*\):[0-9]*).*/\1/p')
    echo "$found"
}

# is_here ADDRESS: whether it is one of this machine's.
is_here() {
    case $1 in 127.* | '[::1]') return 0 ;; esac
    { ip -o address show || ifconfig; } 2>/dev/null | tr -c '0-9a-fA-F:.' '\n' | grep -qxF -e "$(echo "$1" | tr -d '[]')"
}

# answers HOST:PORT: whether a mirror does.
answers() {
    case $CLIENT in
    curl) direct curl -fsS --max-time 5 "http://$1/livez" ;;
    wget) direct_for 5 wget -q -O - "http://$1/livez" ;;
    esac 2>/dev/null | grep -q mirrorkit
}

# --- its network ---

# make_network ADDRESS: ours, on a /24 that no route of this machine and no other network of Docker's
# meets and that does not hold ADDRESS. A route wider than /17 counts only while there is a choice.
make_network() {
    local least net said=
    net=$(relay_gateway)
    if [ -n "$net" ]; then
        [ "${1%.*}" != "${net%.*}" ] || is_here "$1" || fail NET "the network $NETWORK has the addresses of this room" "网络 $NETWORK 与本教室的网段冲突" "docker rm -f $RELAY; docker network rm $NETWORK"
        return 0
    fi
    for least in 8 17; do
        for net in $RELAY_NETS; do
            { routes && echo "$1/32"; } | meets "$net" $least && continue
            said=$(docker network create --driver bridge --label mirrorkit=relay --subnet "$net.0/24" --gateway "$net.1" $NETWORK 2>&1) && return 0
        done
    done
    fail NET "Docker made no network for the relay: $said" "Docker 未能建立中继网络：$said" "docker network ls"
}

# routes: the networks this machine knows ways to, in its own tool's words.
routes() { { ip -4 route show || netstat -rnf inet; } 2>/dev/null || :; }

# meets A.B.C LEAST: whether a network on standard input meets A.B.C.0/24; those wider than /LEAST do
# not count, as the default route. netstat writes 10 for 10.0.0.0/8.
meets() {
    awk -v net="$1" -v least="$2" '
        function number(text,  part) { split(text, part, "."); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
        BEGIN { low = number(net ".0") }
        $1 ~ /^[0-9]+(\.[0-9]+)*(\/[0-9]+)?$/ {
            split($1, half, "/")
            bits = half[2] == "" ? 8 * split(half[1], part, ".") : half[2]
            if (bits < least) next
            for (size = 1; bits < 32; bits++) size *= 2 # busybox may lack powers
            first = int(number(half[1]) / size) * size
            if (first < low + 256 && low < first + size) found = 1
        }
        END { exit !found }'
}

# --- its container ---

# start_relay GATEWAY TARGET: a relay to TARGET that answers; it is left alone if it is right already.
start_relay() {
    local said config="daemon off; error_log stderr; pid /dev/shm/nginx.pid; worker_processes 1;
events { worker_connections 4096; }
stream { server { listen $RELAY_PORT; proxy_pass $2; proxy_connect_timeout 10s; proxy_socket_keepalive on; } }"
    config="include /etc/nginx/modules-enabled/*.conf; $config"
    if ! is_running "$config"; then
        drop_relay
        ! answers "$1:$RELAY_PORT" || return 0 # the mirror itself has the port
        load_relay
        # The container writes its configuration itself, for Docker may be in a VM that sees no file of ours.
        # shellcheck disable=SC2016
        if ! said=$(docker run --detach --name $RELAY --network $NETWORK --publish $RELAY_PORT:$RELAY_PORT --restart always \
            --read-only --user 65534:65534 --cap-drop ALL --security-opt no-new-privileges --entrypoint /bin/sh \
            $RELAY_IMAGE -c 'printf "%s\n" "$1" >/dev/shm/nginx.conf && exec nginx -e stderr -c /dev/shm/nginx.conf' relay "$config" 2>&1); then
            drop_relay
            case $said in
            *'already allocated'* | *'already in use'*) fail PORT "another program has port $RELAY_PORT" "端口 $RELAY_PORT 被其他程序占用" "sudo ss -ltnp 'sport = :$RELAY_PORT'" ;;
            esac
            fail RELAY "Docker did not start the relay: $said" "Docker 未能启动中继：$said" "docker run --rm $RELAY_IMAGE true"
        fi
    fi
    await_relay "$1"
}

# is_running CONFIG: whether the relay does, with this configuration.
is_running() {
    [ "$(docker inspect --type container --format '{{.State.Running}} {{.Config.Image}} {{index .Args 3}}' $RELAY 2>/dev/null)" = "true $RELAY_IMAGE $1" ]
}

# load_relay: its image, from the mirror; Docker itself would refuse to ask there by plain http.
load_relay() {
    local platform
    ! docker image inspect $RELAY_IMAGE >/dev/null 2>&1 || return 0
    platform=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}')
    tell "fetching the relay" "正在下载中继"
    fetch "http://$MIRROR/archives/$RELAY_IMAGE.tar?platform=$platform" "$HOME_DIR/relay.tar" ''
    docker load <"$HOME_DIR/relay.tar" >/dev/null || fail LOAD "Docker did not load the relay's image" "Docker 未能载入中继镜像" "docker load <$HOME_DIR/relay.tar"
    rm -f "$HOME_DIR/relay.tar"
}

# await_relay GATEWAY: ten tries at most until the mirror answers through it.
await_relay() {
    local tries=0 address=localhost
    ! is_here "$1" || address=$1
    until answers "$address:$RELAY_PORT"; do
        tries=$((tries + 1))
        [ $tries -lt 10 ] || fail RELAY "the relay does not reach the mirror $MIRROR" "中继连不上镜像站 $MIRROR" "docker logs $RELAY"
        sleep 1
    done
}

do_relay() {
    [ "$DRIVER" = docker ] && [ -n "$RELAYED" ] || return 0
    [ "$COMMAND" != relay ] || needs_docker
    if [ "$COMMAND" = relay ] && ! answers "$MIRROR"; then # this copy is of another room, perhaps
        fail MIRROR "the mirror $MIRROR does not answer; where it has a new address, type the line with that" "镜像站 $MIRROR 没有应答；如果地址已经改变，请用新地址执行" "curl NEW-ADDRESS:5080 | sh -s -- relay"
    fi
    docker image inspect "$RELAY_IMAGE" >/dev/null 2>&1 || note_placed i "$RELAY_IMAGE"
    make_relay
    use_relay
}

use_relay() {
    ADDRESS=$(relay_address)
    LOCAL=localhost:$RELAY_PORT
    [ -n "$ADDRESS" ] || ADDRESS=$MIRROR LOCAL=$MIRROR
}

# Before it is made, its address is the one it most likely gets.
use_relay_that_is() {
    [ "$DRIVER" = docker ] && [ -n "$RELAYED" ] && has docker || return 0
    use_relay
    [ "$ADDRESS" != "$MIRROR" ] || ADDRESS=${RELAY_NETS%% *}.1:$RELAY_PORT
}
