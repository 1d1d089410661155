/* Bulk load: many records become part of the store together, or none does.
 *
 *   add, add, ... -> finish -> close
 *
 * Rows are sorted by key in bounded memory. Into an empty store they are appended to a fresh file
 * beside the old one, synced once and put in its place by a rename; into a store with records they
 * are put in one transaction. Either way the log gets one entry and a checkpoint. */
#ifndef ONYM_STORE_LOAD_H
#define ONYM_STORE_LOAD_H

#include "onym/model/record.h"
#include "store/env.h"

struct onym_load; /* opaque; one thread at a time */

struct onym_load_options {
    size_t memory;   /* bytes for sorting; 0 = 512 MiB; at least 1 MiB */
    uint64_t now_ms; /* the time of creation and change, where a row does not say */
    /* Called now and then while rows are written; may be NULL. */
    void (*progress)(void *arg, uint64_t rows, uint64_t rows_total);
    void *arg;
};

struct onym_load_row {
    const struct onym_record *record; /* name within the grammar, values checked; revision and times
                                         0 where not known */
    bool homed;                       /* for "0.NA/<prefix>": the prefix is homed here */
    bool only_homing;                 /* not the record, only the homing of its prefix */
    uint64_t line;                    /* of the input, for messages */
};

struct onym_load_result {
    uint64_t rows;     /* identifiers of the input */
    uint64_t replaced; /* of them: already there */
    uint64_t prefixes; /* of them: prefix records that home their prefix */
    unsigned runs;     /* written to disk for sorting; 0 = all in memory */
    bool fresh;        /* a fresh file took the place of an empty one */
};

/* Two rows of the input with one name. */
struct onym_load_double {
    uint64_t first_line, second_line; /* 0 = there was none */
    uint8_t name[ONYM_NAME_LEN_MAX];
    size_t name_len;
};

/* The store must have no open view until onym_load_close. ONYM_OK and *out; ONYM_INVALID,
 * ONYM_NO_MEMORY, ONYM_IO with *fault. */
ONYM_MUST_USE enum onym_status onym_load_open(struct onym_env *env,
                                              const struct onym_load_options *options,
                                              struct onym_load **out, struct onym_fault *fault);

/* Takes a copy of the row. ONYM_OK; ONYM_INVALID a part over its limit; ONYM_FULL, ONYM_IO when
 * sorting needs the disk and cannot have it. */
ONYM_MUST_USE enum onym_status
onym_load_add(struct onym_load *load, const struct onym_load_row *row, struct onym_fault *fault);

/* Makes all rows durable. input is the XXH3-128 of the input. ONYM_OK and *result. ONYM_EXISTS: two
 * rows have one name, *twice says which; ONYM_FULL, ONYM_CORRUPT (a record to be replaced is
 * damaged), ONYM_IO, ONYM_NO_MEMORY with *fault: the store is as it was. ONYM_UNCERTAIN with
 * *fault: the rows are there, or may be: the disk failed at the end; loading again tells. */
ONYM_MUST_USE enum onym_status onym_load_finish(struct onym_load *load, const uint8_t input[16],
                                                struct onym_load_result *result,
                                                struct onym_load_double *twice,
                                                struct onym_fault *fault);

/* Frees everything; what was not finished leaves no trace. NULL is fine. */
void onym_load_close(struct onym_load *load);

#endif
