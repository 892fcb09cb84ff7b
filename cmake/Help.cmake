# The texts of ui/help/*.txt in C: compare-method.txt is help_compare_method. ui/base/help_files.h declares them.
file(GLOB help_files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/ui/help/*.txt")
list(SORT help_files)

set(text "/* Made from ui/help/ by cmake/Help.cmake. */\n#include \"ui/base/help_files.h\"\n")
foreach(file IN LISTS help_files)
    get_filename_component(name "${file}" NAME_WE)
    string(MAKE_C_IDENTIFIER "help_${name}" name)
    loadtop_string_literal(help "${file}")
    string(APPEND text "\nconst char ${name}[] =\n     ${help};\n")
endforeach()
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/help_files.c" CONTENT "${text}")
list(APPEND ui_sources "${CMAKE_BINARY_DIR}/help_files.c")
