# LMDB, with the calls that write its file under names of ours (src/store/lmdb_io.h), so that the
# store's journal stands in front of them. The archive is Debian's own otherwise.
find_library(ONYM_LMDB_ARCHIVE NAMES liblmdb.a REQUIRED)
if(NOT CMAKE_OBJCOPY)
    message(FATAL_ERROR "objcopy is missing; install binutils")
endif()
set(onym_lmdb_archive ${CMAKE_BINARY_DIR}/third_party/liblmdb.a)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ONYM_LMDB_ARCHIVE})
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/third_party)
execute_process(
    COMMAND ${CMAKE_OBJCOPY} --redefine-sym pwrite=onym_lmdb_pwrite
            --redefine-sym writev=onym_lmdb_writev --redefine-sym fdatasync=onym_lmdb_fdatasync
            ${ONYM_LMDB_ARCHIVE} ${onym_lmdb_archive}
    COMMAND_ERROR_IS_FATAL ANY)
add_library(onym_lmdb STATIC IMPORTED GLOBAL)
set_target_properties(onym_lmdb PROPERTIES IMPORTED_LOCATION ${onym_lmdb_archive}
    INTERFACE_INCLUDE_DIRECTORIES "${lmdb_INCLUDE_DIRS}")
# it calls back into the store
target_link_libraries(onym_lmdb INTERFACE onym_store Threads::Threads)
add_library(dep::lmdb ALIAS onym_lmdb)
