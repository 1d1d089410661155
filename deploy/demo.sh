# The demonstration of ./run demo, sourced by it: a node of its own in a temporary directory, with
# sample data, asked a few questions. Uses say, die, usage_error and build_release of ./run.

demo_dir=
demo_pid=
demo_bin=build/bin

# Stops the node, removes its directory. Runs however the script ends.
demo_clean() {
    local status=$?
    trap - EXIT INT TERM
    if [[ -n $demo_pid ]] && kill -0 "$demo_pid" 2>/dev/null; then
        kill -TERM "$demo_pid"
        if ! wait "$demo_pid"; then
            say "run: the node did not stop cleanly" >&2
            status=1
        fi
    fi
    if [[ -n $demo_dir ]]; then
        rm -rf "$demo_dir"
    fi
    exit "$status"
}

# demo_taken udp|tcp PORT: whether somebody on this machine holds the port.
demo_taken() {
    local hex state=0A # a listening TCP socket; UDP sockets have other states and all count
    hex=$(printf '%04X' "$2")
    if [[ $1 == udp ]]; then
        state='[0-9A-F]{2}'
    fi
    # not read line by line: bash takes single bytes from /proc, minutes where many sockets close
    grep -qsE "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:[0-9A-F]{4} $state " \
        "/proc/net/$1" "/proc/net/${1}6"
}

demo_ready() {
    local ops_port=$1 line
    { exec 9<>"/dev/tcp/127.0.0.1/$ops_port"; } 2>/dev/null || return 1
    printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&9
    IFS= read -r -t 2 line <&9 || line=
    exec 9>&- 9<&-
    [[ $line == "HTTP/1.1 200"* ]]
}

# demo_show WANTED-STATUS WORDS...: type the command, run it, judge its exit status.
demo_show() {
    local wanted=$1 status=0
    shift
    say ""
    say "\$ onymctl $*"
    "$demo_bin"/onymctl "$@" || status=$?
    if [[ $status != "$wanted" ]]; then
        die "onymctl ended with status $status, not $wanted"
    fi
}

demo_main() {
    local once=no records=8000 port=2641 http_port=2643 ops_port=9641 server kind one
    while (($# > 0)); do
        case $1 in
        --once) once=yes ;;
        --build)
            [[ -x ${2:-}/bin/onymd ]] || usage_error "demo: --build needs a folder with bin/onymd"
            demo_bin=$2/bin
            shift
            ;;
        --records | --port | --http-port | --ops-port)
            [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || usage_error "demo: $1 needs a number"
            case $1 in
            --records) records=$((10#$2)) ;;
            --port) port=$((10#$2)) ;;
            --http-port) http_port=$((10#$2)) ;;
            --ops-port) ops_port=$((10#$2)) ;;
            esac
            shift
            ;;
        *) usage_error "demo: unknown option $1" ;;
        esac
        shift
    done
    for one in "$port" "$http_port" "$ops_port"; do
        if ((one < 1 || one > 65535)); then
            usage_error "demo: a port is a number from 1 to 65535"
        fi
    done
    if [[ $demo_bin == build/bin ]]; then
        build_release
    fi

    for kind in udp tcp; do
        if demo_taken "$kind" "$port"; then
            die "port $port ($kind) is taken, perhaps by another node; choose one: --port 2651"
        fi
    done
    if demo_taken tcp "$http_port"; then
        die "port $http_port (HTTP API) is taken; choose one: --http-port 2653"
    fi
    if demo_taken tcp "$ops_port"; then
        die "port $ops_port (metrics and health) is taken; choose one: --ops-port 9651"
    fi

    trap demo_clean EXIT
    trap 'exit 130' INT TERM
    demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/onym-demo.XXXXXX")
    server=127.0.0.1:$port
    say ""
    say "Making $records records of the eight chains, and the sample records, in $demo_dir"
    "$demo_bin"/onym-generate --records "$records" |
        "$demo_bin"/onymctl load --data "$demo_dir/data" - || die "loading the sample data failed"

    cat >"$demo_dir/onymd.yaml" <<CONFIG
node:
  id: demo
listen:
  handle_udp: ["$server"]
  handle_tcp: ["$server"]
  http: ["127.0.0.1:$http_port"]
  ops: "127.0.0.1:$ops_port"
storage:
  dir: $demo_dir/data
CONFIG
    say ""
    say "Starting onymd on $server (UDP and TCP), the HTTP API on 127.0.0.1:$http_port," \
        "metrics and health on 127.0.0.1:$ops_port"
    # in a session of its own: Ctrl-C is for this script, which then stops the node in order
    setsid "$demo_bin"/onymd --config "$demo_dir/onymd.yaml" >"$demo_dir/onymd.log" 2>&1 &
    demo_pid=$!
    demo_wait "$ops_port"
    demo_look "$port" "$http_port"
    if [[ $once == yes ]]; then
        kill -TERM "$demo_pid"
        wait "$demo_pid" || die "the node stopped with status $?; $(tail -5 "$demo_dir/onymd.log")"
        demo_pid=
        say ""
        say "Done: the node stopped cleanly and its directory is gone."
        return
    fi
    say ""
    trap 'demo_stop' INT TERM
    say "The node stays up; stop it with Ctrl-C. Its log: $demo_dir/onymd.log"
    wait "$demo_pid" || die "the node ended by itself; $(tail -5 "$demo_dir/onymd.log")"
}

demo_stop() {
    say ""
    say "Stopping the node."
    trap '' INT TERM
    kill -TERM "$demo_pid" 2>/dev/null || true
    wait "$demo_pid" || die "the node stopped with status $?; $(tail -5 "$demo_dir/onymd.log")"
    demo_pid=
    exit 0
}

demo_wait() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        if demo_ready "$1"; then
            return
        fi
        if ! kill -0 "$demo_pid" 2>/dev/null; then
            say "run: the node did not start. Its log:" >&2
            tail -20 "$demo_dir/onymd.log" >&2
            exit 1
        fi
        sleep 0.1
    done
    tail -20 "$demo_dir/onymd.log" >&2
    die "the node is not ready after 30 s"
}

demo_look() {
    local at=()
    if (($1 != 2641)); then
        at=(--server "127.0.0.1:$1")
    fi
    say ""
    say "An engine, over UDP:"
    demo_show 0 resolve "${at[@]}" +udp 88.9420.106/EN.A.1000.DDI13-E520.260311.J00012-L
    say ""
    say "A battery pack, typed in lower case, over TCP:"
    demo_show 0 resolve "${at[@]}" +tcp 88.9420.104/pv.a.9100.bp-lfp-77k.260214.000451-o
    say ""
    say "Where the identifiers of an enterprise are served:"
    demo_show 0 resolve "${at[@]}" --type HS_SITE 0.NA/88.9420.106
    say ""
    say "An enterprise with a server of its own is referred to, which is no answer (status 1):"
    demo_show 1 resolve "${at[@]}" 88.9420.130/EN.P.1005.X1
    say ""
    say "What to try next (in another terminal, from this folder):"
    say "  build/bin/onymctl resolve ${at[*]}${at:+ }+short 88.9420.101/CV.V.L0SCV26B5S1000001"
    say "  build/bin/onymctl resolve ${at[*]}${at:+ }--json 88.9420.114/EQ.R.CAL.260228.00081-0"
    say "  curl 'http://127.0.0.1:$2/api/v1/identifiers/88.9420.114/EQ.R.CAL.260228.00081-0?pretty'"
    say "  build/bin/onymctl --help"
    say "  docs/architecture.md, docs/client-library.md, docs/operations.md"
}
