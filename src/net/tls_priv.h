/* For src/net/tls*.c alone. */
#ifndef ONYM_NET_TLS_PRIV_H
#define ONYM_NET_TLS_PRIV_H

#include "net/kept.h"
#include "net/tls.h"

#include <openssl/ssl.h>

#define ONYM_TLS_RECORD_LEN  16384U       /* plain bytes of one record */
#define ONYM_TLS_OUT_LEN     (128U << 10) /* ciphertext of one write */
#define ONYM_TLS_IN_LEN      (64U << 10)  /* plain bytes handed over at once */
#define ONYM_TLS_SHAKES_TURN 8U           /* steps of handshakes in one turn of the loop */
#define ONYM_TLS_REKEYS_MAX                                                                        \
    256U /* steps of new keys in a second; one is due every 16 million records */
#define ONYM_TLS_EXPANSION 2048U /* ciphertext may be this much longer; TLS 1.2 */

struct onym_tls_list {
    struct onym_tls_connection *oldest, *newest;
};

struct onym_tls_connection {
    struct onym_tls *tls;
    struct onym_tcp_connection *tcp; /* not to be touched when gone */
    SSL *ssl;                        /* NULL until the first bytes came, and when gone */
    struct onym_tls_list *list;      /* handshaking or open; NULL when gone */
    struct onym_tls_connection *newer, *older;
    uint64_t began_ms;
    struct onym_tls_connection *before, *behind; /* in the queue for handshakes */
    bool waits;                                  /* it is in the queue, and held below */
    bool restless;                               /* it changes keys more often than it may */
    uint32_t rekeys;                             /* steps of such since rekeyed_ms */
    uint64_t rekeyed_ms;
    uint8_t *kept; /* unused plain input, owned; NULL when none */
    size_t kept_len, kept_cap;
    uint16_t source;  /* of what is kept */
    bool established; /* the handshake is done */
    bool stalled;     /* the handler left input because the connection was congested */
    bool held;
    bool peer_ended; /* it sends no more, and is not answered in full yet */
    bool finished;   /* close_notify is sent, or a fatal alert: no more in either direction */
    bool gone;       /* the TCP connection is closing */
    bool buried;     /* nothing but its memory is left */
    bool busy;       /* inside OpenSSL or a handler: what is freed, is freed afterwards */
    _Alignas(16) uint8_t state[ONYM_TCP_STATE_LEN];
};

struct onym_tls {
    uv_loop_t *loop;
    struct onym_tls_handlers handlers;
    void *user;
    struct onym_tls_context *context;
    struct onym_tcp *tcp;
    BIO_METHOD *bio;
    uv_timer_t timer;
    struct onym_tls_stats stats;
    struct onym_tls_list handshaking, open; /* by their beginning */
    struct onym_tls_connection *dead;       /* gone, freed in a later turn; linked by older */
    uv_idle_t turn;                         /* active in the turn behind one with handshakes */
    uint32_t shaken;                        /* steps of handshakes in this turn */
    struct onym_tls_connection *first_waiting, *last_waiting;
    struct onym_kept kept; /* plain input that waits */
    bool stopping;
    /* of the connection being handled */
    onym_span in;     /* whole records not read yet */
    size_t plain_len; /* sent and not yet encrypted */
    size_t out_len;   /* encrypted and not yet written */
    uint8_t plain[ONYM_TLS_RECORD_LEN];
    uint8_t out[ONYM_TLS_OUT_LEN];
    uint8_t clear[ONYM_TLS_IN_LEN];
};

/* tls_turn.c: handshakes, which cost a hundred times what an answer does, take turns with
 * everything else of the loop */
void onym_tls_turn_open(struct onym_tls *tls);
/* ends who waits */
void onym_tls_turn_close(struct onym_tls *tls);
/* Whether a step of the connection's handshake may be made now. Else it waits, held, and is fed
 * again in a later turn. */
bool onym_tls_turn_take(struct onym_tls_connection *c);
/* Has the connection marked restless, and shown nothing further of what is being read, when its
 * peer changes keys all the time: that costs what a request does, and brings none. */
void onym_tls_turn_watch(struct onym_tls_connection *c);
/* a closed connection waits for nothing */
void onym_tls_turn_leave(struct onym_tls_connection *c);

/* tls_io.c */

/* The BIO through which OpenSSL reads tls->in and writes tls->out. NULL: no memory. */
BIO_METHOD *onym_tls_bio_new(void);
/* What net/tcp hands over. */
size_t onym_tls_feed(void *user, struct onym_tcp_connection *tcp, onym_span bytes);

/* tls.c */

/* Moves c to the newest end of list; NULL: out of all lists. */
void onym_tls_relink(struct onym_tls_connection *c, struct onym_tls_list *list);
/* Releases what a gone connection holds, now that nobody is inside it. */
void onym_tls_bury(struct onym_tls_connection *c);

#endif
