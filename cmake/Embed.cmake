# Text files as C, so that the program has them wherever it was copied to. A file that changes or comes is embedded at
# the next build.

# The contents of a file as a C string literal, one line of it a line.
function(loadtop_string_literal out file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()
