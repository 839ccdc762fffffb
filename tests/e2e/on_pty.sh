# The real tool and twinbank-sim on a pty, in real time, for the scripts beside this one, which are
# called with TWINBANK TWINBANK-SIM CHIP.
tool=$1 sim=$2 chip=$3
firmware=${TB_FIRMWARE_ROOT:-build/firmware}/$chip
dir=$(mktemp -d)
pid=
trap 'test -z "$pid" || { kill "$pid" && wait "$pid"; } 2>/dev/null || true; rm -rf "$dir"' EXIT
port=$dir/wire

board_on() {
    "$sim" --chip "$chip" --device "$dir/board.dev" --load "$firmware/factory.hex" --lockup wait \
        --uart "board=pty:$port" --quiet &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        test -e "$port" && return
        sleep 0.25
    done
    echo "twinbank-sim made no port" >&2
    exit 1
}

board_off() {
    kill -INT "$pid"
    wait "$pid" || true
    pid=
    rm -f "$port"
}

# STATUS TEXT WORDS...: the tool's exit status, and what it says.
expect() {
    status=$1 text=$2
    shift 2
    got=0
    "$tool" "$@" --port "$port" >"$dir/said" 2>&1 </dev/null || got=$?
    if test "$got" != "$status" || ! grep -qF -e "$text" "$dir/said"; then
        echo "twinbank $*: status $got, expected $status and '$text'; it said:" >&2
        cat "$dir/said" >&2
        exit 1
    fi
}
