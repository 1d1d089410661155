# dep::llhttp, a static archive of llhttp 8.1 from Debian's node-llhttp package, unpacked by
# cmake/fetch-llhttp.sh (which ./run calls). The parser is generated code: our warnings do not
# apply to it, our hardening and sanitizers do.
set(ONYM_LLHTTP_DIR "" CACHE PATH "unpacked node-llhttp package; empty = look in the build folders")
set(llhttp_roots ${ONYM_LLHTTP_DIR} ${CMAKE_BINARY_DIR}/third_party/llhttp
                 ${CMAKE_SOURCE_DIR}/build/third_party/llhttp)
set(llhttp_root "")
foreach(root IN LISTS llhttp_roots)
    if(NOT llhttp_root AND EXISTS ${root}/usr/share/llhttp/llhttp.c)
        set(llhttp_root ${root})
    endif()
endforeach()
if(NOT llhttp_root)
    message(FATAL_ERROR "llhttp's C sources are not there. Run cmake/fetch-llhttp.sh (it downloads "
                        "Debian's node-llhttp and unpacks it into build/third_party/llhttp), or "
                        "name an unpacked copy with -DONYM_LLHTTP_DIR=DIR.")
endif()
add_library(onym_llhttp STATIC ${llhttp_root}/usr/share/llhttp/api.c
                               ${llhttp_root}/usr/share/llhttp/http.c
                               ${llhttp_root}/usr/share/llhttp/llhttp.c)
target_include_directories(onym_llhttp SYSTEM PUBLIC ${llhttp_root}/usr/share/include/llhttp)
target_link_libraries(onym_llhttp PRIVATE onym_codegen)
target_compile_options(onym_llhttp PRIVATE -w)
add_library(dep::llhttp ALIAS onym_llhttp)
