#include "lib/ledger.h"

#include "base/bytes.h"
#include "wire/resolve.h"

enum { REQUEST_ID = 8, SEQUENCE = 12, CODE = 24, FLAGS = 28, BODY = 44 };

static struct bench_ledger_entry *
entry_of(struct bench_ledger *ledger, uint32_t id)
{
    return &ledger->entry[id & (BENCH_LEDGER_SLOTS - 1)];
}

void
bench_ledger_sent(struct bench_ledger *ledger, uint32_t id, onym_span packet)
{
    onym_span front = onym_span_front(packet, BENCH_LEDGER_FRONT);
    struct bench_ledger_entry *e = entry_of(ledger, id);

    *e = (struct bench_ledger_entry){
        .id = id, .bytes_in = (uint32_t)packet.len, .front_len = (uint32_t)front.len};
    memcpy(e->front, front.at, front.len);
}

/* Bytes of the request digest in front of a reply's body; 0 without one. */
static uint32_t
digest_len(onym_span packet)
{
    bool asked = packet.len > BODY &&
                 (onym_get_u32(packet.at + FLAGS) & ONYM_FLAG_REQUEST_DIGEST) != 0;

    return asked && onym_digest_code_len(packet.at[BODY]) > 0
               ? 1 + (uint32_t)onym_digest_code_len(packet.at[BODY])
               : 0;
}

static void
note_larger(struct bench_ledger *ledger, const struct bench_ledger_entry *e, onym_span reply)
{
    if (ledger->larger++ == 0) {
        onym_span front = onym_span_front(reply, BENCH_LEDGER_FRONT);
        ledger->first_larger = *e;
        ledger->first_larger_reply_len = (uint32_t)front.len;
        memcpy(ledger->first_larger_reply, front.at, front.len);
    }
}

void
bench_ledger_reply(struct bench_ledger *ledger, onym_span packet)
{
    uint32_t id = onym_get_u32(packet.at + REQUEST_ID);
    struct bench_ledger_entry *e = entry_of(ledger, id);
    bool front = packet.len >= BODY && onym_get_u32(packet.at + SEQUENCE) == 0;

    ledger->replies++;
    if (e->id != id || e->bytes_in == 0) {
        ledger->unmatched++;
        return;
    }
    e->code = front ? onym_get_u32(packet.at + CODE) : e->code;
    if (e->code == 1 || e->code == 302 || e->code == 303) {
        ledger->success++;
        return;
    }
    ledger->refused_in += e->bytes_out == 0 ? e->bytes_in : 0;
    ledger->refused_out += packet.len;
    e->bytes_out += (uint32_t)packet.len;
    if (e->bytes_out > e->bytes_in) {
        if (front && e->bytes_out - digest_len(packet) <= e->bytes_in) {
            ledger->larger_by_digest++;
        } else {
            note_larger(ledger, e, packet);
        }
    }
}
