set(tb_family_sources
    u5/clock.c u5/flash.c u5/launch.c u5/mode.c u5/protect.c u5/stage1.c u5/swap.c u5/system.c u5/uart_clock.c
    stm32/crc.c stm32/crc_fresh.c stm32/flash.c stm32/flash_bare.c stm32/flash_copy.c stm32/line.c stm32/protect_areas.c stm32/standby.c stm32/stage1.c
    stm32/system.c
    stm32/uart.c)
set(tb_family_irqs 141)
set(tb_stage1_sources
    u5/clock.c u5/flash.c u5/launch.c u5/stage1.c u5/swap.c u5/system.c stm32/line.c stm32/stage1.c stm32/system.c)
