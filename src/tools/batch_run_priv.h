/* A bulk job while it runs: batch_run.c sends and hears, batch_begin.c opens, saves and closes. */
#ifndef ONYM_TOOLS_BATCH_RUN_PRIV_H
#define ONYM_TOOLS_BATCH_RUN_PRIV_H

#include "tools/batch_https.h"
#include "tools/batch_report.h"
#include "tools/batch_slot.h"
#include "tools/store_common.h"

/* Rows read and not settled from the front: so many, and their text so long at most. */
#define ONYM_BATCH_WINDOW 16384U
#define ONYM_BATCH_BYTES  ((size_t)64 << 20)

struct onym_batch_running {
    const struct onym_batch_order *order;
    struct onym_batch_job *job;
    struct onym_batch_rows *rows;
    FILE *failed;
    struct onym_batch_row *identity; /* who asks, by the file itself; NULL: nobody yet */
    bool identity_told;              /* in FILE.failed */
    int signals;
    struct onym_batch_https *https; /* NULL: the Handle protocol, over slots */
    struct onym_batch_slot slots[ONYM_BATCH_CONNECTIONS_MAX];
    struct onym_batch_entry
        entries[ONYM_BATCH_WINDOW]; /* row n, from 0, at n % ONYM_BATCH_WINDOW */
    uint64_t begun;                 /* rows that were sent, or needed none */
    uint64_t read;                  /* rows read; [job->rows, read) are in entries */
    uint64_t doubt;                 /* rows an earlier run may have sent */
    size_t bytes;                   /* of the text of those in entries */
    unsigned flying;
    bool at_end;
    bool stopping; /* nothing more is sent */
    int code;
    char why[512]; /* the job stopped, in words; of the first reason */
    uint64_t start_ns, saved_ns, heard_ns;
    char put_off[256]; /* why the node takes no row now, in its own words; often empty */
    struct onym_progress progress;
    char phase[64];
};

/* Where a row, counted from 0, lies while it is read and not settled. */
struct onym_batch_entry *onym_batch_entry_of(struct onym_batch_running *r, uint64_t row);

/* Opens file, connections and FILE.failed, and passes over what is settled. False: r->code says the
 * exit code, and why was told. onym_batch_close in any case. */
bool onym_batch_open(struct onym_batch_running *r);
void onym_batch_close(struct onym_batch_running *r);

/* Whether a row must have the node for itself: prefixes carry what is under them. */
bool onym_batch_is_barrier(const struct onym_batch_row *row);
/* Before a row may leave, FILE.job says that it may have left. False: the job was stopped. */
bool onym_batch_announce(struct onym_batch_running *r, uint64_t row);

/* Nothing more is sent. text (may be NULL) says why; code is the exit code unless there is one. */
void onym_batch_stop(struct onym_batch_running *r, int code, const char *text);
/* Makes FILE.failed and then FILE.job durable. False: the job was stopped. */
bool onym_batch_save(struct onym_batch_running *r);
/* Takes over the row that says who asks for those behind it. */
void onym_batch_keep_identity(struct onym_batch_running *r, struct onym_batch_row *row);
/* Lets all connections act as the row says. False: the job was stopped. */
bool onym_batch_identify(struct onym_batch_running *r, const struct onym_batch_row *row);

#endif
