# What a build must know of a part before it can ask the row: the folder of its family's
# drivers and the core. By name, since a library in another project has no host tools.
function(tb_family_of chip folder core)
    set(table
        "^stm32g4"         g4 cortex-m4
        "^stm32l4"         l4 cortex-m4
        "^stm32u5"         u5 cortex-m33
        "^stm32f7"         f7 cortex-m7
        "^stm32h7"         h7 cortex-m7)
    while(table)
        list(POP_FRONT table pattern its_folder its_core)
        if(chip MATCHES "${pattern}")
            set(${folder} ${its_folder} PARENT_SCOPE)
            set(${core} ${its_core} PARENT_SCOPE)
            return()
        endif()
    endwhile()
    message(FATAL_ERROR "Twinbank: no family is known for ${chip} (cmake/families.cmake)")
endfunction()
