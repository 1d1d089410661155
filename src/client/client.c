#include "client/client_priv.h"

#include "base/clock.h"
#include "base/writer.h"

#include <limits.h>
#include <stdlib.h>

/* Pieces taken in one step, so that a flood cannot hold a caller's loop. */
#define RECEIVE_MAX 64U

struct onym_moment
onym_client_moment(void)
{
    return (struct onym_moment){.ms = onym_clock_monotonic_ns() / 1000000U,
                                .epoch_s = onym_clock_epoch_s()};
}

/* Zero means the default; false when out of range. */
static bool
settle_ms(uint32_t *ms, uint32_t fallback)
{
    *ms = *ms != 0 ? *ms : fallback;
    return *ms <= ONYM_CLIENT_TIMEOUT_MAX;
}

/* Versions 2.0 to 2.11: others have another layout, or none that anybody knows. */
static bool
settle_version(uint16_t *version)
{
    *version = *version != 0 ? *version : ONYM_VERSION_OWN;
    return *version >= ONYM_VERSION(2, 0) && *version <= ONYM_VERSION_OWN;
}

static bool
settle_options(struct onym_client_options *o)
{
    if (o->server_count == 0 || o->server_count > ONYM_CLIENT_SERVERS_MAX || o->servers == NULL) {
        return false;
    }
    for (size_t i = 0; i < o->server_count; i++) {
        if (o->servers[i].port == 0 || o->servers[i].transport > ONYM_TRANSPORT_TCP ||
            (o->channel != NULL && o->servers[i].transport != ONYM_TRANSPORT_TCP)) {
            return false;
        }
    }
    return settle_ms(&o->timeout_ms, 10000) && settle_ms(&o->connect_timeout_ms, 3000) &&
           settle_ms(&o->reply_timeout_ms, 5000) && settle_version(&o->version) &&
           settle_version(&o->suggested);
}

enum onym_status
onym_client_new(const struct onym_client_options *options, struct onym_client **out)
{
    struct onym_client_options settled = *options;
    struct onym_client *client;
    enum onym_status status;

    if (!settle_options(&settled)) {
        return ONYM_INVALID;
    }
    client = malloc(sizeof *client);
    if (client == NULL) {
        return ONYM_NO_MEMORY;
    }
    client->exchange = NULL;
    client->errand = NULL;
    client->proof = NULL;
    client->running = RUNNING_NOTHING;
    memcpy(client->servers, settled.servers, settled.server_count * sizeof *settled.servers);
    client->options = settled;
    client->options.servers = client->servers;
    status = onym_link_init(&client->link);
    if (settled.channel != NULL) {
        client->channel = *settled.channel;
        client->link.channels = &client->channel;
    }
    if (status == ONYM_OK) {
        status = onym_exchange_new(&settled, onym_rng_system(), &client->exchange);
    }
    if (status != ONYM_OK) {
        onym_client_free(client);
        return status;
    }
    *out = client;
    return ONYM_OK;
}

void
onym_client_free(struct onym_client *client)
{
    if (client != NULL) {
        onym_link_deinit(&client->link);
        onym_exchange_free(client->exchange);
        onym_errand_free(client->errand);
        onym_proof_free(client->proof);
        free(client);
    }
}

uint32_t
onym_client_query_flags(const struct onym_client_query *query)
{
    uint32_t flags = ONYM_FLAG_CACHE_AUTH;

    flags |= query->no_recursion ? 0 : ONYM_FLAG_RECURSE;
    flags |= query->private_too ? 0 : ONYM_FLAG_PUBLIC_ONLY;
    flags |= query->authoritative ? ONYM_FLAG_AUTHORITATIVE : 0;
    flags |= query->no_referral ? ONYM_FLAG_NO_REFERRAL : 0;
    flags |= query->request_digest ? ONYM_FLAG_REQUEST_DIGEST : 0;
    return flags;
}

/* Writes the query in byte form, and the name too: it may come from the last result, whose memory
 * the next question uses. A query over a limit comes out with an empty name, which is refused
 * later. */
static struct onym_query
pack_query(struct onym_client *client, const struct onym_client_query *query)
{
    struct onym_writer w = onym_writer_over(client->received, sizeof client->received);
    struct onym_query out = {.name = onym_span_of(NULL, 0)};
    size_t types_at;

    if (query->name.len > ONYM_NAME_LEN_MAX || query->index_count > ONYM_CLIENT_SELECT_MAX ||
        query->type_count > ONYM_CLIENT_SELECT_MAX) {
        return out;
    }
    for (size_t i = 0; i < query->index_count; i++) {
        onym_writer_u32(&w, query->indexes[i]);
    }
    types_at = w.len;
    for (size_t i = 0; i < query->type_count; i++) {
        onym_writer_counted(&w, query->types[i]);
    }
    if (w.status != ONYM_OK || w.len - types_at > ONYM_CLIENT_TYPES_LEN_MAX) {
        return out;
    }
    out.indexes = (struct onym_u32_list){.raw = onym_span_of(w.at, types_at),
                                         .count = (uint32_t)query->index_count};
    out.types = (struct onym_text_list){.raw = onym_span_of(w.at + types_at, w.len - types_at),
                                        .count = (uint32_t)query->type_count};
    out.name = onym_span_of(w.at + w.len, query->name.len);
    onym_writer_bytes(&w, query->name);
    return out;
}

/* ---- the machine that runs ---- */

static struct onym_wish
next_wish(struct onym_client *client, struct onym_moment now)
{
    return client->running == RUNNING_ERRAND ? onym_errand_next(client->errand, now)
                                             : onym_exchange_next(client->exchange, now);
}

