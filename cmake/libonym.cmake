# libonym.a: the client side of the protocol for other programs, in one archive that needs nothing
# but libcrypto. Sources are listed one by one so that the codecs of JSON, HTTP and configuration
# cannot slip in; tests/integration/test_libonym.py links the archive as a whole and says what is
# missing.
set(onym_library_sources
    src/base/clock.c src/base/hex.c src/base/require.c src/base/rng.c src/base/status.c
    src/base/utf8.c
    src/model/hs_admin.c src/model/hs_pubkey.c src/model/hs_site.c src/model/hs_vlist.c
    src/model/ident.c src/model/message.c src/model/operation.c src/model/value.c
    src/wire/admin.c src/wire/fields.c src/wire/frame.c src/wire/header.c src/wire/resolve.c
    src/wire/session.c
    src/auth/digest.c src/auth/evp.c src/auth/keys.c src/auth/keys_pem.c src/auth/secret.c
    src/auth/sign.c
    src/client/address.c src/client/blocking.c src/client/client.c src/client/client_errand.c
    src/client/errand.c src/client/errand_reply.c src/client/exchange.c
    src/client/exchange_reply.c src/client/gather.c src/client/link.c src/client/proof.c)
add_library(onym STATIC ${onym_library_sources})
target_link_libraries(onym PRIVATE onym_flags PUBLIC dep::crypto)

include(GNUInstallDirs)
install(TARGETS onym ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/onym DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
        FILES_MATCHING PATTERN "*.h")
# relative, so that it is right wherever `cmake --install --prefix` puts it
file(RELATIVE_PATH ONYM_PC_TO_PREFIX /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
string(REGEX REPLACE "/$" "" ONYM_PC_TO_PREFIX "${ONYM_PC_TO_PREFIX}")
configure_file(cmake/onym.pc.in ${CMAKE_BINARY_DIR}/generated/onym.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/generated/onym.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)

# What onymctl -VV names: the versions built against.
set_source_files_properties(src/tools/version.c PROPERTIES COMPILE_DEFINITIONS
    "ONYM_BUILT_CRYPTO=\"${crypto_VERSION}\";ONYM_BUILT_LMDB=\"${lmdb_VERSION}\";ONYM_BUILT_YAML=\"${yaml_VERSION}\";ONYM_BUILT_XXHASH=\"${xxhash_VERSION}\"")
