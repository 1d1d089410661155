/* Values, records and operations written as text, for the tests of core/op.h and core/authz.h.
 *
 *   "1|URL|a 2|EMAIL|b|w"          index, type, data and how it is permitted, in order
 *   "100|HS_ADMIN|fff,0.NA/88.1,200"  permission bits, handle, index
 *   "200|HS_VLIST|88.1/a,300;88.1/b,301"
 *
 * permitted: nothing = 14; p = private (12); w = writable by all (15); r = not writable for
 * administrators (10); n = private and not readable for them either (4). A '*' behind a printed
 * value says its timestamp is that of the operation, " // " parts public from private values. */
#ifndef ONYM_TESTS_OP_TEST_H
#define ONYM_TESTS_OP_TEST_H

#include "core/op.h"

#include "onym/model/hs_admin.h"
#include "onym/model/hs_vlist.h"
#include "onym/model/ident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OP_TEST_OLD_MS 1000000U /* when the old record was made */
#define OP_TEST_NOW_MS 2000000U /* when the operation comes */

struct values {
    uint8_t bytes[8192];
    struct onym_value_list list;
};

/* A record and what its spans point to. */
struct test_record {
    struct values public_values;
    struct values private_values;
    struct onym_record record;
};

struct test_op {
    struct values values;
    uint8_t indexes[256];
    struct onym_operation op;
};

static inline uint8_t
permissions_of(char letter)
{
    switch (letter) {
    case 'p':
        return 12;
    case 'w':
        return 15;
    case 'r':
        return 10;
    case 'n':
        return 4;
    default:
        return 14;
    }
}

static inline void
values_add(struct values *values, const struct onym_value *value)
{
    size_t len = 0;

    assert_int_equal(onym_value_encode(value, values->bytes + values->list.raw.len,
                                       sizeof values->bytes - values->list.raw.len, &len),
                     ONYM_OK);
    values->list.raw = onym_span_of(values->bytes, values->list.raw.len + len);
    values->list.count++;
}

/* The text up to `stop`, moving behind it. */
static inline onym_span
cut(onym_span *text, char stop)
{
    const uint8_t *at = text->len > 0 ? memchr(text->at, stop, text->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - text->at) : text->len;
    onym_span part = onym_span_of(text->at, len);

    *text = onym_span_from(*text, len + 1);
    return part;
}

static inline uint32_t
number_of(onym_span text, int base)
{
    char room[16] = {0};

    assert_true(text.len < sizeof room);
    memcpy(room, text.at, text.len);
    return (uint32_t)strtoul(room, NULL, base);
}

static inline onym_span
data_of(onym_span type, onym_span text, uint8_t *room, size_t cap)
{
    size_t len = 0;

    if (onym_text_equal_nocase(type, onym_span_text("HS_ADMIN")) &&
        memchr(text.at, ',', text.len) != NULL) {
        struct onym_hs_admin admin = {.permissions = (uint16_t)number_of(cut(&text, ','), 16)};

        admin.handle = cut(&text, ',');
        admin.index = number_of(text, 10);
        assert_int_equal(onym_hs_admin_encode(&admin, room, cap, &len), ONYM_OK);
        return onym_span_of(room, len);
    }
    if (onym_text_equal_nocase(type, onym_span_text("HS_VLIST")) &&
        memchr(text.at, ',', text.len) != NULL) {
        uint8_t raw[1024];
        struct onym_reference_list list = {.raw = onym_span_of(raw, 0)};

        while (text.len > 0) {
            onym_span one = cut(&text, ';');
            onym_span handle = cut(&one, ',');
            uint32_t fields[2] = {__builtin_bswap32((uint32_t)handle.len),
                                  __builtin_bswap32(number_of(one, 10))};

            memcpy(raw + list.raw.len, &fields[0], 4);
            memcpy(raw + list.raw.len + 4, handle.at, handle.len);
            memcpy(raw + list.raw.len + 4 + handle.len, &fields[1], 4);
            list.raw.len += 8 + handle.len;
            list.count++;
        }
        assert_int_equal(onym_hs_vlist_encode(&list, room, cap, &len), ONYM_OK);
        return onym_span_of(room, len);
    }
    return text;
}

