#!/bin/sh
# The real tool and twinbank-sim on a pty: `twinbank mode` shows, refuses, switches there and
# back; between the switches somebody programs the blank part.
#   mode_on_pty.sh TWINBANK TWINBANK-SIM CHIP
set -eu
tool=$1 sim=$2 chip=$3
firmware=${TB_FIRMWARE_ROOT:-build/firmware}/$chip
dir=$(mktemp -d)
pid=
trap 'test -z "$pid" || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
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

board_on
expect 0 "$chip is in dual-bank mode: 2 banks of" mode
expect 6 TB_ERR_NOT_HERE mode --single --erase-all --yes
expect 0 "into stage 2" reset --stage2
expect 6 TB_ERR_CONTENTS mode --single
expect 0 "resets into single-bank mode, blank" mode --single --erase-all --yes
expect 5 "no answer" info --timeout 1
board_off
board_on # programmed by somebody who does not know of the mode
expect 0 "is in single-bank mode: it cannot be updated" mode
expect 6 TB_ERR_SINGLE_BANK info
expect 6 "twinbank mode --dual --erase-all" flash "$firmware/app-1.1.0.twb"
expect 0 "resets into dual-bank mode, blank" mode --dual --erase-all --yes
board_off
board_on
expect 0 "in dual-bank mode" mode
expect 0 "1.1.0" flash "$firmware/app-1.1.0.twb"
board_off
