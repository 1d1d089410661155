/* A host of many changes that keeps what is started and settles when the test says so. For the
 * tests of this folder; each is one program, so everything is static. */
#ifndef ONYM_TESTS_UNIT_SERVICE_BULK_PLAY_H
#define ONYM_TESTS_UNIT_SERVICE_BULK_PLAY_H

#include "service/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS   UINT64_C(1700000000000)
#define ROWS_MAX 4096U
#define GOOD(n)  "{\"handle\":\"88.1/" n "\",\"values\":[]}"
#define SUMMARY  "{\"summary\":{\"rows\":"
#define COMPLETE ",\"complete\":true}\n"
#define MEMORY   ((size_t)64 << 20)

struct host {
    struct onym_bulk bulk;
    struct onym_json_in *json;
    struct onym_body_room memory;
    size_t room; /* rows that may start before it says busy */
    bool now;    /* answers at once */
    size_t count;
    uint64_t row[ROWS_MAX];
    char name[ROWS_MAX][64];
    enum onym_expect expect;
    enum onym_action action;
};

static enum onym_http_when
change(void *of, uint64_t row, const struct onym_operation *op, struct onym_http_result *out)
{
    struct host *h = of;

    assert_true(h->count < ROWS_MAX);
    if (h->room == 0) {
        out->status = ONYM_BUSY;
        return ONYM_HTTP_NOW;
    }
    h->room--;
    h->row[h->count] = row;
    h->expect = op->expect;
    h->action = op->action;
    (void)snprintf(h->name[h->count++], 64, "%.*s", (int)op->name.len, (const char *)op->name.at);
    *out = (struct onym_http_result){.status = ONYM_OK, .name = op->name, .revision = 1};
    return h->now ? ONYM_HTTP_NOW : ONYM_HTTP_LATER;
}

static struct host *
begin(enum onym_bulk_mode mode, enum onym_bulk_results results)
{
    struct host *h = calloc(1, sizeof *h);
    struct onym_bulk_options options = {.mode = mode, .results = results};
    struct onym_principal who = {.handle = onym_span_text("0.NA/88.1"), .index = 300};

    assert_non_null(h);
    assert_int_equal(onym_json_in_new(&h->json), ONYM_OK);
    h->room = ROWS_MAX;
    h->now = true;
    onym_bulk_init(
        &h->bulk, &options,
        &(struct onym_bulk_host){.of = h, .change = change, .json = h->json, .room = &h->memory},
        &who, onym_span_text("192.0.2.1"));
    h->bulk.window = ROWS_MAX;
    return h;
}

static void
end(struct host *h)
{
    onym_bulk_deinit(&h->bulk);
    assert_int_equal(h->memory.used, 0);
    onym_json_in_free(h->json);
    free(h);
}

static void
take(struct host *h, const char *text)
{
    onym_bulk_take(&h->bulk, onym_span_text(text), NOW_MS);
}

__attribute__((unused)) static void
settle(struct host *h, size_t n, enum onym_status status)
{
    struct onym_http_result result = {
        .status = status, .revision = 7, .name = onym_span_text(h->name[n])};

    onym_bulk_settle(&h->bulk, h->row[n], &result);
}

/* All results, as one text. */
static const char *
told(struct host *h, char *room, size_t cap)
{
    assert_true(h->bulk.out.len < cap);
    if (h->bulk.out.len > 0) {
        memcpy(room, h->bulk.out.at, h->bulk.out.len);
    }
    room[h->bulk.out.len] = '\0';
    return room;
}

static void
expect_told(struct host *h, const char *part)
{
    static char room[1 << 20];

    if (strstr(told(h, room, sizeof room), part) == NULL) {
        fail_msg("no %s in %s", part, room);
    }
}

#endif
