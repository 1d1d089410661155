/* Fields of the golden records, for the tests of auth/. What is handed out lives until
 * vectors_teardown, each in memory of exactly its size, so that a sanitizer sees reads past it. */
#ifndef ONYM_TESTS_UNIT_AUTH_TEST_H
#define ONYM_TESTS_UNIT_AUTH_TEST_H

#include "base/hex.h"
#include "onym/span.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above and stddef.h, stdint.h in place */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef ONYM_SOURCE_DIR /* the build says where; alone, the header must still compile */
#define ONYM_SOURCE_DIR "."
#endif

#define KEPT_MAX 4096U

struct vectors {
    json_t *records; /* name -> record */
    void *kept[KEPT_MAX];
    size_t count;
};

static inline int
vectors_setup(void **state)
{
    FILE *in = fopen(ONYM_SOURCE_DIR "/proto/vectors/handle-wire.jsonl", "rb");
    struct vectors *v = calloc(1, sizeof *v);
    char *line = NULL;
    size_t cap = 0;

    if (in == NULL || v == NULL) {
        return -1;
    }
    v->records = json_object();
    while (getline(&line, &cap, in) > 0) {
        json_t *record = json_loads(line, JSON_ALLOW_NUL, NULL);

        json_object_set(v->records, json_string_value(json_object_get(record, "name")), record);
        json_decref(record);
    }
    free(line);
    (void)fclose(in);
    *state = v;
    return 0;
}

static inline int
vectors_teardown(void **state)
{
    struct vectors *v = *state;

    for (size_t i = 0; i < v->count; i++) {
        free(v->kept[i]);
    }
    json_decref(v->records);
    free(v);
    return 0;
}

/* Room of len bytes that lives as long as the vectors. */
static inline uint8_t *
vectors_room(void **state, size_t len)
{
    struct vectors *v = *state;
    uint8_t *room = calloc(1, len > 0 ? len : 1);

    assert_non_null(room);
    assert_true(v->count < KEPT_MAX);
    v->kept[v->count++] = room;
    return room;
}

static inline json_t *
vectors_record(void **state, const char *name)
{
    struct vectors *v = *state;
    json_t *record = json_object_get(v->records, name);

    if (record == NULL) {
        fail_msg("no vector %s", name);
    }
    return record;
}

static inline onym_span
hex_bytes(void **state, const char *hex)
{
    size_t digits = strlen(hex);
    char even[8192];
    uint8_t *room = vectors_room(state, (digits + 1) / 2);
    size_t len = 0;

    assert_true(digits + 2 < sizeof even);
    (void)snprintf(even, sizeof even, "%s%s", digits % 2 != 0 ? "0" : "", hex);
    assert_int_equal(onym_hex_decode(onym_span_text(even), room, (digits + 1) / 2, &len), 0);
    return onym_span_of(room, len);
}

static inline onym_span
vector_hex(void **state, const char *name, const char *field)
{
    const char *hex = json_string_value(json_object_get(vectors_record(state, name), field));

    if (hex == NULL) {
        fail_msg("no %s in vector %s", field, name);
    }
    return hex_bytes(state, hex);
}

/* A copy with one bit changed. */
static inline onym_span
flipped(void **state, onym_span bytes, size_t bit)
{
    uint8_t *room = vectors_room(state, bytes.len);

    memcpy(room, bytes.at, bytes.len);
    room[bit / 8] = (uint8_t)(room[bit / 8] ^ (1U << (bit % 8)));
    return onym_span_of(room, bytes.len);
}

#endif
