#include "lib/rows.h"

#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRONT 6U /* bytes of both lengths */

bool
bench_rows_read(const char *path, onym_span *rows)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    void *at = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0) {
        at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (at == MAP_FAILED) {
        return false;
    }
    *rows = onym_span_of(at, (size_t)about.st_size);
    return true;
}

void
bench_rows_free(onym_span rows)
{
    (void)munmap((void *)(uintptr_t)rows.at, rows.len);
}

bool
bench_rows_next(onym_span *rows, onym_span *key, onym_span *record)
{
    uint16_t key_len;
    uint32_t record_len;

    if (rows->len < FRONT) {
        return false;
    }
    memcpy(&key_len, rows->at, sizeof key_len);
    memcpy(&record_len, rows->at + sizeof key_len, sizeof record_len);
    if (rows->len - FRONT < (size_t)key_len + record_len) {
        return false;
    }
    *key = onym_span_of(rows->at + FRONT, key_len);
    *record = onym_span_of(rows->at + FRONT + key_len, record_len);
    *rows = onym_span_from(*rows, FRONT + key_len + record_len);
    return true;
}

bool
bench_rows_skip(onym_span *rows, uint64_t count)
{
    onym_span key;
    onym_span record;

    for (uint64_t i = 0; i < count; i++) {
        if (!bench_rows_next(rows, &key, &record)) {
            return false;
        }
    }
    return true;
}

void
bench_figures_add(struct bench_figures *f, uint64_t start_ns, uint64_t records)
{
    f->last_ns = onym_clock_monotonic_ns();
    onym_histogram_record(&f->commit_ns, f->last_ns - start_ns, 1);
    f->commits++;
    f->records += records;
}

static double
percentile_ms(const struct bench_figures *f, uint32_t per_million)
{
    return (double)onym_histogram_percentile(&f->commit_ns, per_million) / 1e6;
}

void
bench_figures_print(const struct bench_figures *f)
{
    double seconds = (double)(f->last_ns - f->first_ns) / 1e9;

    (void)printf("{\"records\": %" PRIu64 ", \"commits\": %" PRIu64
                 ", \"seconds\": %.6f, \"per_second\": %.1f, \"latency_ms\": {\"p50\": %.4f, "
                 "\"p99\": %.4f, \"max\": %.4f}}\n",
                 f->records, f->commits, seconds, seconds > 0 ? (double)f->records / seconds : 0.0,
                 percentile_ms(f, 500000), percentile_ms(f, 990000), percentile_ms(f, 1000000));
}
