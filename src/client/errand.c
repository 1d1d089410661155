#include "client/errand_priv.h"

#include "base/require.h"
#include "wire/header.h"

#include <stdlib.h>

/* As in an exchange (proto/handle.md 3). */
#define EXPIRES_AFTER_S 43200U
#define NO_SITE_SERIAL  0xFFFFU
#define CREDENTIAL_LEN  4U
#define BODY_AT         (ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN)

static const char no_tcp[] = "changes, lists and proofs need a server that may be asked over TCP";

enum onym_status
onym_errand_new(const struct onym_client_options *options, struct onym_rng rng,
                struct onym_errand **out)
{
    /* not zeroed as a whole: most of it is buffers that most errands never touch */
    struct onym_errand *x = malloc(sizeof *x);
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
    x->proof = NULL;
    x->r = (struct onym_errand_run){.state = ERRAND_ENDED};
    x->r.result.detail = "nothing was asked";
    onym_gather_reset(&x->gather);
    *out = x;
    return ONYM_OK;
}

void
onym_errand_free(struct onym_errand *x)
{
    if (x != NULL) {
        onym_digester_free(x->digester);
        free(x);
    }
}

void
onym_errand_identify(struct onym_errand *x, const struct onym_proof *proof)
{
    x->proof = proof;
}

bool
onym_errand_is_change(const struct onym_errand *x)
{
    switch (x->r.order.opcode) {
    case ONYM_OP_CREATE:
    case ONYM_OP_DELETE:
    case ONYM_OP_ADD_VALUES:
    case ONYM_OP_REMOVE_VALUES:
    case ONYM_OP_MODIFY_VALUES:
    case ONYM_OP_HOME_PREFIX:
    case ONYM_OP_UNHOME_PREFIX:
        return true;
    default:
        return false;
    }
}

void
onym_errand_end(struct onym_errand *x, const struct onym_client_result *result)
{
    struct onym_client_result r = *result;

    r.sent = x->r.result.sent;
    r.listed = x->r.listed;
    x->r.result = r;
    x->r.state = ERRAND_ENDED;
}

void
onym_errand_fail(struct onym_errand *x, enum onym_outcome outcome, enum onym_status status,
                 const char *detail)
{
    struct onym_client_result r = {.outcome = outcome,
                                   .status = status,
                                   .detail = detail,
                                   .server = x->r.server,
                                   .transport = x->r.result.transport};

    onym_errand_end(x, &r);
}

struct onym_writer
onym_errand_draft(struct onym_errand *x)
{
    return onym_writer_over(x->request + BODY_AT, sizeof x->request - BODY_AT - CREDENTIAL_LEN);
}

size_t
onym_errand_write(struct onym_errand *x, uint8_t *message, const struct onym_errand_frame *frame,
                  struct onym_moment now)
{
    struct onym_envelope envelope = {
        .version = x->options.version,
        .suggested = x->options.suggested,
        .session_id = frame->session_id,
        /* positive as a signed number: deployed servers are written in Java */
        .request_id = (uint32_t)(1U + onym_rng_below(&x->rng, 0x7FFFFFFFU)),
        .message_len = (uint32_t)(ONYM_HEADER_LEN + frame->body_len + CREDENTIAL_LEN)};
    struct onym_header header = {.opcode = frame->opcode,
                                 .flags = frame->flags,
                                 .site_serial = NO_SITE_SERIAL,
                                 .expiration = now.epoch_s + EXPIRES_AFTER_S,
                                 .body_len = (uint32_t)frame->body_len};

    x->r.request_id = envelope.request_id;
    onym_envelope_encode(&envelope, message);
    onym_header_encode(&header, message + ONYM_ENVELOPE_LEN);
    memset(message + BODY_AT + frame->body_len, 0, CREDENTIAL_LEN);
    return BODY_AT + frame->body_len + CREDENTIAL_LEN;
}

