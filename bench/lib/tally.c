#include "lib/tally.h"

#include "base/require.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct bench_tally *
bench_tally_new(void)
{
    struct bench_tally *tally = calloc(1, sizeof *tally);

    ONYM_REQUIRE(tally != NULL);
    return tally;
}

void
bench_tally_answer(struct bench_tally *tally, uint64_t latency_ns, uint64_t bytes)
{
    tally->answers++;
    onym_histogram_record(&tally->latency, latency_ns, 1);
    tally->size[bytes < BENCH_TALLY_SIZE_MAX ? bytes : BENCH_TALLY_SIZE_MAX]++;
}

void
bench_tally_wrong(struct bench_tally *tally, uint32_t code, onym_span name)
{
    if (tally->wrong++ == 0) {
        tally->wrong_code = code;
        (void)snprintf(tally->wrong_name, sizeof tally->wrong_name, "%.*s", (int)name.len,
                       (const char *)name.at);
    }
}

uint64_t
bench_waited_ns(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/schedstat", "r");
    char *second = file != NULL && fgets(text, sizeof text, file) != NULL ? strchr(text, ' ')
                                                                          : NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    return second != NULL ? strtoull(second, NULL, 10) : 0;
}

static uint64_t
median_size(const struct bench_tally *tally)
{
    uint64_t seen = 0;

    for (uint32_t bytes = 0; bytes <= BENCH_TALLY_SIZE_MAX; bytes++) {
        seen += tally->size[bytes];
        if (seen * 2 >= tally->answers && seen > 0) {
            return bytes;
        }
    }
    return 0;
}

/* A JSON string; bytes outside printable ASCII are left out (a diagnostic, not data). */
static void
print_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text >= ' ' && *text < 0x7F && *text != '"' && *text != '\\') {
            putchar(*text);
        }
    }
    putchar('"');
}

static double
percentile_us(const struct bench_tally *tally, uint32_t per_million)
{
    return (double)onym_histogram_percentile(&tally->latency, per_million) / 1e3;
}

void
bench_tally_print(const struct bench_tally *t, uint64_t window, uint64_t seed)
{
    double seconds = (double)(t->last_ns - t->first_ns) / 1e9;
    uint64_t median = median_size(t);
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"window\": %" PRIu64 ", \"seed\": %" PRIu64 ", \"seconds\": %.6f, ", window, seed,
           seconds);
    printf("\"requests\": %" PRIu64 ", \"answers\": %" PRIu64
           ", \"answers_per_second\": %.1f, \"refusals\": %" PRIu64 ", ",
           t->requests, t->answers, seconds > 0 ? (double)t->answers / seconds : 0.0, t->refusals);
    printf("\"wrong\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"stray\": %" PRIu64
           ", \"unanswered\": %" PRIu64 ", ",
           t->wrong, t->lost, t->stray, t->unanswered);
    if (t->connections > 0) {
        printf("\"connections\": %" PRIu64 ", \"resumed\": %" PRIu64 ", ", t->connections,
               t->resumed);
    }
    if (t->wrong > 0) {
        printf("\"first_wrong\": {\"code\": %" PRIu32 ", \"name\": ", t->wrong_code);
        print_text(t->wrong_name);
        printf("}, ");
    }
    printf("\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"answer_bytes_median\": %" PRIu64
           ", \"median_size_share\": %.4f, ",
           t->packets, t->bytes, median,
           t->answers > 0 ? (double)t->size[median] / (double)t->answers : 0.0);
    printf("\"client_cpu_seconds\": %.6f, \"client_waited_seconds\": %.6f, ", cpu,
           (double)t->waited_ns / 1e9);
    printf("\"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, "
           "\"p99\": %.1f, \"p99_9\": %.1f, \"max\": %.1f}}\n",
           percentile_us(t, 500000), percentile_us(t, 900000), percentile_us(t, 990000),
           percentile_us(t, 999000), percentile_us(t, 1000000));
}
