# shellcheck shell=bash
# What a trained build is trained with, sourced by ./run: a node of its own on loopback, loaded and
# asked as factories and platforms do. Programs that count leave their counts when they end, so each
# of them has to end well. Uses say and die of ./run and demo_taken, demo_ready of demo.sh.

train_dir=
train_pid=

train_clean() {
    local status=$?
    trap - EXIT INT TERM
    if [[ -n $train_pid ]] && kill -0 "$train_pid" 2>/dev/null; then
        kill -TERM "$train_pid"
        wait "$train_pid" || true
    fi
    if [[ -n $train_dir ]]; then
        rm -rf "$train_dir"
    fi
    exit "$status"
}

# train_port FIRST: a port from FIRST on that nobody holds.
train_port() {
    local port=$1
    while demo_taken tcp "$port" || demo_taken udp "$port"; do
        port=$((port + 1))
    done
    printf '%s' "$port"
}

# The records of the samples, and a prefix below which may be registered with the secret in s.txt.
train_records() {
    "$1"/onymctl auth secret gen --out "$train_dir/s.txt" 2>>"$train_dir/out" >"$train_dir/s.json"
    printf '{"handle":"0.NA/88.9420.201","values":[%s,%s]}\n' "$(<"$train_dir/s.json")" \
        '{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"0.NA/88.9420.201","index":301,"permissions":"111111111111"}}}'
    "$1"/onym-generate --records 40000
}

# train_ask SECONDS onymbench-options...
train_ask() {
    local seconds=$1
    shift
    "$train_bin"/onymbench run --quiet --warm-up 100ms --duration "${seconds}s" --records 40000 "$@" \
        >>"$train_dir/out" 2>&1 || die "training: onymbench $*: $(tail -n 3 "$train_dir/out")"
}

# train BIN: puts the programs of BIN under load for some twenty seconds.
train() {
    local train_bin=$1 handle tls https ops asks registers
    trap train_clean EXIT
    trap 'exit 130' INT TERM
    train_dir=$(mktemp -d "${TMPDIR:-/tmp}/onym-train.XXXXXX")
    handle=$(train_port 27141) tls=$(train_port 27241) https=$(train_port 27341)
    ops=$(train_port 27441)
    "$train_bin"/onymctl init --dir "$train_dir" --yes >"$train_dir/out"
    train_records "$train_bin" | "$train_bin"/onymctl load --no-progress --data "$train_dir/data" - \
        >>"$train_dir/out" 2>&1 || die "training: $(tail -n 3 "$train_dir/out")"
    "$train_bin"/onymd --config "$train_dir/onymd.yaml" --set node.workers=1 \
        --set storage.dir="$train_dir/data" --set listen.handle_udp="127.0.0.1:$handle" \
        --set listen.handle_tcp="127.0.0.1:$handle" --set listen.handle_tls="127.0.0.1:$tls" \
        --set listen.https="127.0.0.1:$https" --set listen.ops="127.0.0.1:$ops" \
        >"$train_dir/log" 2>&1 &
    train_pid=$!
    until demo_ready "$ops"; do
        kill -0 "$train_pid" 2>/dev/null || die "training: $(tail -n 3 "$train_dir/log")"
        sleep 0.05
    done
    asks=(--mix "resolve=90,miss=6,route=2,malformed=1,refused=1")
    registers=(--as 301:0.NA/88.9420.201 --secret-file "$train_dir/s.txt" --under 88.9420.201)
    train_ask 3 -t udp --window 128 "${asks[@]}" "127.0.0.1:$handle"
    train_ask 1 -t udp --window 1 "127.0.0.1:$handle"
    train_ask 1 -t tcp --connections 64 "127.0.0.1:$handle"
    train_ask 2 -t tcp --connections 64 --window 16 "${asks[@]}" "127.0.0.1:$handle"
    train_ask 1 -t tcp --new-connections "127.0.0.1:$handle"
    train_ask 1 -t tls --connections 16 "127.0.0.1:$tls"
    train_ask 1 -t tls --new-connections "127.0.0.1:$tls"
    train_ask 2 -t https --connections 64 --mix resolve=95,miss=5 "127.0.0.1:$https"
    train_ask 2 -t tcp --connections 16 --mix register=4,update=1 "${registers[@]}" "127.0.0.1:$handle"
    registers+=(--ca "$train_dir/tls/ca.crt")
    train_ask 1 -t https --mix register=4,update=1 "${registers[@]}" "127.0.0.1:$https"
    train_ask 2 -t https --connections 1 --mix batch=1 "${registers[@]}" "127.0.0.1:$https"
    train_ask 2 -t https --connections 4 --mix batch=1 "${registers[@]}" "127.0.0.1:$https"
    kill -TERM "$train_pid"
    wait "$train_pid" || die "training: the node did not stop well: $(tail -n 3 "$train_dir/log")"
    train_pid=
    "$train_bin"/onymctl audit verify --data "$train_dir/data" >>"$train_dir/out" 2>&1 ||
        die "training: $(tail -n 3 "$train_dir/out")"
    rm -rf "$train_dir"
    train_dir=
    trap - EXIT INT TERM
}
