/* Between the files of server/http_backend*. */
#ifndef ONYM_SERVER_HTTP_BACKEND_PRIV_H
#define ONYM_SERVER_HTTP_BACKEND_PRIV_H

#include "server/http_backend_desk.h"
#include "server/proofs.h"

#include <stddef.h>

/* A request that waits; freed when its answer came, whether its connection still lives or not. */
struct onym_http_wait {
    struct onym_http_post *post;
    struct onym_http_seat *seat; /* NULL: the connection has ended */
    /* of a job: */
    struct onym_http_job *work;
    struct onym_http_wait *next;
    /* of a login, and of a job that proves: */
    struct onym_proof_job job;
    /* of a login: */
    struct onym_http_proof *proof;
    enum onym_login method;
    bool precounted;     /* a failure was counted before the proof was looked at */
    uint8_t session_len; /* 0: of no session */
    char session[ONYM_HTTP_SESSION_ID_LEN];
    uint8_t peer_len;
    uint8_t peer[16];
    uint8_t address_len; /* the same as text */
    char address[ONYM_ENTRY_ADDRESS_MAX];
};

/* What a proof belongs to. */
static inline struct onym_http_wait *
onym_http_wait_of(struct onym_proof_job *job)
{
    return (struct onym_http_wait *)(void *)((char *)job - offsetof(struct onym_http_wait, job));
}

static inline struct onym_http_seat *
onym_http_seat_of(const struct onym_http_caller *caller)
{
    return (struct onym_http_seat *)(uintptr_t)caller->ticket;
}

/* A wait of the caller's seat, which has none. NULL: too many, or memory is short. */
struct onym_http_wait *onym_http_wait_new(struct onym_http_post *post,
                                          const struct onym_http_caller *caller);

/* The seat, or NULL when its connection has ended; it waits for nothing from here on. */
struct onym_http_seat *onym_http_wait_over(struct onym_http_wait *wait);
void onym_http_wait_free(struct onym_http_wait *wait);

/* As struct onym_http_backend.submit; `of` is the post. */
enum onym_http_when onym_http_submit(void *of, const struct onym_http_caller *caller,
                                     const struct onym_http_change *change,
                                     struct onym_http_result *out);

/* As struct onym_http_backend.work; `of` is the post. */
enum onym_status onym_http_job_take(void *of, const struct onym_http_caller *caller,
                                    struct onym_http_job *job);
/* The result as the HTTP interface knows it; `room` holds its text when there is an index to say.
 */
struct onym_http_result onym_http_told(const struct onym_change_result *result,
                                       char room[ONYM_OP_SAID_MAX]);

/* As of struct onym_http_backend; `of` is the post. */
enum onym_status onym_http_rows_begin(void *of, const struct onym_http_caller *caller);
void onym_http_rows_end(void *of, const struct onym_http_caller *caller);
uint32_t onym_http_rows_window(void *of);
void onym_http_rows_again(void *of, const struct onym_http_caller *caller);
enum onym_http_when onym_http_submit_row(void *of, const struct onym_http_caller *caller,
                                         uint64_t row, const struct onym_operation *operation,
                                         const struct onym_identity *identity,
                                         struct onym_http_result *out);

/* Tickets of rows have this bit set beside that of all our tickets. */
#define ONYM_HTTP_ROW_TICKET 2U

/* The writer is done with a row: its result goes to the connection, if that still lives. On the
 * loop of the worker that submitted it. */
void onym_http_row_committed(struct onym_http_post *post, const struct onym_change_result *result);
/* The seat's request is over, or its connection. */
void onym_http_flight_end(struct onym_http_seat *seat);

#endif
