set(tb_family_sources
    stm32/clock_g4l4.c stm32/crc.c stm32/crc_fresh.c stm32/flash.c stm32/flash_bare.c stm32/flash_copy.c stm32/flash_g4l4.c
    stm32/standby.c stm32/stage1.c stm32/launch_g4l4.c
    stm32/line.c stm32/options_g4l4.c stm32/protect_areas.c stm32/stage1_g4l4.c stm32/system.c
    stm32/system_g4l4.c stm32/uart.c
    stm32/uart_clock_g4l4.c)
set(tb_family_irqs 95)
set(tb_stage1_sources
    stm32/clock_g4l4.c stm32/flash_g4l4.c stm32/stage1.c stm32/launch_g4l4.c stm32/line.c stm32/stage1_g4l4.c
    stm32/system.c stm32/system_g4l4.c)
