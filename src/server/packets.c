#include "server/packets.h"

#include "base/clock.h"
#include "net/address.h"

#include <stdlib.h>

_Static_assert(ONYM_ENVELOPE_LEN + ONYM_PACKET_DATA_MAX <= ONYM_UDP_OUT_LEN, "a packet fits");

struct sink {
    struct onym_udp *udp;
    const struct onym_udp_in *to;
};

static void
send_packet(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    struct sink *sink = of;

    onym_udp_send(sink->udp, sink->to, envelope, parts, count);
}

/* Answers so many that what they need is fetched together. */
static void
answer(struct onym_packets *p, struct onym_udp *udp, const struct onym_udp_in *in, size_t count,
       struct onym_moment now)
{
    struct onym_ahead ahead[ONYM_AHEAD_MAX];
    struct onym_ahead *asked[ONYM_AHEAD_MAX];
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        asked[left] = &ahead[i];
        left += onym_datagram_ahead(&p->service, in[i].data, &ahead[i]);
    }
    onym_resolve_gather(&p->service.answerer->resolver, asked, left);
    for (size_t i = 0; i < count; i++) {
        struct sink sink = {.udp = udp, .to = &in[i]};
        struct onym_datagram datagram = {.data = in[i].data,
                                         .too_long = in[i].too_long,
                                         .address = onym_address_bytes(in[i].peer),
                                         .port = onym_address_port(in[i].peer),
                                         .ahead = &ahead[i]};

        onym_arena_reset(p->arena); /* what was sent before is a copy */
        onym_datagram_answer(&p->service, &datagram, now, p->arena, send_packet, &sink);
    }
}

static void
on_batch(void *user, struct onym_udp *udp, const struct onym_udp_in *in, size_t count)
{
    struct onym_packets *p = user;
    struct onym_counters *counters = p->service.counters;
    struct onym_moment now = {.epoch_s = onym_clock_epoch_s(),
                              .monotonic_ns = onym_clock_monotonic_ns()};

    if (onym_view_renew(p->view) != ONYM_OK) {
        onym_counter_add(&counters->store_errors, 1);
        return;
    }
    for (size_t i = 0; i < count; i += ONYM_AHEAD_MAX) {
        answer(p, udp, in + i, count - i < ONYM_AHEAD_MAX ? count - i : ONYM_AHEAD_MAX, now);
    }
    onym_view_release(p->view);
    onym_udp_flush(udp);
    onym_histogram_record(&counters->resolve_ns[ONYM_BY_UDP],
                          onym_clock_monotonic_ns() - now.monotonic_ns, count);
}

enum onym_status
onym_packets_init(struct onym_packets *p, const struct onym_settings *settings, uint64_t seed,
                  struct onym_answerer *answerer, struct onym_arena *arena,
                  struct onym_counters *counters)
{
    void *fragments = malloc(onym_reassembly_size(ONYM_REASSEMBLY_SLOTS, ONYM_REASSEMBLY_LEN_MAX));

    if (fragments == NULL) {
        return ONYM_NO_MEMORY;
    }
    onym_admit_init(&p->admit, seed, settings->udp_per_client);
    for (size_t i = 0; i < settings->exempt.count; i++) {
        const struct onym_network *n = &settings->exempt.item[i];

        onym_admit_exempt(&p->admit, onym_span_of(n->address, n->is_v6 ? 16 : 4), n->bits);
    }
    p->arena = arena;
    p->service = (struct onym_datagram_service){
        .answerer = answerer,
        .admit = &p->admit,
        .reassembly = onym_reassembly_init(fragments, ONYM_REASSEMBLY_SLOTS,
                                           ONYM_REASSEMBLY_LEN_MAX),
        .counters = counters,
        .reply_packets = settings->udp_reply_packets};
    return ONYM_OK;
}

enum onym_status
onym_packets_listen(struct onym_packets *p, uv_loop_t *loop, const struct onym_settings *settings,
                    struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;

    for (size_t i = 0; i < settings->handle_udp.count && status == ONYM_OK; i++) {
        status = onym_udp_open(loop, (const struct sockaddr *)&settings->handle_udp.item[i].at,
                               on_batch, p, &p->udp[i], fault);
        p->count += status == ONYM_OK;
    }
    return status;
}

void
onym_packets_ports(const struct onym_packets *p, struct onym_settings *settings)
{
    for (size_t i = 0; i < p->count; i++) {
        onym_address_set_port((struct sockaddr *)&settings->handle_udp.item[i].at,
                              onym_udp_port(p->udp[i]));
    }
}

uint64_t
onym_packets_send_failures(const struct onym_packets *p)
{
    uint64_t failures = 0;

    for (size_t i = 0; i < p->count; i++) {
        failures += p->udp[i] != NULL ? onym_udp_send_failures(p->udp[i]) : 0;
    }
    return failures;
}

void
onym_packets_close(struct onym_packets *p)
{
    for (size_t i = 0; i < p->count; i++) {
        onym_udp_close(p->udp[i]);
        p->udp[i] = NULL;
    }
}

void
onym_packets_deinit(struct onym_packets *p)
{
    free(p->service.reassembly);
    p->service.reassembly = NULL;
}
