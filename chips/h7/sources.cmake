set(tb_family_sources
    h7/clock.c h7/flash.c h7/launch.c h7/protect.c h7/ring.c h7/stage1.c h7/swap.c h7/system.c
    h7/uart_clock.c
    stm32/crc.c stm32/flash.c stm32/flash_bare.c stm32/line.c stm32/standby.c stm32/stage1.c
    stm32/system.c stm32/uart.c)
set(tb_family_irqs 155) # of the H7A3; the others have 150
set(tb_stage1_sources
    h7/clock.c h7/flash.c h7/launch.c h7/stage1.c h7/swap.c h7/system.c stm32/line.c stm32/stage1.c stm32/system.c)
