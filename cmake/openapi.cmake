# build/generated/openapi_json.c: proto/openapi.json as an array of bytes, for the route that serves
# the contract. Also runs as a script: cmake -DONYM_INPUT=... -DONYM_OUTPUT=... -P openapi.cmake
if(CMAKE_SCRIPT_MODE_FILE)
    file(READ ${ONYM_INPUT} bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR length "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(WRITE ${ONYM_OUTPUT} "#include \"service/openapi.h\"\n"
         "const uint8_t onym_openapi_json[] = {${bytes}};\n"
         "const size_t onym_openapi_json_len = ${length};\n")
    return()
endif()
set(onym_openapi_c ${CMAKE_BINARY_DIR}/generated/openapi_json.c)
add_custom_command(OUTPUT ${onym_openapi_c}
                   COMMAND ${CMAKE_COMMAND} -DONYM_INPUT=${CMAKE_SOURCE_DIR}/proto/openapi.json
                           -DONYM_OUTPUT=${onym_openapi_c} -P ${CMAKE_SOURCE_DIR}/cmake/openapi.cmake
                   DEPENDS ${CMAKE_SOURCE_DIR}/proto/openapi.json
                           ${CMAKE_SOURCE_DIR}/cmake/openapi.cmake
                   COMMENT "Embedding the HTTP contract" VERBATIM)
target_sources(onym_service PRIVATE ${onym_openapi_c})
