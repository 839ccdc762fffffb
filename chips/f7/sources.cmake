set(tb_family_sources
    f7/clock.c f7/flash.c f7/launch.c f7/mode.c f7/protect.c f7/stage1.c f7/uart_clock.c
    stm32/crc.c stm32/crc_fresh.c stm32/flash.c stm32/flash_bare.c stm32/flash_copy.c stm32/line.c stm32/standby.c stm32/stage1.c stm32/system.c stm32/system_g4l4.c
    stm32/uart.c)
set(tb_family_irqs 110)
set(tb_stage1_sources
    f7/clock.c f7/flash.c f7/launch.c f7/mode.c f7/stage1.c stm32/line.c stm32/stage1.c stm32/system.c stm32/system_g4l4.c)
