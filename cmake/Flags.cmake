# How everything is compiled: C11, warnings as errors, and the sanitizers that were asked for.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
# Assertions stay in a release: they cost nothing that can be measured, and a wrong figure is worse than an abort.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")

add_library(loadtop_flags INTERFACE)
target_compile_definitions(loadtop_flags INTERFACE _GNU_SOURCE)
target_compile_options(loadtop_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -fno-omit-frame-pointer
    # A member that a row of a table does not name is zero, which is what its last, rarely used ones are to be.
    -Wno-missing-field-initializers)
if(LOADTOP_WERROR)
    target_compile_options(loadtop_flags INTERFACE -Werror)
endif()

# Who reaches for a member that is another thread's aborts: engine/base/role.h.
if(LOADTOP_SANITIZE)
    target_compile_definitions(loadtop_flags INTERFACE LOADTOP_CHECK_ROLES)
else()
    target_compile_definitions(loadtop_flags INTERFACE $<$<CONFIG:Debug>:LOADTOP_CHECK_ROLES>)
endif()

if(LOADTOP_SANITIZE)
    # What a sanitizer adds hides from gcc how long strings can be: it then warns of cuts that cannot happen.
    target_compile_options(loadtop_flags INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
    target_compile_options(loadtop_flags INTERFACE -fsanitize=${LOADTOP_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(loadtop_flags INTERFACE -fsanitize=${LOADTOP_SANITIZE})
    if(LOADTOP_SANITIZE MATCHES "undefined")
        # A number from outside that its integer cannot hold: `undefined` leaves that out.
        target_compile_options(loadtop_flags INTERFACE -fsanitize=float-cast-overflow)
    endif()
endif()

# What a fault in memory can be used for is made small. A sanitizer sees more without _FORTIFY_SOURCE, which also
# needs a compiler that optimises; the rest costs nothing that can be measured (./dev bench engine).
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckCCompilerFlag)
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "has${flag}" has)
    check_c_compiler_flag(${flag} ${has})
    if(${has})
        target_compile_options(loadtop_flags INTERFACE ${flag})
    endif()
endforeach()
if(NOT LOADTOP_SANITIZE AND NOT LOADTOP_FUZZ)
    # Some compilers set a level of their own; a second definition would be a warning.
    target_compile_options(loadtop_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>
        $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
endif()
target_link_options(loadtop_flags INTERFACE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

# What only executables link.
add_library(loadtop_main INTERFACE)
if(LOADTOP_SANITIZE MATCHES "thread")
    target_sources(loadtop_main INTERFACE "${PROJECT_SOURCE_DIR}/tests/tsan_threads.c")
endif()

if(LOADTOP_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "LOADTOP_FUZZ needs clang: cmake -D CMAKE_C_COMPILER=clang")
    endif()
    target_compile_options(loadtop_flags INTERFACE
        -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all)
    target_link_options(loadtop_flags INTERFACE -fsanitize=address,undefined)
endif()
