#include "server/http_backend_desk.h"

#include "base/clock.h"
#include "base/writer.h"

#include <stdlib.h>

/* What an address may fail together, against what it may for one user. */
#define ADDRESS_FACTOR 10U

enum onym_status
onym_http_desk_new(const struct onym_settings *settings, uint64_t seed, struct onym_http_desk **out)
{
    struct onym_http_desk *d = calloc(1, sizeof *d);
    enum onym_status status;

    if (d == NULL) {
        return ONYM_NO_MEMORY;
    }
    d->settings = settings;
    status = onym_http_sessions_new((uint64_t)settings->http_session_idle_s * 1000, &d->sessions);
    if (status == ONYM_OK) {
        status = onym_http_failures_new(seed, &d->failures);
    }
    if (status != ONYM_OK) {
        onym_http_desk_free(d);
        return status;
    }
    *out = d;
    return ONYM_OK;
}

void
onym_http_desk_free(struct onym_http_desk *d)
{
    if (d != NULL) {
        onym_http_sessions_free(d->sessions);
        onym_http_failures_free(d->failures);
        free(d);
    }
}

static bool
is_inside(const struct onym_network *network, onym_span address)
{
    size_t whole = network->bits / 8U;
    unsigned rest = network->bits % 8U;

    if (address.len != (network->is_v6 ? 16U : 4U) ||
        memcmp(address.at, network->address, whole) != 0) {
        return false;
    }
    return rest == 0 || ((address.at[whole] ^ network->address[whole]) >> (8U - rest)) == 0;
}

static bool
is_exempt(const struct onym_http_desk *d, onym_span address)
{
    for (size_t i = 0; i < d->settings->exempt.count; i++) {
        if (is_inside(&d->settings->exempt.item[i], address)) {
            return true;
        }
    }
    return false;
}

#define SOURCE_MAX (1U + 16U + 1U + ONYM_NAME_LEN_MAX)

/* The two budgets of an attempt: the address with the user, however spelled, and the address. */
static void
sources_of(const struct onym_http_desk *d, const struct onym_http_attempt *a,
           uint8_t memory[SOURCE_MAX], struct onym_http_source out[2])
{
    struct onym_writer w = onym_writer_over(memory, SOURCE_MAX);

    onym_writer_u8(&w, (uint8_t)a->peer.len);
    onym_writer_bytes(&w, a->peer);
    out[1] = (struct onym_http_source){.bytes = onym_writer_written(&w),
                                       .per_minute = d->settings->http_failures * ADDRESS_FACTOR};
    onym_writer_u8(&w, ':');
    for (size_t i = 0; i < a->who.handle.len; i++) {
        uint8_t c = a->who.handle.at[i];

        onym_writer_u8(&w, c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c);
    }
    out[0] = (struct onym_http_source){.bytes = onym_writer_written(&w),
                                       .per_minute = d->settings->http_failures};
}

bool
onym_http_may_try(const struct onym_http_desk *d, const struct onym_http_attempt *a)
{
    uint8_t memory[SOURCE_MAX];
    struct onym_http_source source[2];
    uint64_t now_us = onym_clock_monotonic_ns() / 1000U;

    if (is_exempt(d, a->peer)) {
        return true;
    }
    sources_of(d, a, memory, source);
    return onym_http_failures_may(d->failures, &source[0], now_us) &&
           onym_http_failures_may(d->failures, &source[1], now_us);
}

void
onym_http_count_failure(const struct onym_http_desk *d, const struct onym_http_attempt *a)
{
    uint8_t memory[SOURCE_MAX];
    struct onym_http_source source[2];
    uint64_t now_us = onym_clock_monotonic_ns() / 1000U;

    if (!is_exempt(d, a->peer)) {
        sources_of(d, a, memory, source);
        onym_http_failures_count(d->failures, &source[0], now_us);
        onym_http_failures_count(d->failures, &source[1], now_us);
    }
}

void
onym_http_forgive(const struct onym_http_desk *d, const struct onym_http_attempt *a)
{
    uint8_t memory[SOURCE_MAX];
    struct onym_http_source source[2];
    uint64_t now_us = onym_clock_monotonic_ns() / 1000U;

    if (!is_exempt(d, a->peer)) {
        sources_of(d, a, memory, source);
        onym_http_failures_forgive(d->failures, &source[0], now_us);
        onym_http_failures_forgive(d->failures, &source[1], now_us);
    }
}