/* part: 'a' all values, 'o' the public ones, 'c' the private ones. */
static inline void
values_parse(struct values *out, const char *text, uint32_t timestamp, char part)
{
    onym_span left = onym_span_text(text);

    out->list = (struct onym_value_list){0};
    while (left.len > 0) {
        onym_span one = cut(&left, ' ');
        uint8_t room[2048];
        struct onym_value value = {
            .timestamp = timestamp, .ttl = ONYM_TTL_DEFAULT, .permissions = 14};

        value.index = number_of(cut(&one, '|'), 10);
        value.type = cut(&one, '|');
        value.data = data_of(value.type, cut(&one, '|'), room, sizeof room);
        if (one.len > 0) {
            value.permissions = permissions_of((char)one.at[0]);
        }
        if (part == 'a' || (part == 'o') == ((value.permissions & ONYM_PERM_PUBLIC_READ) != 0)) {
            values_add(out, &value);
        }
    }
}

/* text may be NULL: then there is no record. */
static inline const struct onym_record *
record_parse(struct test_record *out, const char *name, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    values_parse(&out->public_values, text, OP_TEST_OLD_MS / 1000, 'o');
    values_parse(&out->private_values, text, OP_TEST_OLD_MS / 1000, 'c');
    out->record = (struct onym_record){.name = onym_span_text(name),
                                       .owner = onym_span_text("owner"),
                                       .state = ONYM_STATE_ACTIVE,
                                       .revision = 7,
                                       .created_ms = OP_TEST_OLD_MS,
                                       .modified_ms = OP_TEST_OLD_MS,
                                       .public_values = out->public_values.list,
                                       .private_values = out->private_values.list};
    return &out->record;
}

/* sent: values, or for REMOVE indexes parted by spaces. */
static inline struct onym_operation *
op_parse(struct test_op *out, enum onym_action action, const char *name, const char *sent)
{
    out->op = (struct onym_operation){
        .action = action, .name = onym_span_text(name), .now_ms = OP_TEST_NOW_MS};
    if (action == ONYM_ACTION_REMOVE) {
        onym_span left = onym_span_text(sent);

        while (left.len > 0) {
            uint32_t index = __builtin_bswap32(number_of(cut(&left, ' '), 10));

            memcpy(out->indexes + (size_t)out->op.indexes.count * 4, &index, 4);
            out->op.indexes.count++;
        }
        out->op.indexes.raw = onym_span_of(out->indexes, (size_t)out->op.indexes.count * 4);
    } else {
        values_parse(&out->values, sent, 1, 'a');
        out->op.values = out->values.list;
    }
    return &out->op;
}

static inline size_t
print_list(struct onym_value_list list, char *out, size_t cap)
{
    struct onym_value v;
    size_t len = 0;

    out[0] = 0;
    while (onym_value_next(&list.raw, &v)) {
        const char *letter = v.permissions == 15   ? "|w"
                             : v.permissions == 10 ? "|r"
                             : v.permissions == 4  ? "|n"
                             : v.permissions == 12 ? "|p"
                                                   : "";

        len += (size_t)snprintf(out + len, cap - len, "%s%u|%.*s|%.*s%s%s", len > 0 ? " " : "",
                                v.index, (int)v.type.len, (const char *)v.type.at, (int)v.data.len,
                                (const char *)v.data.at, letter,
                                v.timestamp == OP_TEST_NOW_MS / 1000 ? "*" : "");
        assert_true(len < cap);
        list.count--;
    }
    assert_int_equal(list.count, 0);
    assert_int_equal(list.raw.len, 0);
    return len;
}

/* "public // private" of a record, in out. */
static inline const char *
record_print(const struct onym_record *record, char *out, size_t cap)
{
    size_t len = print_list(record->public_values, out, cap);

    len += (size_t)snprintf(out + len, cap - len, " // ");
    (void)print_list(record->private_values, out + len, cap - len);
    return out;
}

/* A file-wide arena is no global: each test makes its own. */
static inline struct onym_arena
arena_new(size_t cap)
{
    struct onym_arena arena = {.at = malloc(cap), .cap = cap};

    assert_non_null(arena.at);
    return arena;
}

static inline void
arena_free(struct onym_arena *arena)
{
    free(arena->at);
}

#endif
