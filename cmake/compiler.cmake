# Compiler flags shared by every target: warnings, hardening, sanitizers.
add_library(onym_flags INTERFACE)
target_compile_definitions(onym_flags INTERFACE _GNU_SOURCE)
target_include_directories(onym_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                                                ${CMAKE_BINARY_DIR}/generated)
target_compile_options(onym_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla
    -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -fno-strict-aliasing
    -fvisibility=hidden)
if(ONYM_WERROR)
    target_compile_options(onym_flags INTERFACE -Werror)
endif()
if(ONYM_SANITIZE)
    target_compile_options(onym_flags INTERFACE -fsanitize=${ONYM_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
    target_link_options(onym_flags INTERFACE -fsanitize=${ONYM_SANITIZE})
else()
    target_compile_options(onym_flags INTERFACE -fstack-protector-strong
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
    target_link_options(onym_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
