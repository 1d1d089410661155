#include "store/lmdb_status.h"

#include <errno.h>
#include <lmdb.h>

enum onym_status
onym_lmdb_status(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ONYM_OK;
    case MDB_NOTFOUND:
        return ONYM_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* ulimit -f */
        return ONYM_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_PANIC:
        return ONYM_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return ONYM_UNSUPPORTED;
    case MDB_READERS_FULL:
        return ONYM_BUSY;
    case ENOMEM:
        return ONYM_NO_MEMORY;
    case EWOULDBLOCK: /* a lock */
        return ONYM_IN_USE;
    default:
        return ONYM_IO;
    }
}

static const char *
what_to_do(int rc)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return "set storage.map_size (--map-size) larger";
    case ENOSPC:
    case EDQUOT:
        return "free disk space and try again";
    case EFBIG:
        return "raise the limit of file sizes of this process (ulimit -f, LimitFSIZE=)";
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_PANIC:
        return "the file is damaged or not a store; restore it from a dump or backup";
    case MDB_VERSION_MISMATCH:
        return "the file was written by another version of LMDB";
    case MDB_READERS_FULL:
        return "too many readers at once";
    case ENOMEM:
        return "not enough memory or address space; set storage.map_size (--map-size) smaller";
    case EWOULDBLOCK:
        return "another process has the store's file, though not its lock: stop that process, and "
               "leave the file 'lock' where it is";
    case EACCES:
    case EPERM:
        return "check owner and mode of the directory and its files";
    default:
        return "see the system's log for the disk";
    }
}

enum onym_status
onym_lmdb_fault(struct onym_fault *fault, const char *path, int rc)
{
    return onym_fault_set(fault, onym_lmdb_status(rc), "%s: %s; %s", path, mdb_strerror(rc),
                          what_to_do(rc));
}
