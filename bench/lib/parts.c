#include "lib/parts.h"

#include "base/require.h"
#include "onym/span.h"

#include <inttypes.h>

#define LOT      2000U
#define TEXT_MAX 256

struct value_text {
    uint32_t index;
    const char *type;
    char data[TEXT_MAX];
};
#define VALUES 3U

static uint64_t
mixed(uint64_t x)
{
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return x ^ x >> 31;
}

void
bench_part_name(enum bench_order order, unsigned run, unsigned enterprise, uint64_t number,
                char out[BENCH_PART_NAME_MAX])
{
    unsigned prefix = 1000U + enterprise % BENCH_ENTERPRISES;
    int len;

    if (order == BENCH_SERIAL) {
        len = snprintf(out, BENCH_PART_NAME_MAX, "88.9430.%u/SN.%04u%010" PRIu64, prefix, run,
                       number);
    } else {
        uint64_t hash = mixed(mixed((uint64_t)run << 48 | (uint64_t)enterprise << 40) ^ number);

        len = snprintf(out, BENCH_PART_NAME_MAX, "88.9430.%u/PN.%016" PRIX64, prefix, hash);
    }
    ONYM_REQUIRE(len > 0 && (unsigned)len < BENCH_PART_NAME_MAX);
}

unsigned
bench_part_enterprise(enum bench_order order, unsigned run, uint64_t number)
{
    return order == BENCH_SERIAL ? (unsigned)(number / LOT % BENCH_ENTERPRISES)
                                 : (unsigned)(mixed(number + run) % BENCH_ENTERPRISES);
}

static void
values_of(const char *name, struct value_text value[VALUES])
{
    value[0] = (struct value_text){.index = 1, .type = "URL"};
    (void)snprintf(value[0].data, TEXT_MAX, "https://parts.example/%s", name);
    value[1] = (struct value_text){.index = 2003, .type = "PART"};
    (void)snprintf(value[1].data, TEXT_MAX,
                   "front axle beam, forged, 42CrMo, quenched and tempered, drawing 3001011-K45, "
                   "heat 26-1187, hardness 248-302 HBW, inspected, released for series");
    value[2] = (struct value_text){.index = 2018, .type = "BATCH"};
    (void)snprintf(value[2].data, TEXT_MAX, "B20261123-07, line 2, shift A");
}

void
bench_part_create(const char *name, struct onym_writer *w)
{
    struct value_text value[VALUES];

    values_of(name, value);
    onym_writer_counted(w, onym_span_text(name));
    onym_writer_u32(w, VALUES);
    for (size_t i = 0; i < VALUES; i++) {
        onym_writer_u32(w, value[i].index);
        onym_writer_u32(w, 1760000000U); /* the time the value says it is from */
        onym_writer_u8(w, 0);
        onym_writer_u32(w, 86400);
        onym_writer_u8(w, 14); /* read and written by administrators, read by everybody */
        onym_writer_counted(w, onym_span_text(value[i].type));
        onym_writer_counted(w, onym_span_text(value[i].data));
        onym_writer_u32(w, 0);
    }
    ONYM_REQUIRE(w->status == ONYM_OK);
}

void
bench_part_print(const char *name, FILE *out)
{
    struct value_text value[VALUES];

    values_of(name, value);
    (void)fprintf(out, "{\"handle\":\"%s\",\"values\":[", name);
    for (size_t i = 0; i < VALUES; i++) {
        (void)fprintf(out, "%s{\"index\":%" PRIu32 ",\"type\":\"%s\",\"data\":\"%s\"}",
                      i > 0 ? "," : "", value[i].index, value[i].type, value[i].data);
    }
    (void)fputs("]}\n", out);
}

static void
print_prefix(const char *handle, FILE *out)
{
    (void)fprintf(out,
                  "{\"handle\":\"%s\",\"values\":[{\"index\":100,\"type\":\"HS_ADMIN\",\"data\":"
                  "{\"format\":\"admin\",\"value\":{\"handle\":\"%s\",\"index\":301,"
                  "\"permissions\":\"111111111111\"}}},{\"index\":301,\"type\":\"HS_SECKEY\","
                  "\"permissions\":\"1100\",\"data\":\"%s\"}]}\n",
                  handle, BENCH_OPERATOR, BENCH_OPERATOR_SECRET);
}

void
bench_part_print_prefixes(FILE *out)
{
    char handle[BENCH_PART_NAME_MAX];

    print_prefix(BENCH_OPERATOR, out);
    for (unsigned i = 0; i < BENCH_ENTERPRISES; i++) {
        (void)snprintf(handle, sizeof handle, "0.NA/88.9430.%u", 1000U + i);
        print_prefix(handle, out);
    }
}
