#include "client/exchange_priv.h"

#include "base/require.h"
#include "base/writer.h"
#include "wire/resolve.h"

#include <stdlib.h>

/* Requests carry now + 12 h like those of the reference client (proto/handle.md 3). */
#define EXPIRES_AFTER_S 43200U
/* "No site information known" (proto/handle.md 3). */
#define NO_SITE_SERIAL 0xFFFFU

enum onym_status
onym_exchange_new(const struct onym_client_options *options, struct onym_rng rng,
                  struct onym_exchange **out)
{
    /* not zeroed as a whole: most of it is buffers that most questions never touch */
    struct onym_exchange *x = malloc(sizeof *x);
    enum onym_status status;

    ONYM_REQUIRE(options->server_count > 0 && options->server_count <= ONYM_CLIENT_SERVERS_MAX);
    if (x == NULL) {
        return ONYM_NO_MEMORY;
    }
    status = onym_digester_new(&x->digester);
    if (status != ONYM_OK) {
        free(x);
        return status;
    }
    x->options = *options;
    memcpy(x->servers, options->servers, options->server_count * sizeof *options->servers);
    x->options.servers = x->servers;
    x->rng = rng;
    x->q = (struct onym_question){.state = STATE_ENDED};
    x->q.result.detail = "nothing was asked";
    onym_gather_reset(&x->gather);
    *out = x;
    return ONYM_OK;
}

