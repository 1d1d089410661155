# shellcheck shell=bash
# What a trained build is trained with, sourced by ./run behind demo.sh: a node of its own on loopback,
# loaded and asked as factories and platforms do. Programs that count leave their counts when they end,
# so each of them has to end well; what does not is said with die, since this runs where the shell does
# not stop at errors.

train_bin=

# train_port FIRST: a port from FIRST on that nobody holds.
train_port() {
    local port=$1
    while demo_taken tcp "$port" || demo_taken udp "$port"; do
        port=$((port + 1))
    done
    printf '%s' "$port"
}

# train_do WORDS...: a program of the build, which has to do well.
train_do() {
    local program=$1
    shift
    "$train_bin/$program" "$@" >>"$demo_dir/out" 2>&1 ||
        die "training: $program $*: $(tail -n 3 "$demo_dir/out")"
}

# The records of the samples, and a prefix below which may be registered with the secret in s.txt.
train_records() {
    train_do onymctl auth secret gen --out "$demo_dir/s.txt"
    printf '{"handle":"0.NA/88.9420.201","values":[%s,%s]}\n' \
        "$(grep '^{' "$demo_dir/out" | tail -n 1)" \
        '{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"handle":"0.NA/88.9420.201","index":301,"permissions":"111111111111"}}}' \
        >"$demo_dir/rows"
    "$train_bin"/onym-generate --records 40000 >>"$demo_dir/rows" || die "training: onym-generate failed"
}

# train_ask SECONDS onymbench-options...
train_ask() {
    local seconds=$1
    shift
    train_do onymbench run --quiet --warm-up 100ms --duration "${seconds}s" --records 40000 "$@"
}

# train BIN: puts the programs of BIN under load for some twenty seconds.
train() {
    local handle tls https ops asks registers
    train_bin=$1
    trap demo_clean EXIT
    trap 'exit 130' INT TERM
    demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/onym-train.XXXXXX") || die "training: no temporary directory"
    handle=$(train_port 27141) tls=$(train_port 27241) https=$(train_port 27341)
    ops=$(train_port 27441)
    train_do onymctl init --dir "$demo_dir" --yes
    train_records
    train_do onymctl load --no-progress --data "$demo_dir/data" "$demo_dir/rows"
    "$train_bin"/onymd --config "$demo_dir/onymd.yaml" --set node.workers=1 \
        --set storage.dir="$demo_dir/data" --set listen.handle_udp="127.0.0.1:$handle" \
        --set listen.handle_tcp="127.0.0.1:$handle" --set listen.handle_tls="127.0.0.1:$tls" \
        --set listen.https="127.0.0.1:$https" --set listen.ops="127.0.0.1:$ops" \
        >"$demo_dir/onymd.log" 2>&1 8>&- &
    demo_pid=$!
    demo_wait "$ops"
    asks=(--mix "resolve=85,miss=9,route=2,malformed=2,refused=2")
    registers=(--as 301:0.NA/88.9420.201 --secret-file "$demo_dir/s.txt" --under 88.9420.201)
    train_ask 3 -t udp --window 90 "${asks[@]}" "127.0.0.1:$handle"
    train_ask 1 -t udp --window 2 "127.0.0.1:$handle"
    train_ask 1 -t tcp --connections 40 "127.0.0.1:$handle"
    train_ask 2 -t tcp --connections 40 --window 9 "${asks[@]}" "127.0.0.1:$handle"
    train_ask 1 -t tcp --new-connections "127.0.0.1:$handle"
    train_ask 1 -t tls "127.0.0.1:$tls"
    train_ask 1 -t tls --new-connections "127.0.0.1:$tls"
    train_ask 2 -t https --connections 40 --mix resolve=9,miss=1 "127.0.0.1:$https"
    train_ask 2 -t tcp --connections 10 --mix register=4,update=1 "${registers[@]}" "127.0.0.1:$handle"
    registers+=(--ca "$demo_dir/tls/ca.crt")
    train_ask 1 -t https --mix register=4,update=1 "${registers[@]}" "127.0.0.1:$https"
    train_ask 2 -t https --connections 1 --mix batch=1 --rows 1500 "${registers[@]}" "127.0.0.1:$https"
    train_ask 2 -t https --connections 3 --mix batch=1 --rows 700 "${registers[@]}" "127.0.0.1:$https"
    kill -TERM "$demo_pid"
    wait "$demo_pid" || die "training: the node did not stop well: $(tail -n 3 "$demo_dir/onymd.log")"
    demo_pid=
    train_do onymctl audit verify --data "$demo_dir/data"
}
