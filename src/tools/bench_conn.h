/* Connections of a load and the requests under way on them. For tools/bench_*.c.
 *
 *   CLOSED -> CONNECTING -> SHAKING (TLS) -> READY -> CLOSED      a UDP socket is READY at once
 *
 * A connection that has room for a request is "hungry" and stands in its thread's queue; the thread
 * feeds it when a request is due. Requests of a connection have slots; a request id is a slot and a
 * generation, so that a late answer is not taken for that of the slot's next request. */
#ifndef ONYM_TOOLS_BENCH_CONN_H
#define ONYM_TOOLS_BENCH_CONN_H

#include "net/tls_dial.h"
#include "tools/bench_pace.h"
#include "tools/bench_settings.h"
#include "tools/bench_source.h"
#include "tools/bench_tally.h"

#include <sys/uio.h>

#define ONYM_BENCH_PACKETS    64U
#define ONYM_BENCH_DONE_MAX   1024U  /* records of a thread that updates choose from */
#define ONYM_BENCH_SESSION    10001U /* of the first connection that logs in */
#define ONYM_BENCH_SLOT_BITS  18U    /* ONYM_BENCH_SLOTS_MAX */
#define ONYM_BENCH_GENERATION ((1U << (31U - ONYM_BENCH_SLOT_BITS)) - 1U)

enum onym_bench_conn_state {
    ONYM_BENCH_CLOSED,
    ONYM_BENCH_CONNECTING,
    ONYM_BENCH_SHAKING,
    ONYM_BENCH_READY
};

struct onym_bench_slot {
    struct onym_bench_reply reply;
    uint64_t due_ns, sent_ns;
    uint32_t conn, generation;
    enum onym_bench_kind kind;
    bool open;
    uint64_t number; /* of the record that is registered */
    uint8_t name[ONYM_BENCH_NAME_LEN_MAX];
};

struct onym_bench_conn {
    int fd;
    enum onym_bench_conn_state state;
    bool hungry;          /* in the queue */
    bool wants_write;     /* epoll is asked for it */
    uint32_t idle_count;  /* slots without request: the first ones of idle */
    uint32_t *idle;       /* window entries */
    uint32_t *order;      /* HTTP: slots as they were sent, a ring of window entries */
    uint32_t order_first; /* and where the ring begins */
    uint64_t retry_ns;    /* CLOSED after a failure: not before */
    struct onym_tls_dial *tls;
    uint8_t *out, *in;
    size_t out_cap, out_len, out_at; /* to be written: [out_at, out_len) */
    size_t in_cap, in_len;
};

/* Of all threads of a load. */
struct onym_bench_shared {
    const struct onym_bench_settings *settings;
    const struct onym_bench_source *source;
    struct onym_bench_form form;
    uint64_t start_ns;       /* the measured time is [start, end) */
    uint64_t end_ns;         /* atomic: an interrupt makes it earlier */
    uint64_t failures;       /* atomic: connections that could not be made, until one was */
    int failure;             /* atomic: errno of the last one */
    const char *tls_failure; /* atomic: why the last handshake failed; static, or NULL */
};

struct onym_bench_worker {
    struct onym_bench_shared *shared;
    struct onym_bench_tally *tally;
    struct onym_rng rng;
    struct onym_bench_pace pace;
    struct onym_tls_dialer *dialer;
    int epoll;
    uint32_t number, conn_count, window;
    struct onym_bench_conn *conns;
    struct onym_bench_slot *slots; /* conn_count * window */
    uint32_t *memory;              /* idle and order of all connections */
    uint32_t *queue;               /* hungry connections, a ring of conn_count entries */
    uint32_t queue_first, queue_count;
    uint32_t under_way;  /* open slots */
    uint64_t registered; /* numbers given to records so far */
    uint64_t updated;
    uint32_t done_count; /* records that stand, the latest of them in a ring */
    uint64_t done[ONYM_BENCH_DONE_MAX];
    uint64_t scanned_ns;
    /* UDP: a batch */
    uint32_t batch_count;
    struct mmsghdr in[ONYM_BENCH_PACKETS], out[ONYM_BENCH_PACKETS];
    struct iovec in_at[ONYM_BENCH_PACKETS], out_at[ONYM_BENCH_PACKETS];
    /* one byte more shows a packet that is too long */
    uint8_t received[ONYM_BENCH_PACKETS][ONYM_PACKET_LEN_MAX + 1];
    uint8_t packets[ONYM_BENCH_PACKETS][ONYM_BENCH_REQUEST_MAX];
};

/* ---- bench_conn.c: opening and closing ---- */

/* Whether it takes a request now. */
bool onym_bench_conn_has_room(const struct onym_bench_worker *w, const struct onym_bench_conn *c);

/* Opens it; on failure it is CLOSED and tried again later. */
void onym_bench_conn_open(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now);
/* Something happened on its descriptor while it was CONNECTING or SHAKING. */
void onym_bench_conn_advance(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now);
/* Closes it. Requests under way end as `end`. */
void onym_bench_conn_close(struct onym_bench_worker *w, struct onym_bench_conn *c,
                           enum onym_bench_end end, uint64_t now);
/* The session it is logged in with, told from those of all other connections. */
uint32_t onym_bench_conn_session(const struct onym_bench_worker *w,
                                 const struct onym_bench_conn *c);
/* It has room and may be fed: puts it into the queue unless it stands there. */
void onym_bench_conn_offer(struct onym_bench_worker *w, struct onym_bench_conn *c);
/* Asks epoll for writability or no longer. */
void onym_bench_conn_watch(struct onym_bench_worker *w, struct onym_bench_conn *c, bool write);

/* ---- bench_flow.c: requests and answers ---- */

/* Sends the connection requests that are due, as many as it has room for. A CLOSED one is opened
 * for its request. */
void onym_bench_feed(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now);
/* Takes what has arrived. */
void onym_bench_receive(struct onym_bench_worker *w, struct onym_bench_conn *c);
/* Writes what is left in the buffer. */
void onym_bench_flush(struct onym_bench_worker *w, struct onym_bench_conn *c);
/* Ends the request of an open slot and makes the slot idle. */
void onym_bench_finish(struct onym_bench_worker *w, struct onym_bench_slot *slot,
                       enum onym_bench_end end, uint64_t now);

#endif
