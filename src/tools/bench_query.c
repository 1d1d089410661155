#include "tools/bench_query.h"

#include "base/bytes.h"
#include "onym/model/value.h"
#include "wire/header.h"

enum {
    REQUEST_ID = 8, /* offsets within a packet */
    SEQUENCE = 12,
    MESSAGE_LEN = 16,
    CODE = 24,
    FLAGS = 28,
    BODY_LEN = 40,
    BODY = 44
};

void
onym_bench_query_form_init(struct onym_bench_query_form *form, uint32_t expiration)
{
    struct onym_envelope envelope = {.version = ONYM_VERSION_OWN, .suggested = ONYM_VERSION_OWN};
    struct onym_header header = {
        .opcode = ONYM_OP_RESOLVE,
        .flags = ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY,
        .site_serial = UINT16_MAX,
        .expiration = expiration,
    };

    onym_envelope_encode(&envelope, form->front);
    onym_header_encode(&header, form->front + ONYM_ENVELOPE_LEN);
    onym_bench_query_form_select(form, 0, NULL);
}

void
onym_bench_query_form_select(struct onym_bench_query_form *form, uint32_t index, const char *type)
{
    uint8_t *at = form->tail;
    size_t type_len = type != NULL ? strlen(type) : 0;

    onym_put_u32(at, index != 0);
    at += 4;
    if (index != 0) {
        onym_put_u32(at, index);
        at += 4;
    }
    onym_put_u32(at, type != NULL);
    at += 4;
    if (type != NULL) {
        onym_put_u32(at, (uint32_t)type_len);
        memcpy(at + 4, type, type_len);
        at += 4 + type_len;
    }
    memset(at, 0, 4); /* no credential */
    form->tail_len = (uint32_t)(at + 4 - form->tail);
}

size_t
onym_bench_query_write(const struct onym_bench_query_form *form, onym_span name,
                       uint32_t request_id, uint8_t out[ONYM_PACKET_LEN_MAX])
{
    uint32_t body_len = 4 + (uint32_t)name.len + form->tail_len - 4; /* without the credential */

    memcpy(out, form->front, sizeof form->front);
    onym_put_u32(out + REQUEST_ID, request_id);
    onym_put_u32(out + MESSAGE_LEN, ONYM_HEADER_LEN + body_len + 4);
    onym_put_u32(out + BODY_LEN, body_len);
    onym_put_u32(out + BODY, (uint32_t)name.len);
    memcpy(out + BODY + 4, name.at, name.len);
    memcpy(out + BODY + 4 + name.len, form->tail, form->tail_len);
    return BODY + body_len + 4;
}

void
onym_bench_reply_init(struct onym_bench_reply *reply, onym_span name, uint32_t request_id)
{
    *reply = (struct onym_bench_reply){.name = name, .request_id = request_id, .expected = 1};
}

/* Whether the body behind the name holds at least one value, and has room for as many as it says.
 */
static bool
has_values(onym_span packet, size_t name_len, uint32_t body_len)
{
    size_t front = 4 + name_len + 4;
    uint32_t count = packet.len >= BODY + front ? onym_get_u32(packet.at + BODY + 4 + name_len) : 0;

    return count > 0 && front + (uint64_t)count * ONYM_VALUE_LEN_MIN <= body_len;
}

/* The packet with the header: code, name, values, and lengths that add up. */
static bool
front_is_right(struct onym_bench_reply *reply, onym_span packet)
{
    if (packet.len < BODY) {
        return false;
    }
    uint32_t body_len = onym_get_u32(packet.at + BODY_LEN);
    reply->code = onym_get_u32(packet.at + CODE);
    if ((reply->code != reply->expected &&
         (reply->or_else == 0 || reply->code != reply->or_else)) ||
        body_len > reply->message_len - ONYM_HEADER_LEN) {
        return false;
    }
    if (reply->code != 1 || reply->code_only) {
        return true; /* whose request it was, the request id tells */
    }
    return packet.len >= BODY + 4 + reply->name.len &&
           onym_get_u32(packet.at + ONYM_ENVELOPE_LEN) == ONYM_OP_RESOLVE &&
           (onym_get_u32(packet.at + FLAGS) & ONYM_FLAG_REQUEST_DIGEST) == 0 &&
           onym_get_u32(packet.at + BODY) == reply->name.len &&
           memcmp(packet.at + BODY + 4, reply->name.at, reply->name.len) == 0 &&
           has_values(packet, reply->name.len, body_len);
}

enum onym_bench_verdict
onym_bench_reply_feed(struct onym_bench_reply *reply, onym_span packet, bool whole)
{
    if (packet.len < ONYM_ENVELOPE_LEN ||
        onym_get_u32(packet.at + REQUEST_ID) != reply->request_id) {
        return ONYM_BENCH_STRAY;
    }
    uint32_t sequence = onym_get_u32(packet.at + SEQUENCE);
    uint32_t message_len = onym_get_u32(packet.at + MESSAGE_LEN);
    uint32_t data_len = (uint32_t)(packet.len - ONYM_ENVELOPE_LEN);
    uint32_t room = whole ? ONYM_MESSAGE_LEN_MAX : ONYM_PACKET_DATA_MAX;

    if (sequence >= 64 || message_len < ONYM_HEADER_LEN || message_len > ONYM_MESSAGE_LEN_MAX ||
        (reply->message_len != 0 && reply->message_len != message_len)) {
        return ONYM_BENCH_WRONG;
    }
    uint32_t offset = sequence * room;
    if (offset >= message_len ||
        data_len != (message_len - offset < room ? message_len - offset : room)) {
        return ONYM_BENCH_WRONG; /* all packets are full but the last */
    }
    if ((reply->packets >> sequence & 1) != 0) {
        return ONYM_BENCH_MORE;
    }
    reply->message_len = message_len;
    reply->packets |= (uint64_t)1 << sequence;
    reply->data_len += data_len;
    reply->packet_bytes += (uint32_t)packet.len;
    if (sequence == 0 && !front_is_right(reply, packet)) {
        return ONYM_BENCH_WRONG;
    }
    return reply->data_len == message_len ? ONYM_BENCH_DONE : ONYM_BENCH_MORE;
}
