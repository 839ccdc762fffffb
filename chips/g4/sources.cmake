set(tb_family_sources
    g4/clock.c g4/flash.c g4/launch.c g4/system.c g4/uart_clock.c
    stm32/crc.c stm32/flash.c stm32/line.c stm32/system.c stm32/uart.c)
set(tb_family_irqs 102)
