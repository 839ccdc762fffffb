#!/bin/sh
# An update by the real tool on a pty, a power cut, and back.
#   flash_on_pty.sh TWINBANK TWINBANK-SIM CHIP
set -eu
. "$(dirname "$0")/on_pty.sh"

board_on
expect 0 "$chip (device id" info
expect 0 "booted 1.1.0 from bank 2, confirmed" flash "$firmware/app-1.1.0.twb"
kill -USR1 "$pid" # the power goes, and comes back
expect 0 "mapped: bank 2, next boot: bank 2" info
expect 0 "1.1.0 in bank 2 is rejected" rollback
expect 0 "" reset
expect 0 "mapped: bank 1, next boot: bank 1" info
board_off
