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
            ${ONYM_LMDB_ARCHIVE} ${onym_lmdb_archive}.new
    COMMAND_ERROR_IS_FATAL ANY)
# an archive that is newer than the programs would have all of them linked again
file(COPY_FILE ${onym_lmdb_archive}.new ${onym_lmdb_archive} ONLY_IF_DIFFERENT)
file(REMOVE ${onym_lmdb_archive}.new)
# an archive that writes with other calls would go past the journal, and lose commits
execute_process(COMMAND ${CMAKE_NM} -u ${onym_lmdb_archive} OUTPUT_VARIABLE onym_lmdb_calls
                COMMAND_ERROR_IS_FATAL ANY)
foreach(call pwrite writev fdatasync)
    if(NOT onym_lmdb_calls MATCHES "U onym_lmdb_${call}\n")
        message(FATAL_ERROR "${ONYM_LMDB_ARCHIVE} does not call ${call}; take that of LMDB 0.9")
    endif()
endforeach()
if(onym_lmdb_calls MATCHES "U (pwritev[0-9]*|pwrite64|pwritev64[a-z0-9]*)\n")
    message(FATAL_ERROR "${ONYM_LMDB_ARCHIVE} calls ${CMAKE_MATCH_1}, which the journal does not see")
endif()
add_library(onym_lmdb STATIC IMPORTED GLOBAL)
set_target_properties(onym_lmdb PROPERTIES IMPORTED_LOCATION ${onym_lmdb_archive}
    INTERFACE_INCLUDE_DIRECTORIES "${lmdb_INCLUDE_DIRS}")
# it calls back into the store
target_link_libraries(onym_lmdb INTERFACE onym_store Threads::Threads)
add_library(dep::lmdb ALIAS onym_lmdb)
