/* Many changes in one request: rows of JSON in, one line of result out for each, as they come. Pure
 * and without HTTP around it (service/http_rows.c): bytes in, changes to a callback, results in,
 * lines out. Contract: proto/openapi.yaml, batchIdentifiers.
 *
 *   body bytes -> onym_bulk_take -> lines -> operations -> host.change ... onym_bulk_settle
 *                                                     result lines in bulk.out <-'
 *
 * Memory is bounded by what may be unfinished, not by the length of the request: at most `window`
 * rows are under way, a row that finds no room for it is kept until there is, and while either is
 * so (onym_bulk_blocked) the caller brings no more bytes. Rows of one request start in their
 * order. */
#ifndef ONYM_SERVICE_BULK_H
#define ONYM_SERVICE_BULK_H

#include "service/body_room.h"
#include "service/http_backend.h"
#include "wire/json_in.h"

/* Rows of an array, which is answered in one piece. */
#define ONYM_BULK_ARRAY_MAX 2000U
/* Unsent bytes of results beyond which no further row starts, but for those of an array. */
#define ONYM_BULK_OUT_HIGH ((size_t)256 << 10)

enum onym_bulk_mode {
    ONYM_BULK_CREATE,  /* not there yet, or the same already */
    ONYM_BULK_UPSERT,  /* create or replace */
    ONYM_BULK_REPLACE, /* there already */
    ONYM_BULK_DELETE
};

enum onym_bulk_results { ONYM_BULK_FAILED, ONYM_BULK_ALL, ONYM_BULK_NONE };

struct onym_bulk_options {
    enum onym_bulk_mode mode;
    enum onym_bulk_results results;
    bool stop_on_error;
    bool dry_run; /* only for the summary; host.change does not carry out */
    bool chinese; /* the details of rows and of the end */
};

/* What it needs. `change` starts the change of a row whose form is checked: ONYM_HTTP_LATER, and
 * then onym_bulk_settle follows exactly once; ONYM_HTTP_NOW with its outcome in *out, where
 * ONYM_BUSY means: not now, the row is kept. */
struct onym_bulk_host {
    void *of;
    enum onym_http_when (*change)(void *of, uint64_t row, const struct onym_operation *op,
                                  struct onym_http_result *out);
    struct onym_json_in *json; /* used within a call only */
    struct onym_body_room *room;
    uint32_t source; /* whose share of it */
    /* Rows that may be worked on before the caller's loop has looked at everything else, of all
     * bulks together; each row takes one. NULL: as many as there are. */
    uint32_t *turn;
};

/* How rows ended, for the summary. */
enum onym_bulk_end {
    ONYM_BULK_CREATED,
    ONYM_BULK_REPLACED,
    ONYM_BULK_UNCHANGED,
    ONYM_BULK_DELETED,
    ONYM_BULK_ROW_FAILED,
    ONYM_BULK_ENDS
};

struct onym_bulk_buffer {
    uint8_t *at;
    size_t len, cap;
};

/* One request. The caller owns the memory. */
struct onym_bulk {
    struct onym_bulk_options options;
    struct onym_bulk_host host;
    struct onym_principal principal; /* borrowed by every operation */
    onym_span address;               /* likewise */
    uint32_t window;                 /* rows that may be under way; may change at any time */
    uint32_t flying;                 /* rows under way */
    uint64_t line;                   /* lines (of an array: items) taken */
    uint64_t rows;                   /* of them not empty */
    uint64_t ends[ONYM_BULK_ENDS];
    uint64_t unknown;            /* rows whose outcome was not told */
    uint64_t stopped_at;         /* the row that failed, when that stopped the rest; 0: none */
    enum onym_status broken;     /* not ONYM_OK: the rest is given up, and what is unfinished is not
                                    known */
    const char *why;             /* static text to it */
    bool busy;                   /* the row at the front found no room */
    bool skipping;               /* inside a line that is too long */
    bool ended;                  /* no more input comes */
    bool told;                   /* the last line is written */
    onym_span array;             /* the rest of an array's text */
    size_t worked;               /* bytes at the front of `in` that were worked on */
    size_t scanned;              /* bytes behind these that hold no line end */
    struct onym_bulk_buffer in;  /* input that is not worked on yet: part of a line, or more when a
                                    row waits */
    struct onym_bulk_buffer out; /* results; the caller sends them and sets len to 0 */
};

/* principal and address must stay as long as the bulk. */
void onym_bulk_init(struct onym_bulk *bulk, const struct onym_bulk_options *options,
                    const struct onym_bulk_host *host, const struct onym_principal *principal,
                    onym_span address);
/* Rows that are under way are settled with nobody. */
void onym_bulk_deinit(struct onym_bulk *bulk);

/* Whether text is one array of at most ONYM_BULK_ARRAY_MAX items, as far as brackets and commas go.
 * NULL, or what is wrong with it at *offset. */
const char *onym_bulk_array_check(onym_span text, size_t *offset);

/* Works on bytes of the body; all of data is taken. */
void onym_bulk_take(struct onym_bulk *bulk, onym_span data, uint64_t now_ms);
/* The whole body at once, an array; text stays until all is settled. Also ends the input. */
void onym_bulk_take_array(struct onym_bulk *bulk, onym_span text, uint64_t now_ms);
/* No more comes: a last line without its end is a row too. */
void onym_bulk_end(struct onym_bulk *bulk, uint64_t now_ms);
/* Goes on with rows that were kept. */
void onym_bulk_go_on(struct onym_bulk *bulk, uint64_t now_ms);

/* The outcome of a row that was started. */
void onym_bulk_settle(struct onym_bulk *bulk, uint64_t row, const struct onym_http_result *result);

/* Gives the rest up; rows under way are still waited for. why is static. The first one counts. */
void onym_bulk_break(struct onym_bulk *bulk, enum onym_status status, const char *why);

/* Whether no further row may start now; onym_bulk_go_on when that changes. */
bool onym_bulk_blocked(const struct onym_bulk *bulk);
/* Whether that is for want of a turn: rows of host.turn. */
bool onym_bulk_out_of_turn(const struct onym_bulk *bulk);
/* Whether no further row will start. */
bool onym_bulk_done_reading(const struct onym_bulk *bulk);

/* Writes the last line once everything is settled. True: nothing follows any more; for want of
 * memory even the line may be missing. */
bool onym_bulk_finish(struct onym_bulk *bulk);

#endif
