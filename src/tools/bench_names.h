/* The identifiers a load client asks for: one per line, kept in one contiguous array so that
 * picking a random one costs two cache misses and no pointer chase. */
#ifndef ONYM_TOOLS_BENCH_NAMES_H
#define ONYM_TOOLS_BENCH_NAMES_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

/* The longest name whose resolve request still is one packet (proto/handle.md section 14.1). */
#define ONYM_BENCH_NAME_LEN_MAX (ONYM_PACKET_DATA_MAX - ONYM_HEADER_LEN - 16U)

struct onym_bench_names {
    uint8_t *bytes; /* all names without separators */
    uint32_t *from; /* count + 1 offsets into bytes */
    size_t count;
};

/* Reads a file of names, one per line; empty lines are skipped. ONYM_OK (release with
 * onym_bench_names_free), or one line on stderr naming the file, the line and the cure, and
 * ONYM_INVALID (no name, a name over ONYM_BENCH_NAME_LEN_MAX, more than 4 GiB), ONYM_IO or
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_bench_names_load(const char *path,
                                                     struct onym_bench_names *out);
void onym_bench_names_free(struct onym_bench_names *names);

static inline onym_span
onym_bench_names_at(const struct onym_bench_names *names, size_t i)
{
    return onym_span_of(names->bytes + names->from[i], names->from[i + 1] - names->from[i]);
}

#endif
