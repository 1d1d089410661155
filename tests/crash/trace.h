/* The recording of what a program wrote below one directory, in the order it happened: made by
 * record.c inside the program, read by replay.c. Little more than the system calls themselves.
 *
 *   event   struct trace_event, then len bytes
 *
 * An event is one write(2) to the recording, so it is whole or not there. Integers are the
 * machine's own: a recording is read on the machine that made it. */
#ifndef ONYM_TESTS_CRASH_TRACE_H
#define ONYM_TESTS_CRASH_TRACE_H

#include <stdint.h>

enum trace_kind {
    TRACE_CREATE = 1, /* file came to be under the name in the bytes */
    TRACE_WRITE,      /* bytes at offset; recorded before the call */
    TRACE_THROUGH,    /* the same to a descriptor with O_DSYNC */
    TRACE_WRITTEN,    /* the TRACE_THROUGH of this file before it has returned */
    TRACE_SIZE,       /* the file is offset bytes long now */
    TRACE_SYNC,       /* a sync of the file has returned well */
    TRACE_SYNC_DIR,   /* a sync of the directory has returned well */
    TRACE_RENAME,     /* old name, NUL, new name; file is 0 */
    TRACE_UNLINK,     /* the name; file is 0 */
    TRACE_NOTE,       /* bytes of the program's own, through onym_crash_note */
    TRACE_END,        /* the program has left main */
    TRACE_KINDS
};

struct trace_event {
    uint32_t kind; /* enum trace_kind */
    uint32_t file; /* number of the file, from 1 */
    uint64_t offset;
    uint64_t len;
};

/* What drive.c notes: an operation's number, and what happened to it. */
enum trace_note_what { TRACE_NOTE_SUBMITTED = 1, TRACE_NOTE_ACKNOWLEDGED };

struct trace_note {
    uint32_t what; /* enum trace_note_what */
    uint32_t operation;
};

#endif