/* The next server from `from` on that may be asked over TCP; server_count when there is none. */
static size_t
server_from(const struct onym_errand *x, size_t from)
{
    while (from < x->options.server_count && x->servers[from].transport == ONYM_TRANSPORT_UDP) {
        from++;
    }
    return from;
}

void
onym_errand_start(struct onym_errand *x, const struct onym_errand_order *order,
                  struct onym_moment now)
{
    x->r = (struct onym_errand_run){.order = *order,
                                    .state = ERRAND_OPEN,
                                    .server = server_from(x, 0),
                                    .end_ms = now.ms + x->options.timeout_ms};
    x->r.result.detail = "no answer yet";
    onym_gather_reset(&x->gather);
    if (order->draft != ONYM_OK) {
        onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_INVALID,
                         "the request is empty, over a limit or larger than a message may be");
    } else if (x->r.server == x->options.server_count) {
        x->r.server = 0;
        onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_INVALID, no_tcp);
    } else {
        struct onym_errand_frame frame = {
            .opcode = order->opcode, .flags = order->flags, .body_len = order->body_len};

        x->r.request_len = onym_errand_write(x, x->request, &frame, now);
    }
}

/* Remembers why a server could not be asked, unless an earlier reason tells more, and goes to the
 * next one. */
static void
next_server(struct onym_errand *x, const char *why, bool local)
{
    size_t next = server_from(x, x->r.server + 1);
    enum onym_outcome outcome = local || onym_errand_is_change(x) ? ONYM_OUTCOME_FAILED
                                                                  : ONYM_OUTCOME_UNKNOWN;

    if (!x->r.has_fallback || x->r.local || x->r.answering) {
        x->r.has_fallback = true;
        x->r.local = local;
        x->r.fallback = (struct onym_client_result){.outcome = outcome,
                                                    .status = local ? ONYM_IO : ONYM_UNREACHABLE,
                                                    .detail = why,
                                                    .server = x->r.server,
                                                    .transport = ONYM_TRANSPORT_TCP};
    }
    if (next < x->options.server_count && !x->r.answering && x->r.listed == 0) {
        x->r.server = next;
        x->r.state = ERRAND_OPEN;
        x->r.parts_len = 0;
        x->r.parts_count = 0;
    } else {
        onym_errand_end(x, &x->r.fallback);
    }
}

void
onym_errand_lost(struct onym_errand *x, const char *why, bool local, struct onym_moment now)
{
    (void)now;
    switch (x->r.state) {
    case ERRAND_OPENING:
    case ERRAND_SENDING:
        next_server(x, why, local);
        break;
    case ERRAND_READY:
        if (x->r.answering) {
            x->r.state = ERRAND_OPEN; /* the challenge stands; its connection is of no account */
        } else {
            next_server(x, why, local);
        }
        break;
    case ERRAND_WAITING:
        if (onym_errand_is_change(x)) {
            onym_errand_fail(x, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN, why);
        } else {
            next_server(x, why, local);
        }
        break;
    case ERRAND_OPEN:
    case ERRAND_ENDED:
    default:
        break;
    }
}

static void
watch_time(struct onym_errand *x, struct onym_moment now)
{
    static const char *const late[] = {[ERRAND_OPEN] = "no connection in time",
                                       [ERRAND_OPENING] = "the connection was not made in time",
                                       [ERRAND_READY] = "no connection in time",
                                       [ERRAND_SENDING] = "the request could not be sent in time",
                                       [ERRAND_WAITING] = "no answer in time"};
    bool over = now.ms >= x->r.end_ms;
    bool waiting = x->r.state == ERRAND_OPENING || x->r.state == ERRAND_SENDING ||
                   x->r.state == ERRAND_WAITING;

    if (x->r.state == ERRAND_ENDED || (!over && !(waiting && now.ms >= x->r.wait_ms))) {
        return;
    }
    if (over && !(x->r.state == ERRAND_WAITING && onym_errand_is_change(x))) {
        /* no time is left for another server */
        onym_errand_fail(x, onym_errand_is_change(x) ? ONYM_OUTCOME_FAILED : ONYM_OUTCOME_UNKNOWN,
                         ONYM_UNREACHABLE, late[x->r.state]);
        return;
    }
    onym_errand_lost(x, late[x->r.state], false, now);
}

