# TB_CHIP names the row; tb_target.h makes it a constant that the compiler can see.
if(NOT TB_CHIP)
    message(FATAL_ERROR "Twinbank: set TB_CHIP to the part, for example -DTB_CHIP=stm32g474re")
endif()
string(TOLOWER "${TB_CHIP}" TB_CHIP)
string(TOUPPER "${TB_CHIP}" tb_chip_upper)
include(${PROJECT_SOURCE_DIR}/cmake/families.cmake)
tb_family_of(${TB_CHIP} TB_FAMILY TB_CORE)
set(TB_TARGET_INCLUDE ${PROJECT_BINARY_DIR}/target)
file(READ ${PROJECT_SOURCE_DIR}/chips/rows.h tb_rows_text)
if(NOT tb_rows_text MATCHES "TB_ROW_${tb_chip_upper}[ ,]")
    message(FATAL_ERROR "Twinbank: there is no row for TB_CHIP=${TB_CHIP} in chips/rows.h")
endif()
file(CONFIGURE OUTPUT ${TB_TARGET_INCLUDE}/tb_target.h @ONLY CONTENT
"#ifndef TB_TARGET_H
#define TB_TARGET_H
#include \"chips/rows.h\"
extern const tb_chip tb_row_@tb_chip_upper@;
#define TB_TARGET (&tb_row_@tb_chip_upper@)
#endif
")
