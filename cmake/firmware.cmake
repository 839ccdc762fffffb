# Compiler set-up of our own firmware. A project that adds Twinbank brings its own.
if(TB_CHIP STREQUAL "")
    unset(TB_CHIP)
endif()
set(TB_FIRMWARE_DIR "${CMAKE_BINARY_DIR}/firmware" CACHE PATH "Where the finished images go")
set(TB_HOST_TOOL "" CACHE FILEPATH "The host tool, build/bin/twinbank")
if(NOT TB_LINKER_SCRIPT_TOOL)
    get_filename_component(tb_bin_dir "${TB_HOST_TOOL}" DIRECTORY)
    set(TB_LINKER_SCRIPT_TOOL "${tb_bin_dir}/tb-linker-script")
endif()
if(NOT TB_PACK_STAGE2_TOOL)
    get_filename_component(tb_bin_dir "${TB_HOST_TOOL}" DIRECTORY)
    set(TB_PACK_STAGE2_TOOL "${tb_bin_dir}/tb-pack-stage2")
endif()
set(TB_PRODUCT_ID 1 CACHE STRING "Product id that the images carry")
option(TB_STANDBY_TOKEN "A wake from Standby skips the check of an image checked since power-on" OFF)
set(TB_STAGE2_VERSION 1.0.0 CACHE STRING "Version of stage 2")
set(TB_STAGE2_NEXT_VERSION 1.1.0 CACHE STRING "Version of stage2-next, which tests update to")

include(${PROJECT_SOURCE_DIR}/cmake/families.cmake)
string(TOLOWER "${TB_CHIP}" tb_chip_lower)
tb_family_of(${tb_chip_lower} TB_FAMILY TB_CORE)
add_compile_options(-mcpu=${TB_CORE} -mthumb -mfloat-abi=soft -ffreestanding -fno-common
    -ffunction-sections -fdata-sections)
add_link_options(-mcpu=${TB_CORE} -mthumb -mfloat-abi=soft -nostartfiles --specs=nano.specs
    -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,--fatal-warnings)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
# Passes that cost bytes here: each was measured on stage 1 with gcc 12.
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g -fno-thread-jumps -fno-tree-dse -fno-tree-reassoc")
string(APPEND CMAKE_C_FLAGS_MINSIZEREL " -fno-schedule-insns2 -fno-if-conversion -fno-ipa-sra")

# tb_linker_script(TARGET KIND): the script made from the row, and the target linked by it.
function(tb_linker_script target kind)
    set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}.ld)
    add_custom_command(OUTPUT ${script}
        COMMAND ${TB_LINKER_SCRIPT_TOOL} ${TB_CHIP} ${kind} > ${script}
        DEPENDS ${TB_LINKER_SCRIPT_TOOL} VERBATIM)
    add_custom_target(${target}-script DEPENDS ${script})
    add_dependencies(${target} ${target}-script)
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${script}
        SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${TB_FIRMWARE_DIR})
    target_link_options(${target} PRIVATE -T${script}
        -Wl,-Map=${CMAKE_CURRENT_BINARY_DIR}/${target}.map
        -fcallgraph-info=su -dumpdir ${CMAKE_CURRENT_BINARY_DIR}/${target}.)
endfunction()

# tb_pack(IMAGE TARGET KIND VERSION [options of `twinbank image pack`]): IMAGE.twb from TARGET.elf.
function(tb_pack name target kind version)
    set(image ${TB_FIRMWARE_DIR}/${name}.twb)
    add_custom_command(OUTPUT ${image}
        COMMAND ${TB_HOST_TOOL} image pack --chip ${TB_CHIP} --kind ${kind} --version ${version}
            --product ${TB_PRODUCT_ID} ${ARGN} -o ${image} $<TARGET_FILE:${target}>
        DEPENDS ${target} ${TB_HOST_TOOL} VERBATIM)
    add_custom_target(${name}-image ALL DEPENDS ${image})
endfunction()
