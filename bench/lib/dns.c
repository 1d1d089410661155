#include "lib/dns.h"

#include "base/bytes.h"

#include <string.h>

#define HEADER_LEN  12U
#define TYPE_TXT    16U
#define CLASS_IN    1U
#define RECORD_LEN  12U /* name by pointer, type, class, ttl, length */
#define FLAG_ANSWER 0x8000U
#define FLAG_CUT    0x0200U

static const uint8_t tail[] = {5, 'b', 'e', 'n', 'c', 'h', 0, 0, TYPE_TXT, 0, CLASS_IN};

size_t
bench_dns_query_write(onym_span name, uint16_t id, uint8_t out[BENCH_DNS_QUERY_MAX])
{
    memset(out, 0, HEADER_LEN);
    onym_put_u16(out, id);
    out[5] = 1; /* one question */
    out[HEADER_LEN] = (uint8_t)name.len;
    memcpy(out + HEADER_LEN + 1, name.at, name.len);
    memcpy(out + HEADER_LEN + 1 + name.len, tail, sizeof tail);
    return HEADER_LEN + 1 + name.len + sizeof tail;
}

bool
bench_dns_is_answer(onym_span packet, onym_span name, uint32_t *code)
{
    size_t question_len = 1 + name.len + sizeof tail;

    *code = packet.len >= HEADER_LEN ? packet.at[3] & 15U : 0;
    if (packet.len < HEADER_LEN + question_len + RECORD_LEN) {
        return false;
    }
    unsigned flags = onym_get_u16(packet.at + 2);
    const uint8_t *question = packet.at + HEADER_LEN;
    const uint8_t *record = question + question_len;
    if ((flags & FLAG_ANSWER) == 0 || (flags & FLAG_CUT) != 0 || *code != 0 ||
        onym_get_u16(packet.at + 6) != 1) {
        return false;
    }
    return question[0] == name.len && memcmp(question + 1, name.at, name.len) == 0 &&
           memcmp(question + 1 + name.len, tail, sizeof tail) == 0 &&
           onym_get_u16(record) == (0xC000U | HEADER_LEN) && onym_get_u16(record + 2) == TYPE_TXT &&
           onym_get_u16(record + 10) <= packet.len - HEADER_LEN - question_len - RECORD_LEN;
}