static void
tell_opened(struct onym_client *client, struct onym_moment now)
{
    if (client->running == RUNNING_ERRAND) {
        onym_errand_opened(client->errand, now);
    } else {
        onym_exchange_opened(client->exchange, now);
    }
}

static void
tell_lost(struct onym_client *client, struct onym_moment now)
{
    if (client->running == RUNNING_ERRAND) {
        onym_errand_lost(client->errand, client->link.fault, client->link.fault_is_local, now);
    } else {
        onym_exchange_lost(client->exchange, client->link.fault, client->link.fault_is_local, now);
    }
}

/* Only an errand asks whether its bytes are gone: it must know what a server can have. */
static void
tell_sent(struct onym_client *client, enum onym_link_state state, struct onym_moment now)
{
    if (client->running == RUNNING_ERRAND && state == ONYM_LINK_READY) {
        onym_errand_sent(client->errand, now);
    }
}

static void
tell_received(struct onym_client *client, onym_span bytes, struct onym_moment now)
{
    if (client->running == RUNNING_ERRAND) {
        onym_errand_stream(client->errand, bytes, now);
    } else if (client->link.transport == ONYM_TRANSPORT_TCP) {
        onym_exchange_stream(client->exchange, bytes, now);
    } else {
        onym_exchange_datagram(client->exchange, bytes, now);
    }
}

/* Carries out what the machine wants until it wants to wait (true) or has ended (false). */
static bool
carry_on(struct onym_client *client)
{
    for (;;) {
        struct onym_moment now = onym_client_moment();
        struct onym_wish wish = next_wish(client, now);
        enum onym_link_state state;

        switch (wish.want) {
        case ONYM_WANT_OPEN:
            state = onym_link_open(&client->link, &client->servers[wish.server], wish.transport);
            if (state == ONYM_LINK_READY) {
                tell_opened(client, now);
            }
            break;
        case ONYM_WANT_SEND:
            state = onym_link_send(&client->link, wish.bytes);
            tell_sent(client, state, now);
            break;
        case ONYM_WANT_WAIT:
            client->deadline_ms = wish.deadline_ms;
            return true;
        case ONYM_WANT_END:
        default:
            onym_link_close(&client->link);
            return false;
        }
        if (state == ONYM_LINK_BROKEN) {
            tell_lost(client, now);
        }
    }
}

void
onym_client_begin(struct onym_client *client, enum onym_running running)
{
    client->running = running;
    client->started_ns = onym_clock_monotonic_ns();
    client->deadline_ms = 0;
}

void
onym_client_carry_on(struct onym_client *client)
{
    if (!carry_on(client)) {
        client->deadline_ms = 0;
    }
}

void
onym_client_start(struct onym_client *client, const struct onym_client_query *query)
{
    struct onym_query packed;

    onym_client_cancel(client);
    packed = pack_query(client, query);
    if (query->private_too && client->proof != NULL) {
        onym_client_start_private(client, query, &packed);
        return;
    }
    onym_client_begin(client, RUNNING_EXCHANGE);
    onym_exchange_start(client->exchange, &packed, onym_client_query_flags(query),
                        onym_client_moment());
    onym_client_carry_on(client);
}

int
onym_client_fd(const struct onym_client *client)
{
    return client->link.watch;
}

int
onym_client_wait_ms(const struct onym_client *client)
{
    uint64_t now = onym_client_moment().ms;

    if (client->running == RUNNING_NOTHING) {
        return -1;
    }
    if (client->deadline_ms <= now) {
        return 0;
    }
    return client->deadline_ms - now < INT_MAX ? (int)(client->deadline_ms - now) : INT_MAX;
}

/* Takes what has arrived. Returns what the link said last. */
static enum onym_link_state
take_input(struct onym_client *client, struct onym_moment now)
{
    enum onym_link_state state = ONYM_LINK_WAIT;
    size_t len = 0;

    if (client->link.socket < 0) {
        return ONYM_LINK_WAIT;
    }
    if (client->link.connecting) {
        state = onym_link_connected(&client->link);
        if (state == ONYM_LINK_READY) {
            tell_opened(client, now);
        }
        return state;
    }
    state = onym_link_flush(&client->link);
    tell_sent(client, state, now);
    for (unsigned i = 0; i < RECEIVE_MAX && state != ONYM_LINK_BROKEN; i++) {
        state = onym_link_receive(&client->link, client->received, sizeof client->received, &len);
        if (state != ONYM_LINK_READY) {
            break;
        }
        tell_received(client, onym_span_of(client->received, len), now);
    }
    return state;
}

bool
onym_client_step(struct onym_client *client, struct onym_client_result *result)
{
    struct onym_moment now = onym_client_moment();

    if (client->running == RUNNING_NOTHING) {
        return false;
    }
    if (client->running != RUNNING_FAULT) {
        if (take_input(client, now) == ONYM_LINK_BROKEN) {
            tell_lost(client, now);
        }
        if (carry_on(client)) {
            return false;
        }
    }
    *result = client->running == RUNNING_FAULT    ? client->fault
              : client->running == RUNNING_ERRAND ? *onym_errand_result(client->errand)
                                                  : *onym_exchange_result(client->exchange);
    client->running = RUNNING_NOTHING;
    result->elapsed_us = (onym_clock_monotonic_ns() - client->started_ns) / 1000U;
    return true;
}

void
onym_client_cancel(struct onym_client *client)
{
    onym_link_close(&client->link);
    client->running = RUNNING_NOTHING;
}