void
onym_exchange_free(struct onym_exchange *x)
{
    if (x != NULL) {
        onym_digester_free(x->digester);
        free(x);
    }
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void
onym_exchange_end(struct onym_exchange *x, const struct onym_client_result *result)
{
    struct onym_client_result r = *result;

    r.sent = x->q.result.sent;
    x->q.result = r;
    x->q.state = STATE_ENDED;
}

/* Keeps why this leg brought nothing, unless an earlier one told more. */
void
onym_exchange_remember(struct onym_exchange *x, enum onym_exchange_rank rank,
                       enum onym_outcome outcome, enum onym_status status, const char *detail)
{
    if (rank >= x->q.rank) {
        x->q.rank = rank;
        x->q.fallback = (struct onym_client_result){.outcome = outcome,
                                                    .status = status,
                                                    .detail = detail,
                                                    .server = onym_exchange_server(x),
                                                    .transport = onym_exchange_transport(x)};
    }
}

static bool
leg_allowed(const struct onym_exchange *x, size_t leg)
{
    enum onym_transport allowed = x->servers[leg / 2].transport;

    return allowed == ONYM_TRANSPORT_ANY ||
           allowed == (leg % 2 == 1 ? ONYM_TRANSPORT_TCP : ONYM_TRANSPORT_UDP);
}

/* The next leg from `from` on; 2 * server_count when there is none. */
static size_t
leg_from(const struct onym_exchange *x, size_t from)
{
    while (from < 2 * x->options.server_count && !leg_allowed(x, from)) {
        from++;
    }
    return from;
}

bool
onym_exchange_has_next_leg(const struct onym_exchange *x)
{
    return leg_from(x, x->q.leg + 1) < 2 * x->options.server_count;
}

void
onym_exchange_next_leg(struct onym_exchange *x)
{
    size_t leg = leg_from(x, x->q.leg + 1);

    if (leg >= 2 * x->options.server_count) {
        onym_exchange_end(x, &x->q.fallback);
        return;
    }
    x->q.leg = leg;
    x->q.state = STATE_OPEN;
}

/* Forgets what has been gathered of a reply. */
static void
forget_reply(struct onym_exchange *x)
{
    onym_gather_reset(&x->gather);
    x->q.bytes = 0;
    x->q.packets = 0;
    x->q.parts_len = 0;
    x->q.parts_count = 0;
}

static enum onym_status
write_request(struct onym_exchange *x, const struct onym_query *query, uint32_t flags,
              struct onym_moment now)
{
    struct onym_message m = {
        .envelope = {.version = x->options.version,
                     .suggested = x->options.suggested,
                     .request_id = x->q.request_id},
        .header = {.opcode = ONYM_OP_RESOLVE,
                   .flags = flags,
                   .site_serial = NO_SITE_SERIAL,
                   .expiration = now.epoch_s + EXPIRES_AFTER_S},
        .has_credential = true,
    };
    size_t len = 0;
    enum onym_status status;

    if (query->name.len == 0 || query->name.len > ONYM_NAME_LEN_MAX ||
        query->indexes.count > ONYM_CLIENT_SELECT_MAX ||
        query->types.count > ONYM_CLIENT_SELECT_MAX) {
        return ONYM_INVALID;
    }
    status = onym_query_encode(query, x->parts, sizeof x->parts, &len);
    if (status == ONYM_OK) {
        m.body = onym_span_of(x->parts, len);
        status = onym_message_encode(&m, x->request, sizeof x->request, &x->q.request_len);
    }
    return status == ONYM_OK ? ONYM_OK : ONYM_INVALID;
}

void
onym_exchange_start(struct onym_exchange *x, const struct onym_query *query, uint32_t flags,
                    struct onym_moment now)
{
    x->q = (struct onym_question){
        .state = STATE_OPEN,
        /* positive as a signed number: deployed servers are written in Java */
        .request_id = (uint32_t)(1U + onym_rng_below(&x->rng, 0x7FFFFFFFU)),
        .wants_digest = (flags & ONYM_FLAG_REQUEST_DIGEST) != 0,
        .end_ms = now.ms + x->options.timeout_ms,
    };
    x->q.leg = leg_from(x, 0);
    x->q.result.detail = "no answer yet";
    forget_reply(x);
    if (write_request(x, query, flags, now) != ONYM_OK) {
        struct onym_client_result r = {.outcome = ONYM_OUTCOME_FAILED,
                                       .status = ONYM_INVALID,
                                       .detail = "the query is empty or over a limit"};
        onym_exchange_end(x, &r);
    }
}

/* The next datagram of the running attempt. */
static onym_span
next_packet(struct onym_exchange *x)
{
    onym_span request = onym_span_of(x->request, x->q.request_len);
    struct onym_envelope envelope;
    struct onym_packet p;

    ONYM_REQUIRE(onym_envelope_decode(request, &envelope) == ONYM_OK);
    onym_packet_at(&envelope, request.len - ONYM_ENVELOPE_LEN,
                   (uint32_t)(x->q.send_offset / ONYM_PACKET_DATA_MAX), &p);
    memcpy(x->packet, p.envelope, ONYM_ENVELOPE_LEN);
    memcpy(x->packet + ONYM_ENVELOPE_LEN, x->request + ONYM_ENVELOPE_LEN + p.offset, p.data_len);
    x->q.send_offset += p.data_len;
    return onym_span_of(x->packet, ONYM_ENVELOPE_LEN + p.data_len);
}

static onym_span
next_bytes(struct onym_exchange *x, struct onym_moment now)
{
    static const uint32_t udp_wait_ms[ONYM_EXCHANGE_UDP_ATTEMPTS] = {500, 1000, 1500};
    onym_span bytes;

    if (onym_exchange_over_tcp(x)) {
        bytes = onym_span_of(x->request, x->q.request_len);
        x->q.send_offset = x->q.request_len;
        x->q.wait_ms = now.ms + x->options.reply_timeout_ms;
    } else {
        bytes = next_packet(x);
        x->q.wait_ms = now.ms + udp_wait_ms[x->q.attempt];
    }
    if (onym_exchange_over_tcp(x) || x->q.send_offset == x->q.request_len - ONYM_ENVELOPE_LEN) {
        x->q.result.sent++;
        x->q.state = STATE_WAITING;
    }
    return bytes;
}

static void
silence(struct onym_exchange *x)
{
    if (x->q.state == STATE_OPENING) {
        onym_exchange_remember(x, RANK_SILENCE, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE,
                               "the connection was not made in time");
        onym_exchange_next_leg(x);
    } else if (!onym_exchange_over_tcp(x) && x->q.attempt + 1 < ONYM_EXCHANGE_UDP_ATTEMPTS) {
        x->q.attempt++;
        x->q.send_offset = 0;
        x->q.state = STATE_SENDING;
        forget_reply(x);
    } else {
        onym_exchange_remember(x, RANK_SILENCE, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE,
                               "no answer in time");
        onym_exchange_next_leg(x);
    }
}

static void
watch_time(struct onym_exchange *x, struct onym_moment now)
{
    if (x->q.state != STATE_ENDED && now.ms >= x->q.end_ms) {
        onym_exchange_remember(x, RANK_SILENCE, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE,
                               "no answer in time");
        onym_exchange_end(x, &x->q.fallback);
    }
    if ((x->q.state == STATE_OPENING || x->q.state == STATE_WAITING) && now.ms >= x->q.wait_ms) {
        silence(x);
    }
}

struct onym_wish
onym_exchange_next(struct onym_exchange *x, struct onym_moment now)
{
    struct onym_wish wish;

    watch_time(x, now);
    wish = (struct onym_wish){.server = onym_exchange_server(x),
                              .transport = onym_exchange_transport(x)};
    switch (x->q.state) {
    case STATE_OPEN:
        wish.want = ONYM_WANT_OPEN;
        x->q.state = STATE_OPENING;
        x->q.attempt = 0;
        x->q.send_offset = 0;
        x->q.wait_ms = now.ms + x->options.connect_timeout_ms;
        x->q.result.server = wish.server;
        x->q.result.transport = wish.transport;
        forget_reply(x);
        break;
    case STATE_SENDING:
        wish.want = ONYM_WANT_SEND;
        wish.bytes = next_bytes(x, now);
        break;
    case STATE_OPENING:
    case STATE_WAITING:
        wish.want = ONYM_WANT_WAIT;
        wish.deadline_ms = sooner(x->q.wait_ms, x->q.end_ms);
        break;
    case STATE_ENDED:
    default:
        wish.want = ONYM_WANT_END;
        break;
    }
    return wish;
}

void
onym_exchange_opened(struct onym_exchange *x, struct onym_moment now)
{
    (void)now;
    if (x->q.state == STATE_OPENING) {
        x->q.state = STATE_SENDING;
    }
}

void
onym_exchange_lost(struct onym_exchange *x, const char *why, bool local, struct onym_moment now)
{
    (void)now;
    if (x->q.state == STATE_ENDED || x->q.state == STATE_OPEN) {
        return;
    }
    if (local) {
        onym_exchange_remember(x, RANK_LOCAL, ONYM_OUTCOME_FAILED, ONYM_IO, why);
    } else {
        onym_exchange_remember(x, RANK_SILENCE, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE, why);
    }
    onym_exchange_next_leg(x);
}

void
onym_exchange_datagram(struct onym_exchange *x, onym_span datagram, struct onym_moment now)
{
    enum onym_gathered gathered;

    if (x->q.state != STATE_WAITING || onym_exchange_over_tcp(x)) {
        return;
    }
    gathered = onym_gather_datagram(&x->gather, datagram, x->q.request_id);
    if (gathered == ONYM_GATHERED_WHOLE) {
        x->q.packets = x->gather.packets;
        x->q.bytes = (uint32_t)(x->gather.envelope.message_len +
                                (size_t)x->gather.packets * ONYM_ENVELOPE_LEN);
        onym_exchange_judge(x, now);
    }
}

void
onym_exchange_stream(struct onym_exchange *x, onym_span bytes, struct onym_moment now)
{
    if (x->q.state != STATE_WAITING || !onym_exchange_over_tcp(x)) {
        return;
    }
    x->q.wait_ms = now.ms + x->options.reply_timeout_ms;
    while (bytes.len > 0 && x->q.state == STATE_WAITING) {
        enum onym_gathered gathered = onym_gather_stream(&x->gather, &bytes);

        if (gathered == ONYM_GATHERED_REFUSED) {
            onym_exchange_refuse(x, "the reply is longer than a message may be, or not a message");
        } else if (gathered == ONYM_GATHERED_WHOLE &&
                   x->gather.envelope.request_id == x->q.request_id) {
            x->q.packets++;
            x->q.bytes += (uint32_t)(x->gather.envelope.message_len + ONYM_ENVELOPE_LEN);
            onym_exchange_judge(x, now);
        }
    }
}

const struct onym_client_result *
onym_exchange_result(const struct onym_exchange *x)
{
    return &x->q.result;
}
