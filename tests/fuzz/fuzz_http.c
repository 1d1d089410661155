/* HTTP heads and the ops listener over them. Whatever the bytes: no step reads or writes outside
 * its memory, never takes more than it was given, and cutting the input anywhere gives the same
 * verdicts and the same answers.
 *
 * The first two bytes say where the input is cut, the rest is what a peer sends. */
#include "base/hash.h"
#include "base/require.h"
#include "service/ops.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a peer saw. */
struct seen {
    uint64_t digest;
    unsigned answers;
    bool ended;
};

static size_t
tell_checks(void *of, struct onym_ops_check *out)
{
    (void)of;
    out[0] = (struct onym_ops_check){.name = "fuzz", .ok = true, .detail = "\xFF\"detail\""};
    return 1;
}

static void
tell_metrics(void *of, struct onym_metrics *out)
{
    (void)of;
    *out = (struct onym_metrics){.version = "0", .revision = "0"};
}

static void
converse(struct onym_ops_connection *c, onym_span input, struct onym_ops_reply *reply,
         struct seen *seen)
{
    const struct onym_ops_source source = {
        .live = tell_checks, .ready = tell_checks, .metrics = tell_metrics};

    while (input.len > 0 && !seen->ended) {
        size_t before = input.len;
        enum onym_ops_verdict verdict = onym_ops_feed(c, &input, &source, 0, reply);

        ONYM_REQUIRE(input.len < before);
        if (verdict == ONYM_OPS_MORE) {
            ONYM_REQUIRE(input.len == 0);
            return;
        }
        ONYM_REQUIRE(reply->bytes.at >= reply->buffer &&
                     reply->bytes.at + reply->bytes.len <= reply->buffer + reply->cap);
        seen->digest = onym_hash64(reply->bytes, seen->digest);
        seen->answers++;
        seen->ended = verdict == ONYM_OPS_REPLY_CLOSE;
    }
}

/* Follows the head parser alone: everything it names lies inside it. */
static void
check_head(struct onym_http1 *p, onym_span input)
{
    enum onym_http1_step step;
    size_t before = input.len;
    onym_span name;
    onym_span value;
    onym_span fields;

    onym_http1_init(p);
    step = onym_http1_feed(p, &input);
    ONYM_REQUIRE(input.len <= before && (step != ONYM_HTTP1_MORE || input.len == 0));
    if (step == ONYM_HTTP1_REFUSED) {
        ONYM_REQUIRE(p->refusal.status >= 400 && p->refusal.status < 600);
    }
    if (step != ONYM_HTTP1_READY) {
        return;
    }
    ONYM_REQUIRE(p->len <= ONYM_HTTP1_HEAD_MAX && p->request.method.len > 0);
    ONYM_REQUIRE(p->request.path.len > 0 && p->request.path.len <= ONYM_HTTP1_TARGET_MAX);
    ONYM_REQUIRE(p->request.target.len <= ONYM_HTTP1_TARGET_MAX);
    fields = p->request.fields;
    while (onym_http1_field(&fields, &name, &value)) {
        ONYM_REQUIRE(name.len > 0 && (value.len == 0 || value.at + value.len <= p->head + p->len));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct onym_ops_connection *c = malloc(sizeof *c);
    struct onym_ops_reply reply = {.cap = ONYM_OPS_REPLY_MAX};
    struct seen whole = {.digest = 0};
    struct seen torn = {.digest = 0};
    onym_span input = onym_span_from(onym_span_of(data, size), 2);
    size_t cut = size >= 2 ? (size_t)data[0] * 256 + data[1] : 0;

    reply.buffer = malloc(reply.cap);
    ONYM_REQUIRE(c != NULL && reply.buffer != NULL);
    cut = input.len > 0 ? cut % (input.len + 1) : 0;
    check_head(&c->http, input);
    onym_ops_connection_init(c);
    converse(c, input, &reply, &whole);
    onym_ops_connection_init(c);
    converse(c, onym_span_front(input, cut), &reply, &torn);
    converse(c, onym_span_from(input, cut), &reply, &torn);
    ONYM_REQUIRE(whole.digest == torn.digest && whole.answers == torn.answers &&
                 whole.ended == torn.ended);
    free(reply.buffer);
    free(c);
    return 0;
}
