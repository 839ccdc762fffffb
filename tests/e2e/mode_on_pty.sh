#!/bin/sh
# The real tool and twinbank-sim on a pty: `twinbank mode` shows, refuses, switches there and
# back; between the switches somebody programs the blank part.
#   mode_on_pty.sh TWINBANK TWINBANK-SIM CHIP
set -eu
. "$(dirname "$0")/on_pty.sh"

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
