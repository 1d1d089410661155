/* Requests that wait, and the way of a change to the writer and back. */
#include "base/bytes.h"
#include "base/require.h"
#include "onym/model/ident.h"
#include "server/http_backend_priv.h"
#include "service/http_job.h"

#include <stdio.h>
#include <stdlib.h>

struct onym_http_wait *
onym_http_wait_new(struct onym_http_post *post, const struct onym_http_caller *caller)
{
    struct onym_http_seat *seat = onym_http_seat_of(caller);
    struct onym_http_wait *w = post->waits < ONYM_HTTP_WAITS_MAX ? calloc(1, sizeof *w) : NULL;

    if (w != NULL) {
        ONYM_REQUIRE(seat->wait == NULL);
        w->post = post;
        w->seat = seat;
        w->peer_len = seat->peer_len;
        memcpy(w->peer, seat->peer, sizeof w->peer);
        w->address_len = (uint8_t)(caller->address.len < sizeof w->address ? caller->address.len
                                                                           : sizeof w->address);
        memcpy(w->address, caller->address.at, w->address_len);
        seat->wait = w;
        post->waits++;
    }
    return w;
}

struct onym_http_seat *
onym_http_wait_over(struct onym_http_wait *w)
{
    struct onym_http_seat *seat = w->seat;

    if (seat != NULL) {
        seat->wait = NULL;
    }
    w->post->waits--;
    return seat;
}

void
onym_http_wait_free(struct onym_http_wait *w)
{
    free(w->proof);
    if (w->work != NULL) {
        w->work->release(w->work);
    }
    free(w);
}

void
onym_http_seat_end(struct onym_http_seat *seat)
{
    if (seat->wait != NULL) {
        seat->wait->seat = NULL;
        seat->wait = NULL;
    }
    onym_http_flight_end(seat);
}

/* ---- changes ---- */

/* The same key of the same principal, however that is spelled, is the same operation. The length in
 * front keeps the two apart. */
static void
id_from_key(struct onym_digester *digester, const struct onym_principal *who, onym_span key,
            uint8_t out[ONYM_OPERATION_ID_LEN])
{
    uint8_t front[8] = {0};
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    uint8_t folded[ONYM_NAME_LEN_MAX];
    size_t len = onym_span_front(who->handle, sizeof folded).len;
    const onym_span parts[] = {onym_span_of(front, sizeof front), onym_span_of(folded, len), key};

    onym_ident_upper(onym_span_of(who->handle.at, len), folded);
    onym_put_u32(front, who->index);
    onym_put_u32(front + 4, (uint32_t)len);
    (void)onym_digest(digester, ONYM_SHA256, parts, 3, digest);
    memcpy(out, digest, ONYM_OPERATION_ID_LEN);
}

enum onym_http_when
onym_http_submit(void *of, const struct onym_http_caller *caller,
                 const struct onym_http_change *change, struct onym_http_result *out)
{
    struct onym_http_post *post = of;
    struct onym_operation op = *change->operation;
    struct onym_change_ticket ticket = {.worker = post->worker};
    struct onym_http_wait *w = onym_http_wait_new(post, caller);

    if (w == NULL) {
        out->status = ONYM_BUSY;
        return ONYM_HTTP_NOW;
    }
    if (change->idempotency_key.len > 0) {
        id_from_key(post->answerer->digester, &op.principal, change->idempotency_key, op.id);
    } else {
        onym_changes_new_id(post->node->changes, op.id);
        op.once = true;
    }
    ticket.id = (uint64_t)(uintptr_t)w | 1U;
    out->status = onym_changes_submit(post->node->changes, ticket, &op, change->identity);
    if (out->status == ONYM_OK) {
        return ONYM_HTTP_LATER;
    }
    (void)onym_http_wait_over(w);
    onym_http_wait_free(w);
    return ONYM_HTTP_NOW;
}

struct onym_http_result
onym_http_told(const struct onym_change_result *result, char room[ONYM_OP_SAID_MAX])
{
    const char *why = onym_op_said(result->why, result->index, room);

    return (struct onym_http_result){.status = result->status,
                                     .unchanged = result->unchanged,
                                     .replaced = result->replaced,
                                     .revision = result->revision,
                                     .created_ms = result->created_ms,
                                     .sequence = result->sequence,
                                     .name = result->name,
                                     .why = onym_span_text(why),
                                     .key_reused = result->conflicting};
}

void
onym_http_post_committed(struct onym_http_post *post, const struct onym_change_result *result)
{
    struct onym_http_wait *w;
    struct onym_http_seat *seat;
    struct onym_http_result told;
    char text[ONYM_OP_SAID_MAX];

    if ((result->ticket.id & ONYM_HTTP_ROW_TICKET) != 0) {
        onym_http_row_committed(post, result);
        return;
    }
    w = (struct onym_http_wait *)(uintptr_t)(result->ticket.id ^ 1U);
    seat = onym_http_wait_over(w);
    told = onym_http_told(result, text);
    onym_http_wait_free(w);
    if (seat != NULL) {
        post->change_done(post->of, seat, &told);
    }
}
