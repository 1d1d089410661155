#include "client/gather.h"

#include <string.h>

void
onym_gather_reset(struct onym_gather *g)
{
    g->envelope = (struct onym_envelope){0};
    g->started = false;
    g->got = 0;
    g->packets = 0;
    g->head_len = 0;
    memset(g->have, 0, sizeof g->have);
}

onym_span
onym_gather_message(const struct onym_gather *g)
{
    return onym_span_of(g->message, g->envelope.message_len);
}

static bool
length_fits(const struct onym_envelope *e)
{
    return e->message_len >= ONYM_HEADER_LEN && e->message_len <= ONYM_MESSAGE_LEN_MAX;
}

static enum onym_gathered
take_fragment(struct onym_gather *g, const struct onym_envelope *e, onym_span payload)
{
    size_t offset = (size_t)e->sequence * ONYM_PACKET_DATA_MAX;
    uint8_t bit = (uint8_t)(1U << (e->sequence % 8U));

    if (!g->started || g->envelope.message_len != e->message_len ||
        g->envelope.version != e->version) {
        onym_gather_reset(g);
        g->envelope = *e;
        g->started = true;
    }
    g->packets++;
    if (payload.len != e->message_len) {
        if ((g->have[e->sequence / 8U] & bit) != 0) {
            return ONYM_GATHERED_MORE;
        }
        g->have[e->sequence / 8U] |= bit;
        g->got += payload.len;
    } else {
        g->got = payload.len;
    }
    memcpy(g->message + offset, payload.at, payload.len);
    return g->got == e->message_len ? ONYM_GATHERED_WHOLE : ONYM_GATHERED_MORE;
}

enum onym_gathered
onym_gather_datagram(struct onym_gather *g, onym_span datagram, uint32_t request_id)
{
    onym_span payload = onym_span_from(datagram, ONYM_ENVELOPE_LEN);
    struct onym_envelope e;
    size_t offset;
    size_t rest;

    if (onym_envelope_decode(datagram, &e) != ONYM_OK || e.request_id != request_id ||
        !length_fits(&e) || e.sequence >= ONYM_FRAGMENTS_MAX) {
        return ONYM_GATHERED_MORE;
    }
    offset = (size_t)e.sequence * ONYM_PACKET_DATA_MAX;
    if (offset >= e.message_len) {
        return ONYM_GATHERED_MORE;
    }
    rest = e.message_len - offset;
    if (payload.len == 0) {
        return ONYM_GATHERED_MORE;
    }
    if (e.sequence == 0 && payload.len >= e.message_len) {
        payload.len = e.message_len;
    } else if (payload.len != (rest < ONYM_PACKET_DATA_MAX ? rest : ONYM_PACKET_DATA_MAX)) {
        return ONYM_GATHERED_MORE;
    }
    return take_fragment(g, &e, payload);
}

static void
take_front(uint8_t *to, size_t *have, size_t want, onym_span *from)
{
    onym_span part = onym_span_front(*from, want - *have);

    if (part.len > 0) {
        memcpy(to + *have, part.at, part.len);
    }
    *have += part.len;
    *from = onym_span_from(*from, part.len);
}

enum onym_gathered
onym_gather_stream(struct onym_gather *g, onym_span *bytes)
{
    if (g->started && g->got == g->envelope.message_len) {
        onym_gather_reset(g);
    }
    if (!g->started) {
        take_front(g->head, &g->head_len, ONYM_ENVELOPE_LEN, bytes);
        if (g->head_len < ONYM_ENVELOPE_LEN) {
            return ONYM_GATHERED_MORE;
        }
        if (onym_envelope_decode(onym_span_of(g->head, g->head_len), &g->envelope) != ONYM_OK ||
            !length_fits(&g->envelope) || (g->envelope.flags & ONYM_ENVELOPE_TRUNCATED) != 0 ||
            g->envelope.sequence != 0) {
            return ONYM_GATHERED_REFUSED;
        }
        g->started = true;
        g->packets = 1;
    }
    take_front(g->message, &g->got, g->envelope.message_len, bytes);
    return g->got == g->envelope.message_len ? ONYM_GATHERED_WHOLE : ONYM_GATHERED_MORE;
}