static void
forget_reply(struct onym_errand *x)
{
    onym_gather_reset(&x->gather);
    x->r.bytes = 0;
    x->r.packets = 0;
}

struct onym_wish
onym_errand_next(struct onym_errand *x, struct onym_moment now)
{
    struct onym_wish wish;

    watch_time(x, now);
    wish = (struct onym_wish){.server = x->r.server, .transport = ONYM_TRANSPORT_TCP};
    switch (x->r.state) {
    case ERRAND_OPEN:
        wish.want = ONYM_WANT_OPEN;
        x->r.state = ERRAND_OPENING;
        x->r.wait_ms = now.ms + x->options.connect_timeout_ms;
        x->r.result.server = x->r.server;
        x->r.result.transport = ONYM_TRANSPORT_TCP;
        forget_reply(x);
        break;
    case ERRAND_READY:
        wish.want = ONYM_WANT_SEND;
        wish.bytes = x->r.answering ? onym_span_of(x->answer, x->r.answer_len)
                                    : onym_span_of(x->request, x->r.request_len);
        x->r.state = ERRAND_SENDING;
        x->r.wait_ms = now.ms + x->options.reply_timeout_ms;
        x->r.result.sent++;
        x->r.challenge.answered = x->r.answering;
        break;
    case ERRAND_OPENING:
    case ERRAND_SENDING:
    case ERRAND_WAITING:
        wish.want = ONYM_WANT_WAIT;
        wish.deadline_ms = x->r.wait_ms < x->r.end_ms ? x->r.wait_ms : x->r.end_ms;
        break;
    case ERRAND_ENDED:
    default:
        wish.want = ONYM_WANT_END;
        break;
    }
    return wish;
}

void
onym_errand_opened(struct onym_errand *x, struct onym_moment now)
{
    (void)now;
    if (x->r.state == ERRAND_OPENING) {
        x->r.state = ERRAND_READY;
    }
}

void
onym_errand_sent(struct onym_errand *x, struct onym_moment now)
{
    if (x->r.state == ERRAND_SENDING) {
        x->r.state = ERRAND_WAITING;
        x->r.wait_ms = now.ms + x->options.reply_timeout_ms;
    }
}

/* A server may answer before it has read everything, for example that the request is too long. */
static bool
listens(const struct onym_errand *x)
{
    return x->r.state == ERRAND_WAITING || x->r.state == ERRAND_SENDING;
}

void
onym_errand_stream(struct onym_errand *x, onym_span bytes, struct onym_moment now)
{
    if (listens(x)) {
        x->r.wait_ms = now.ms + x->options.reply_timeout_ms;
    }
    while (bytes.len > 0 && listens(x)) {
        enum onym_gathered gathered = onym_gather_stream(&x->gather, &bytes);

        if (gathered == ONYM_GATHERED_REFUSED) {
            onym_errand_refuse(x, "the reply is longer than a message may be, or not a message");
        } else if (gathered == ONYM_GATHERED_WHOLE &&
                   x->gather.envelope.request_id == x->r.request_id) {
            x->r.packets++;
            x->r.bytes += (uint32_t)(x->gather.envelope.message_len + ONYM_ENVELOPE_LEN);
            onym_errand_judge(x, now);
        }
    }
}

const struct onym_client_result *
onym_errand_result(const struct onym_errand *x)
{
    return &x->r.result;
}

const struct onym_errand_challenge *
onym_errand_challenge(const struct onym_errand *x)
{
    return &x->r.challenge;
}
