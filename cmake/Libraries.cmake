# The libraries of Debian that features stand on.
#
# loadtop_find(NAME module feature) looks for a pkg-config module. What is found becomes the target
# PkgConfig::NAME and, for those who loadtop_use it, the definition LOADTOP_HAVE_NAME. What is missing is
# named in the summary together with what it takes away.
find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set_property(GLOBAL PROPERTY loadtop_found "")
set_property(GLOBAL PROPERTY loadtop_missing "")

function(loadtop_find name module feature)
    option(LOADTOP_WITH_${name} "Use ${module} if it is there: ${feature}" ON)
    if(LOADTOP_WITH_${name})
        pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
    endif()
    if(TARGET PkgConfig::${name})
        set_property(GLOBAL APPEND PROPERTY loadtop_found "${module} ${${name}_VERSION}")
    else()
        set_property(GLOBAL APPEND PROPERTY loadtop_missing "${module}: without it no ${feature}")
    endif()
endfunction()

# Gives target those of the named libraries that were found, and tells its code which.
function(loadtop_use target)
    foreach(name IN LISTS ARGN)
        if(TARGET PkgConfig::${name})
            target_link_libraries(${target} PUBLIC PkgConfig::${name})
            target_compile_definitions(${target} PUBLIC LOADTOP_HAVE_${name}=1)
        endif()
    endforeach()
endfunction()

pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET GLOBAL jansson)
pkg_check_modules(NCURSESW REQUIRED IMPORTED_TARGET GLOBAL ncursesw)

loadtop_find(YAML yaml-0.1 "scenario files (libyaml-dev)")
loadtop_find(CMINPACK cminpack "fit of the scaling law (libcminpack-dev)")
loadtop_find(HIREDIS hiredis "redis backend (libhiredis-dev)")
loadtop_find(CURL libcurl "crate backend (libcurl4-openssl-dev)")
loadtop_find(RDKAFKA rdkafka "kafka backend (librdkafka-dev)")
loadtop_find(OPENSSL openssl "TLS to Redis and Cassandra (libssl-dev)")
loadtop_find(LZ4 liblz4 "compression to Cassandra (liblz4-dev)")
loadtop_find(CAIRO cairo "PNG screenshots (libcairo2-dev)")
loadtop_find(SQLITE sqlite3 "history of runs (libsqlite3-dev)")
loadtop_find(ZLIB zlib ".hlog files (zlib1g-dev)")

function(loadtop_summary)
    get_property(found GLOBAL PROPERTY loadtop_found)
    get_property(missing GLOBAL PROPERTY loadtop_missing)
    list(JOIN found ", " found)
    set(sanitize "")
    if(LOADTOP_SANITIZE)
        set(sanitize ", sanitizers ${LOADTOP_SANITIZE}")
    endif()
    message(STATUS "loadtop ${PROJECT_VERSION}: ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}${sanitize}")
    message(STATUS "  with    jansson ${JANSSON_VERSION}, ncursesw ${NCURSESW_VERSION}, ${found}")
    foreach(line IN LISTS missing)
        message(STATUS "  missing ${line}")
    endforeach()
endfunction()
