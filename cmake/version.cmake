# build/generated/version.h: ONYM_VERSION, ONYM_REVISION (git describe; "unknown" outside a
# checkout), ONYM_BUILD_TYPE and the versions of the libraries built against. Written when
# configuring and looked at again by every build; the file is touched only when a value changed.
# Also runs as a script: cmake -DONYM_...=... -P version.cmake
if(CMAKE_SCRIPT_MODE_FILE)
    set(ONYM_REVISION "")
    find_program(git git)
    if(git AND EXISTS ${ONYM_SOURCE}/.git)
        execute_process(COMMAND ${git} -C ${ONYM_SOURCE} describe --always --dirty --abbrev=12
                        OUTPUT_VARIABLE ONYM_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
    if(ONYM_REVISION STREQUAL "")
        set(ONYM_REVISION unknown)
    endif()
    configure_file(${ONYM_SOURCE}/cmake/version.h.in ${ONYM_OUTPUT} @ONLY)
    return()
endif()
set(onym_build_type ${CMAKE_BUILD_TYPE})
if(ONYM_PROFILE STREQUAL "use")
    string(APPEND onym_build_type ", trained")
elseif(ONYM_PROFILE)
    string(APPEND onym_build_type ", counting")
endif()
set(onym_write_version ${CMAKE_COMMAND} -DONYM_SOURCE=${CMAKE_SOURCE_DIR}
    -DONYM_OUTPUT=${CMAKE_BINARY_DIR}/generated/version.h -DONYM_VERSION=${PROJECT_VERSION}
    "-DONYM_BUILD_TYPE=${onym_build_type}" -DONYM_BUILT_CRYPTO=${crypto_VERSION}
    -DONYM_BUILT_LMDB=${lmdb_VERSION} -DONYM_BUILT_YAML=${yaml_VERSION}
    -DONYM_BUILT_XXHASH=${xxhash_VERSION} -P ${CMAKE_SOURCE_DIR}/cmake/version.cmake)
execute_process(COMMAND ${onym_write_version} COMMAND_ERROR_IS_FATAL ANY)
add_custom_target(onym_version COMMAND ${onym_write_version} VERBATIM
                  BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/version.h
                  COMMENT "Looking at the revision")
add_dependencies(onym_base onym_version)
