#include "tools/bench_mix.h"

#include "tools/dispatch.h"

#include <stdio.h>
#include <stdlib.h>

#define WEIGHT_MAX 1000000.0
#define PARTS      4294967296.0 /* 2^32 */

static const char *const names[ONYM_BENCH_KINDS] = {
    [ONYM_BENCH_RESOLVE] = "resolve",     [ONYM_BENCH_MISS] = "miss",
    [ONYM_BENCH_MALFORMED] = "malformed", [ONYM_BENCH_REFUSED] = "refused",
    [ONYM_BENCH_ROUTE] = "route",         [ONYM_BENCH_REGISTER] = "register",
    [ONYM_BENCH_UPDATE] = "update",       [ONYM_BENCH_BATCH] = "batch",
};

const char *
onym_bench_kind_name(enum onym_bench_kind kind)
{
    return names[kind];
}

static enum onym_status
find_kind(onym_span word, enum onym_bench_kind *out, struct onym_fault *fault)
{
    char text[33];
    const char *near;

    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        if (onym_span_equal(word, onym_span_text(names[kind]))) {
            *out = (enum onym_bench_kind)kind;
            return ONYM_OK;
        }
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)(word.len < 32 ? word.len : 32),
                   (const char *)word.at);
    near = onym_suggest(text, names, ONYM_BENCH_KINDS);
    if (near != NULL) {
        return onym_fault_set(fault, ONYM_INVALID, "unknown kind '%s'; did you mean '%s'?", text,
                              near);
    }
    return onym_fault_set(fault, ONYM_INVALID,
                          "unknown kind '%s'; kinds are resolve, miss, malformed, refused, route, "
                          "register, update and batch",
                          text);
}

/* One "KIND=WEIGHT" of text; *end is where it stops. */
static enum onym_status
read_part(const char *text, const char **end, double weight[ONYM_BENCH_KINDS],
          bool seen[ONYM_BENCH_KINDS], struct onym_fault *fault)
{
    size_t len = strcspn(text, "=,");
    enum onym_bench_kind kind = ONYM_BENCH_RESOLVE;
    char *stop = NULL;
    enum onym_status status = find_kind(onym_span_of((const uint8_t *)text, len), &kind, fault);

    if (status != ONYM_OK) {
        return status;
    }
    if (text[len] != '=') {
        return onym_fault_set(fault, ONYM_INVALID, "'%s' has no weight; write %s=90", names[kind],
                              names[kind]);
    }
    if (seen[kind]) {
        return onym_fault_set(fault, ONYM_INVALID, "'%s' comes twice", names[kind]);
    }
    seen[kind] = true;
    text += len + 1;
    weight[kind] = strtod(text, &stop);
    /* written so that "nan" fails too; strtod would also take blanks, signs and "inf" */
    if (strspn(text, "0123456789.") != (size_t)(stop - text) || stop == text ||
        (*stop != ',' && *stop != '\0') || !(weight[kind] <= WEIGHT_MAX)) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "the weight of '%s' is no number from 0 to 1000000", names[kind]);
    }
    *end = stop;
    return ONYM_OK;
}

enum onym_status
onym_bench_mix_parse(const char *text, struct onym_bench_mix *out, struct onym_fault *fault)
{
    double weight[ONYM_BENCH_KINDS] = {0};
    bool seen[ONYM_BENCH_KINDS] = {false};
    double sum = 0;
    double so_far = 0;

    for (;;) {
        enum onym_status status = read_part(text, &text, weight, seen, fault);

        if (status != ONYM_OK) {
            return status;
        }
        if (*text == '\0') {
            break;
        }
        text++;
    }
    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        sum += weight[kind];
    }
    if (!(sum > 0)) {
        return onym_fault_set(fault, ONYM_INVALID, "no kind has a weight above 0");
    }
    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        so_far += weight[kind];
        out->share[kind] = weight[kind] / sum;
        out->below[kind] = so_far < sum ? (uint64_t)(so_far / sum * PARTS) : (uint64_t)1 << 32;
    }
    return ONYM_OK;
}

enum onym_bench_kind
onym_bench_mix_pick(const struct onym_bench_mix *mix, struct onym_rng *rng)
{
    uint64_t at;
    unsigned kind = 0;

    if (mix->below[0] == (uint64_t)1 << 32) {
        return (enum onym_bench_kind)0; /* a pure load costs no draw */
    }
    at = onym_rng_u64(rng) >> 32;
    while (at >= mix->below[kind]) {
        kind++;
    }
    return (enum onym_bench_kind)kind;
}

bool
onym_bench_mix_changes(const struct onym_bench_mix *mix)
{
    return mix->share[ONYM_BENCH_REGISTER] > 0 || mix->share[ONYM_BENCH_UPDATE] > 0 ||
           mix->share[ONYM_BENCH_BATCH] > 0;
}
