# Compiler flags shared by every target, in two parts: onym_codegen (how code is made: hardening,
# sanitizers; third-party sources take it too) and onym_flags (that, plus our warnings and paths).
add_library(onym_codegen INTERFACE)
target_compile_options(onym_codegen INTERFACE -fno-strict-aliasing -fvisibility=hidden
                       -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(ONYM_SANITIZE)
    target_compile_options(onym_codegen INTERFACE -fsanitize=${ONYM_SANITIZE}
                                                  -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
    target_link_options(onym_codegen INTERFACE -fsanitize=${ONYM_SANITIZE})
else()
    target_compile_options(onym_codegen INTERFACE -fstack-protector-strong
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
    # full RELRO, so no lazy binding, so calls into shared libraries need no PLT
    target_compile_options(onym_codegen INTERFACE $<$<CONFIG:Release>:-fno-plt>)
    target_link_options(onym_codegen INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
# Structures are copied by words on x86 (docs/decisions/0197-structures-are-copied-by-words.md): an
# SSE load of what was just stored in words waits for these stores. Where the compiler does not know
# the options, it is only slower.
include(CheckCCompilerFlag)
set(ONYM_BY_WORDS -mtune-ctrl=^sse_unaligned_load_optimal,^sse_unaligned_store_optimal
                  -mmemset-strategy=unrolled_loop:512:noalign,libcall:-1:noalign)
check_c_compiler_flag("${ONYM_BY_WORDS}" ONYM_HAS_BY_WORDS)
if(ONYM_HAS_BY_WORDS)
    target_compile_options(onym_codegen INTERFACE "$<$<CONFIG:Release>:${ONYM_BY_WORDS}>")
    target_link_options(onym_codegen INTERFACE "$<$<CONFIG:Release>:${ONYM_BY_WORDS}>")
endif()
# Two builds in one folder, with what ./run does in between (deploy/train.sh): the first counts which
# branches are taken and what is called, the second is made by that. What was not met keeps the usual
# optimisation.
if(ONYM_PROFILE)
    if(NOT ONYM_PROFILE MATCHES "^(make|use)$")
        message(FATAL_ERROR "ONYM_PROFILE is ${ONYM_PROFILE}; it is make, use or nothing")
    endif()
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
        message(FATAL_ERROR "ONYM_PROFILE needs gcc: set CMAKE_C_COMPILER")
    endif()
    set(ONYM_PROFILE_make -fprofile-generate -fprofile-update=atomic
                          -fprofile-dir=${ONYM_PROFILE_DIR})
    set(ONYM_PROFILE_use -fprofile-use=${ONYM_PROFILE_DIR} -fprofile-partial-training
                         -fprofile-correction -Wno-missing-profile)
    target_compile_options(onym_codegen INTERFACE ${ONYM_PROFILE_${ONYM_PROFILE}})
    target_link_options(onym_codegen INTERFACE ${ONYM_PROFILE_${ONYM_PROFILE}})
endif()
if(ONYM_COVERAGE)
    target_compile_options(onym_codegen INTERFACE --coverage)
    target_link_options(onym_codegen INTERFACE --coverage)
endif()
if(ONYM_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "ONYM_FUZZ needs clang (libFuzzer): configure with --preset fuzz")
    endif()
    target_compile_options(onym_codegen INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(onym_flags INTERFACE)
target_link_libraries(onym_flags INTERFACE onym_codegen)
target_compile_definitions(onym_flags INTERFACE _GNU_SOURCE)
target_include_directories(onym_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                                                ${CMAKE_BINARY_DIR}/generated)
target_compile_options(onym_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla
    -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference)
if(ONYM_WERROR)
    target_compile_options(onym_flags INTERFACE -Werror)
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

# a program depends on the libraries it calls, not on those a layer below might have called
target_link_options(onym_codegen INTERFACE -Wl,--as-needed)

# Whole-program optimisation over the layer archives. Objects stay "fat", so that libonym.a can be
# linked by a compiler that knows nothing of it.
if(ONYM_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT lto OUTPUT lto_why LANGUAGES C)
    if(lto)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
        if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
            # CMake's own flags say -fno-fat-lto-objects
            set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
        endif()
    else()
        message(STATUS "no link-time optimisation with this compiler: ${lto_why}")
    endif()
endif()

# ccache where it is installed; it only saves time.
find_program(ONYM_CCACHE ccache)
mark_as_advanced(ONYM_CCACHE)
if(ONYM_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${ONYM_CCACHE})
endif()
