/* For src/net/tcp*.c alone. */
#ifndef ONYM_NET_TCP_PRIV_H
#define ONYM_NET_TCP_PRIV_H

#include "net/kept.h"
#include "net/tcp.h"

#define ONYM_TCP_LISTENERS_MAX 16U
#define ONYM_TCP_COPY_LEN      65536U /* copied bytes of one gathered write */

struct onym_tcp_connection {
    uv_tcp_t socket;
    struct onym_tcp *tcp;
    struct onym_tcp_connection *newer, *older; /* ring by last touch; the hub is in onym_tcp */
    uint64_t touched_ms;                       /* loop time */
    uint8_t *kept;                             /* unused input, owned; NULL when none */
    size_t kept_len, kept_cap;
    size_t queued; /* bytes copied for writing and not written yet */
    bool late;     /* of them some are put off to the end of the turn */
    bool has_source;
    uint16_t source; /* of what is kept and queued */
    uv_shutdown_t shutdown;
    bool reading;
    bool unwanted;  /* what has come is not read now */
    bool had_turn;  /* its last read filled the buffer: the loop looks at others first */
    bool held;      /* the protocol works on an answer; nothing is handed to it */
    bool last;      /* ends with its release */
    bool finishing; /* no more input is used; the end comes when queued is 0 */
    bool lingering; /* our side is shut; input is read and dropped until the peer's end */
    bool peer_done; /* the peer has shut its side, or is not to be waited for */
    bool closing;
    _Alignas(16) uint8_t state[ONYM_TCP_STATE_LEN];
};

/* An answer that is written when all that this turn has read is answered. */
struct onym_tcp_late {
    struct onym_tcp_connection *connection;
    uv_buf_t piece; /* in the buffer of copied bytes */
};

struct onym_tcp {
    uv_loop_t *loop;
    struct onym_tcp_handlers handlers;
    void *user;
    struct onym_tcp_limits limits;
    struct onym_tcp_stats stats;
    uv_timer_t idle_timer;
    struct onym_tcp_connection *newest, *oldest;
    uv_tcp_t *listener[ONYM_TCP_LISTENERS_MAX];
    size_t listeners;
    struct onym_kept kept;
    bool stopping;
    /* Memory for one connection, to refuse with when there is none: what libuv has taken from a
     * listener must be accepted, or the listener stays deaf. */
    struct onym_tcp_connection *spare;
    bool starved[ONYM_TCP_LISTENERS_MAX]; /* a connection waits there until the spare is back */
    /* the gathered write of the connection being handled */
    size_t gathered, gathered_bytes, copied;
    uv_buf_t gather[ONYM_TCP_GATHER_MAX];
    uint8_t copy[ONYM_TCP_COPY_LEN];
    /* what this turn of the loop has read and not handed over yet; unused unless in turns */
    uv_check_t turn;
    struct onym_tcp_read waiting[ONYM_TCP_TURN_READS];
    size_t waiting_count, waiting_bytes;
    /* what is put off while the turn is answered; those before late_written are written already */
    bool in_turn; /* answers wait now */
    struct onym_tcp_late late[ONYM_TCP_TURN_READS];
    size_t late_count, late_written;
    uint8_t read[ONYM_TCP_TURN_BYTES + ONYM_TCP_READ_LEN];
};

/* tcp.c */
/* hands fresh bytes to the protocol, behind those that were kept */
void onym_tcp_handle(struct onym_tcp_connection *c, onym_span fresh);
/* keeps bytes that the protocol did not use; false when the memory for it is used up */
bool onym_tcp_keep(struct onym_tcp_connection *c, onym_span bytes);
/* hands kept input to the protocol again after congestion */
void onym_tcp_resume(struct onym_tcp_connection *c);
/* everything is written and no more will be: shut our side and wait for the peer's end, so
 * that input still on its way does not turn into a reset that destroys the last answer */
void onym_tcp_end(struct onym_tcp_connection *c);

/* tcp_write.c */
/* writes what is put off */
void onym_tcp_write_late(struct onym_tcp *tcp);
/* does what follows a write: the end, when the connection is finishing and all is written, or a
 * pause in reading, when its peer does not take its answers */
void onym_tcp_settle(struct onym_tcp_connection *c);

/* tcp_turn.c */
void onym_tcp_turn_open(struct onym_tcp *tcp);
void onym_tcp_turn_close(struct onym_tcp *tcp);
/* takes what was read to the end of the buffer's used part */
void onym_tcp_turn_take(struct onym_tcp_connection *c, onym_span bytes);

#endif
