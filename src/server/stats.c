#include "server/stats.h"

static void
store(uint64_t *counter, uint64_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

void
onym_stats_copy(const struct onym_tcp_stats *from, struct onym_counters *c,
                enum onym_listener listener)
{
    static const enum onym_close label[ONYM_TCP_CAUSES] = {
        [ONYM_TCP_BY_PEER] = ONYM_CLOSE_PEER,     [ONYM_TCP_BY_HANDLER] = ONYM_CLOSE_PROTOCOL,
        [ONYM_TCP_BY_IDLENESS] = ONYM_CLOSE_IDLE, [ONYM_TCP_BY_ERROR] = ONYM_CLOSE_ERROR,
        [ONYM_TCP_BY_LIMIT] = ONYM_CLOSE_LIMIT,   [ONYM_TCP_BY_STOP] = ONYM_CLOSE_SHUTDOWN,
    };

    store(&c->accepted[listener], from->accepted);
    store(&c->refused[listener], from->closed[ONYM_TCP_BY_REFUSAL]);
    store(&c->bytes_in[listener], from->bytes_in);
    store(&c->bytes_out[listener], from->bytes_out);
    for (int i = 0; i < ONYM_TCP_BY_REFUSAL; i++) {
        store(&c->closed[listener][label[i]], from->closed[i]);
    }
    if (listener == ONYM_LISTENER_OPS || listener == ONYM_LISTENER_HTTPS ||
        listener == ONYM_LISTENER_HTTP) {
        /* there the handler ends a connection because the peer asked for it, mostly */
        store(&c->closed[listener][ONYM_CLOSE_DONE], from->closed[ONYM_TCP_BY_HANDLER]);
        store(&c->closed[listener][ONYM_CLOSE_PROTOCOL], 0);
    }
}
