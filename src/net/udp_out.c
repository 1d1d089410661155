#include "net/udp_out.h"

#include <string.h>

_Static_assert(ONYM_UDP_JOIN_MAX *ONYM_UDP_OUT_LEN < UINT16_MAX - 48, "a message fits into IP");

/* Takes packet p, the newest, into the message its flow has open. */
static bool
join(struct onym_udp_out *out, struct onym_udp_message *m, uint16_t p)
{
    uint16_t len = out->packet[p].len;

    if (len <= m->segment) {
        out->packet[m->last].next = p;
        m->last = p;
    } else if (m->count == 1) { /* the longer one goes first */
        out->packet[p].next = m->first;
        m->first = p;
        m->segment = len;
    } else {
        return false;
    }
    m->count++;
    return true;
}

static void
begin(struct onym_udp_out *out, uint16_t flow, uint16_t p)
{
    out->message[out->messages++] = (struct onym_udp_message){
        .flow = flow, .first = p, .last = p, .count = 1, .segment = out->packet[p].len};
}

void
onym_udp_out_add(struct onym_udp_out *out, uint16_t flow, onym_span front, const onym_span *parts,
                 size_t count)
{
    uint8_t *start = out->data + out->len;
    uint8_t *end = start + front.len;
    uint16_t p = out->packets++;
    struct onym_udp_message *m;

    memcpy(start, front.at, front.len);
    for (size_t i = 0; i < count; i++) {
        memcpy(end, parts[i].at, parts[i].len);
        end += parts[i].len;
    }
    out->packet[p].at = out->len;
    out->packet[p].len = (uint16_t)(end - start);
    out->len += (uint32_t)(end - start);
    if (!out->joins || out->open[flow] == 0 || !join(out, &out->message[out->open[flow] - 1], p)) {
        begin(out, flow, p);
        out->open[flow] = out->messages;
    }
    m = &out->message[out->open[flow] - 1];
    if (out->packet[m->last].len < m->segment || m->count == ONYM_UDP_JOIN_MAX) {
        out->open[flow] = 0; /* what is shorter is the last */
    }
}

size_t
onym_udp_out_parts(struct onym_udp_out *out, const struct onym_udp_message *m, struct iovec *part)
{
    size_t parts = 0;
    uint16_t p = m->first;

    for (uint16_t i = 0; i < m->count; i++, p = out->packet[p].next) {
        uint8_t *at = out->data + out->packet[p].at;

        if (parts > 0 && (uint8_t *)part[parts - 1].iov_base + part[parts - 1].iov_len == at) {
            part[parts - 1].iov_len += out->packet[p].len;
        } else {
            part[parts++] = (struct iovec){.iov_base = at, .iov_len = out->packet[p].len};
        }
    }
    return parts;
}

void
onym_udp_out_split(struct onym_udp_out *out, size_t from)
{
    struct onym_udp_message joined[ONYM_UDP_OUT_MAX];
    size_t count = out->messages - from;

    memcpy(joined, out->message + from, count * sizeof joined[0]);
    out->messages = (uint16_t)from;
    out->joins = false;
    for (size_t i = 0; i < count; i++) {
        uint16_t p = joined[i].first;

        for (uint16_t left = joined[i].count; left > 0; left--, p = out->packet[p].next) {
            begin(out, joined[i].flow, p);
        }
    }
}

void
onym_udp_out_clear(struct onym_udp_out *out)
{
    out->packets = 0;
    out->messages = 0;
    out->len = 0;
    memset(out->open, 0, sizeof out->open);
}
