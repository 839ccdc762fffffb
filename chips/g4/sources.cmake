set(tb_family_sources
    g4/clock.c g4/crc.c g4/flash.c g4/launch.c g4/line.c g4/system.c g4/uart.c)
