#include "tools/bench_source.h"

#include "base/writer.h"
#include "tools/generate_record.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUTE       "0.NA/"
#define MISSING_LEN 19U /* "/absent." and what tells one from another */

static onym_span
compose(const struct onym_generate_plan *plan, uint64_t rank, uint8_t *room, size_t cap)
{
    struct onym_generate_item item;
    struct onym_writer w = onym_writer_over(room, cap);

    onym_generate_nth(plan, rank, &item);
    onym_generate_name(&item, &w);
    return onym_writer_written(&w);
}

static enum onym_status
make_ready(struct onym_bench_source *source)
{
    size_t count = source->count < ONYM_BENCH_READY_MAX ? (size_t)source->count
                                                        : ONYM_BENCH_READY_MAX;
    struct onym_bench_names *names = &source->ready;
    size_t len = 0;
    uint8_t *fitted;

    names->bytes = malloc(count * ONYM_GENERATE_NAME_MAX);
    names->from = calloc(count + 1, sizeof *names->from);
    if (names->bytes == NULL || names->from == NULL) {
        (void)fprintf(stderr, "onymbench: no memory for %zu names\n", count);
        return ONYM_NO_MEMORY;
    }
    for (; names->count < count; names->count++) {
        len += compose(&source->plan, names->count, names->bytes + len, ONYM_GENERATE_NAME_MAX).len;
        names->from[names->count + 1] = (uint32_t)len;
    }
    fitted = realloc(names->bytes, len);
    names->bytes = fitted != NULL ? fitted : names->bytes;
    return ONYM_OK;
}

enum onym_status
onym_bench_source_open(const char *file, uint64_t records, uint64_t seed, double theta,
                       struct onym_bench_source *out)
{
    const struct onym_generate_options options = {
        .records = records, .seed = seed, .shuffle = true};
    enum onym_status status;

    *out = (struct onym_bench_source){.count = records, .zipf = theta > 0};
    if (file != NULL) {
        status = onym_bench_names_load(file, &out->ready);
        out->count = out->ready.count;
    } else {
        onym_generate_plan_init(&out->plan, &options);
        status = make_ready(out);
    }
    if (status != ONYM_OK) {
        onym_bench_source_free(out);
        return status;
    }
    if (out->zipf) {
        onym_bench_zipf_init(&out->ranks, out->count, theta);
    }
    return ONYM_OK;
}

void
onym_bench_source_free(struct onym_bench_source *source)
{
    onym_bench_names_free(&source->ready);
}

onym_span
onym_bench_source_at(const struct onym_bench_source *source, uint64_t rank,
                     uint8_t room[ONYM_BENCH_NAME_LEN_MAX])
{
    return rank < source->ready.count ? onym_bench_names_at(&source->ready, (size_t)rank)
                                      : compose(&source->plan, rank, room, ONYM_BENCH_NAME_LEN_MAX);
}

/* The bytes in front of the first slash. */
static onym_span
prefix_of(onym_span name)
{
    const uint8_t *slash = memchr(name.at, '/', name.len);

    return onym_span_front(name, slash != NULL ? (size_t)(slash - name.at) : name.len);
}

onym_span
onym_bench_source_missing(const struct onym_bench_source *source, struct onym_rng *rng,
                          uint8_t room[ONYM_BENCH_NAME_LEN_MAX])
{
    uint8_t scratch[ONYM_BENCH_NAME_LEN_MAX];
    onym_span prefix = prefix_of(
        onym_bench_source_at(source, onym_bench_source_draw(source, rng), scratch));
    struct onym_writer w = onym_writer_over(room, ONYM_BENCH_NAME_LEN_MAX);
    uint64_t random = onym_rng_u64(rng);

    onym_writer_bytes(&w, onym_span_front(prefix, ONYM_BENCH_NAME_LEN_MAX - MISSING_LEN));
    onym_writer_bytes(&w, onym_span_text("/absent."));
    for (unsigned i = 0; i < 11; i++, random >>= 5) {
        onym_writer_u8(&w, (uint8_t) "0123456789ABCDEFGHJKLMNPQRSTUVWX"[random & 31]);
    }
    return onym_writer_written(&w);
}

onym_span
onym_bench_source_route(const struct onym_bench_source *source, uint64_t rank,
                        uint8_t room[ONYM_BENCH_NAME_LEN_MAX])
{
    uint8_t scratch[ONYM_BENCH_NAME_LEN_MAX];
    onym_span prefix = prefix_of(onym_bench_source_at(source, rank, scratch));
    struct onym_writer w = onym_writer_over(room, ONYM_BENCH_NAME_LEN_MAX);

    onym_writer_bytes(&w, onym_span_text(ROUTE));
    onym_writer_bytes(&w, onym_span_front(prefix, ONYM_BENCH_NAME_LEN_MAX - (sizeof ROUTE - 1)));
    return onym_writer_written(&w);
}
