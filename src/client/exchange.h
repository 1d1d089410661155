/* One question put to servers in turn, without sockets: bytes and time in, bytes, waits and an
 * outcome out. Tests own the clock; blocking.c, a loop and the node's recursion drive the same
 * machine.
 *
 *            +----------------- next leg: same server over TCP, or the next server ------------+
 *            v                                                                                  |
 *   OPEN -> OPENING -> SENDING -> WAITING -- silence: UDP attempt 2 and 3, else ----------------+
 *                         ^          |    -- lost, refused reply, busy ------------------------+
 *                         +- again --+    -- reply --------------------------------> ENDED
 *
 * Behaviour of the reference client kept (proto/handle.md 14.1, 14.2): UDP waits 500, 1000 and
 * 1500 ms, repeats carry the same request id, then TCP; one connection per request. Beyond it:
 * - a refused port, a refused reply or "busy" over UDP goes on at once, not after the waits. Busy
 *   matters: a node says it instead of an answer too large for datagrams;
 * - each repeat forgets fragments gathered before, so that two answers of different moments are not
 *   put together. */
#ifndef ONYM_CLIENT_EXCHANGE_H
#define ONYM_CLIENT_EXCHANGE_H

#include "base/rng.h"
#include "client/gather.h"
#include "onym/client.h"
#include "onym/model/message.h"

#define ONYM_EXCHANGE_UDP_ATTEMPTS 3U

/* Both clocks of a moment: the first for waits, the second for expiration times. */
struct onym_moment {
    uint64_t ms;      /* monotonic */
    uint32_t epoch_s; /* wall clock */
};

struct onym_exchange; /* opaque; about 2.3 MiB of address space, touched only as far as used */

/* Times and versions of `options` must be set (no zeros) and in range, servers are copied. rng
 * gives request ids. ONYM_OK (release with onym_exchange_free), ONYM_NO_MEMORY, ONYM_UNSUPPORTED.
 */
ONYM_MUST_USE enum onym_status onym_exchange_new(const struct onym_client_options *options,
                                                 struct onym_rng rng, struct onym_exchange **out);
void onym_exchange_free(struct onym_exchange *x); /* NULL is fine */

/* Begins a question: the query's own flags are ignored, `flags` are the operation flags sent
 * (wire/header.h). The bytes of the query are copied. A query that breaks a limit ends at once with
 * ONYM_INVALID; see onym_exchange_next. */
void onym_exchange_start(struct onym_exchange *x, const struct onym_query *query, uint32_t flags,
                         struct onym_moment now);

enum onym_want {
    ONYM_WANT_OPEN, /* open `transport` to `server` (closing what was open), then call opened or
                       lost; said once per leg */
    ONYM_WANT_SEND, /* send bytes: one datagram, or the whole request over TCP; said once each */
    ONYM_WANT_WAIT, /* nothing before input arrives or deadline_ms has come */
    ONYM_WANT_END   /* the outcome stands; close what is open */
};

struct onym_wish {
    enum onym_want want;
    size_t server;
    enum onym_transport transport; /* UDP or TCP */
    onym_span bytes;               /* SEND: borrowed until the next start */
    uint64_t deadline_ms;          /* WAIT: monotonic; always later than now */
};

/* What to do now. Call again after every deed and after every input, until WAIT or END. */
struct onym_wish onym_exchange_next(struct onym_exchange *x, struct onym_moment now);

/* The transport asked for is open. */
void onym_exchange_opened(struct onym_exchange *x, struct onym_moment now);
/* It could not be opened, or broke, or its peer closed it. `why` is static. local: the fault is
 * this machine's (no descriptor, no such address family), not the peer's. */
void onym_exchange_lost(struct onym_exchange *x, const char *why, bool local,
                        struct onym_moment now);
/* A datagram arrived; ignored unless it belongs to the running request. */
void onym_exchange_datagram(struct onym_exchange *x, onym_span datagram, struct onym_moment now);
/* Bytes of the stream arrived, cut anywhere. */
void onym_exchange_stream(struct onym_exchange *x, onym_span bytes, struct onym_moment now);

/* After END: everything but elapsed_us. Spans live until the next start or free. */
const struct onym_client_result *onym_exchange_result(const struct onym_exchange *x);

#endif
