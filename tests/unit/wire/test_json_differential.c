/* Our reader against jansson's tree: over lines made for it and hundreds of changes of each, both
 * accept the same ones and read the same record from them. */
#include "base/rng.h"
#include "onym/model/value.h"
#include "support/json_judge.h"
#include "wire/json_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S         1767225600U
#define SEED          20260312U
#define CHANGES       4000U /* of each line */
#define LINE_ROOM_MAX 8192U

static const char *const lines[] = {
    "{\"handle\":\"88.1/a\",\"values\":[]}",
    "{\"handle\":\"88.1/a\",\"values\":[{\"index\":1,\"type\":\"URL\",\"data\":\"x\"}]}",
    " { \"values\" : [ { \"data\" : \"\" , \"type\" : \"\" , \"index\" : 4294967295 } ] ,\t"
    "\"handle\" : \"\\u0038\\u002e1/\\ud83d\\ude00\" } ",
    "{\"handle\":\"88.1/\xE6\x9B\xB2\xE8\xBD\xB4\",\"values\":[{\"index\":2,\"type\":\"DESC\","
    "\"data\":{\"format\":\"string\",\"value\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\xF0\x9F\x98\x80"
    "\"},\"ttl\":0,\"permissions\":\"1100\"},{\"index\":1,\"type\":\"T\",\"data\":\"public\"}]}",
    "{\"handle\":\"88.1/b\",\"values\":[{\"index\":1,\"type\":\"B\",\"data\":{\"format\":"
    "\"base64\",\"value\":\"AP+A\"},\"ttl\":\"2030-02-28T23:59:59Z\",\"timestamp\":"
    "\"2026-03-11T08:00:00.5+08:00\",\"permissions\":\"*\"},{\"index\":2,\"type\":\"H\",\"data\":"
    "{\"value\":\"00fF\",\"format\":\"hex\"}},{\"index\":3,\"type\":\"B\",\"data\":{\"format\":"
    "\"base64\",\"value\":\"AA==\"}}]}",
    "{\"handle\":\"0.NA/88.1\",\"homed\":false,\"values\":[{\"index\":100,\"type\":\"HS_ADMIN\","
    "\"data\":{\"format\":\"admin\",\"value\":{\"handle\":\"0.NA/88.1\",\"index\":\"200\","
    "\"permissions\":\"011111110011\"}}},{\"index\":101,\"type\":\"HS_ADMIN\",\"data\":{\"format\":"
    "\"admin\",\"value\":{\"handle\":\"h\",\"index\":300,\"permissions\":4095,"
    "\"legacyByteLength\":true}}}]}",
    "{\"handle\":\"0.na/88.2\",\"homed\":true,\"revision\":7,\"created\":\"2026-01-01T00:00:00Z\","
    "\"modified\":\"2026-01-02T03:04:05.678Z\",\"owner\":\"factory\"}",
    "{\"handle\":\"88.1/g\",\"values\":[{\"index\":1,\"type\":\"HS_VLIST\",\"data\":{\"format\":"
    "\"vlist\",\"value\":[{\"handle\":\"a/b\",\"index\":1},{\"handle\":\"\",\"index\":0}]},"
    "\"references\":[{\"handle\":\"r/1\",\"index\":5}]}]}",
    "{\"handle\":\"88.1/k\",\"values\":[{\"index\":1,\"type\":\"HS_PUBKEY\",\"data\":{\"format\":"
    "\"key\",\"value\":{\"kty\":\"RSA\",\"n\":\"wJ-a_Q\",\"e\":\"AQAB\"}}}]}",
    "{\"handle\":\"88.1/s\",\"values\":[{\"index\":1,\"type\":\"HS_SITE\",\"data\":{\"format\":"
    "\"site\",\"value\":{\"version\":1,\"protocolVersion\":\"2.11\",\"serialNumber\":3,"
    "\"primarySite\":true,\"multiPrimary\":false,\"hashOption\":1,\"hashFilter\":\"f\","
    "\"attributes\":[{\"name\":\"desc\",\"value\":\"d\"}],\"servers\":[{\"serverId\":1,\"address\":"
    "\"192.0.2.1\",\"publicKey\":{\"format\":\"key\",\"value\":{\"kty\":\"RSA\",\"n\":\"wJ-a\","
    "\"e\":\"Aw\"}},\"interfaces\":[{\"query\":true,\"admin\":true,\"protocol\":\"TCP\",\"port\":"
    "2641},{\"protocol\":\"UDP\",\"port\":1}]},{\"serverId\":2,\"address\":\"2001:db8::1\"}]}}}]}",
};

/* Pieces that are put into lines. */
static const char *const pieces[] = {"\"",
                                     "\\",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "null",
                                     "true",
                                     "false",
                                     "-1",
                                     "0",
                                     "1e3",
                                     "1.0",
                                     "-0",
                                     "01",
                                     "99999999999999999999",
                                     "\\u0000",
                                     "\\ud800",
                                     "\\udc00",
                                     "\\ud800\\udc00",
                                     "\\x",
                                     "\x01",
                                     "\x7f",
                                     "\xC0\x80",
                                     "\xED\xA0\x80",
                                     "\xE0\x9F\xBF",
                                     "\xF0\x8F\xBF\xBF",
                                     "\xF5\x80\x80\x80",
                                     "\xF4\x90\x80\x80",
                                     "\xC3\xA9",
                                     "\xE4\xB8",
                                     " ",
                                     "\t",
                                     "\r",
                                     "\n",
                                     "\"index\":3,",
                                     "\"type\":\"t\",",
                                     "\"format\":\"hex\",",
                                     "\"value\":[[[[]]]],",
                                     "\"x\":1,",
                                     "{}",
                                     "[]",
                                     "\"\"",
                                     "4294967295",
                                     "4294967296",
                                     "1969-12-31T23:59:59Z",
                                     "2024-02-29T00:00:00Z",
                                     "2106-02-07T06:28:16Z",
                                     "\"homed\":true,",
                                     "/",
                                     "=",
                                     "==",
                                     "0.NA/",
                                     "*",
                                     "1111",
                                     "11111"};

static size_t
change(struct onym_rng *rng, uint8_t *line, size_t len)
{
    size_t at = (size_t)onym_rng_below(rng, len + 1);
    size_t span = 1 + (size_t)onym_rng_below(rng, 4);
    const char *piece = pieces[onym_rng_below(rng, sizeof pieces / sizeof pieces[0])];

    if (span > len - at) {
        span = len - at;
    }
    switch (onym_rng_below(rng, 6)) {
    case 0: /* a byte becomes another */
        if (at < len) {
            line[at] = (uint8_t)onym_rng_below(rng, 256);
        }
        return len;
    case 1: /* a bit flips */
        if (at < len) {
            line[at] ^= (uint8_t)(1U << onym_rng_below(rng, 8));
        }
        return len;
    case 2: /* some bytes go */
        memmove(line + at, line + at + span, len - at - span);
        return len - span;
    case 3: /* the end goes */
        return at;
    case 4: /* a stretch comes twice */
        span = (size_t)onym_rng_below(rng, len - at + 1);
        if (len + span > LINE_ROOM_MAX) {
            return len;
        }
        memmove(line + at + span, line + at, len - at);
        return len + span;
    default: /* a piece comes in between */
        if (len + strlen(piece) > LINE_ROOM_MAX) {
            return len;
        }
        memmove(line + at + strlen(piece), line + at, len - at);
        memcpy(line + at, piece, strlen(piece));
        return len + strlen(piece);
    }
}

static bool
same(const struct onym_json_record *ours, const struct judged *theirs)
{
    return onym_span_equal(ours->name, onym_span_of(theirs->name, theirs->name_len)) &&
           onym_span_equal(ours->owner, onym_span_of(theirs->owner, theirs->owner_len)) &&
           ours->homed == theirs->homed && ours->has_homed == theirs->has_homed &&
           ours->has_values == theirs->has_values && ours->revision == theirs->revision &&
           ours->created_ms == theirs->created_ms && ours->modified_ms == theirs->modified_ms &&
           ours->public_values.count == theirs->counts[0] &&
           ours->private_values.count == theirs->counts[1] &&
           onym_span_equal(ours->public_values.raw,
                           onym_span_of(theirs->bytes[0], theirs->lens[0])) &&
           onym_span_equal(ours->private_values.raw,
                           onym_span_of(theirs->bytes[1], theirs->lens[1]));
}

/* Whether both accept the line; fails the test when they differ. */
static bool
compare(struct onym_json_reader *reader, struct judged *judged, const uint8_t *line, size_t len)
{
    /* in memory of its own size, so that a read behind its end is seen by the sanitizer */
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct onym_json_error error = {0};
    struct onym_json_record record;

    memcpy(copy, line, len);
    bool ours = onym_json_record_read(reader, onym_span_of(copy, len), NOW_S, &record, &error) ==
                ONYM_OK;
    bool theirs = json_judge(onym_span_of(copy, len), NOW_S, judged);

    if (ours != theirs || (ours && !same(&record, judged))) {
        fail_msg("seed %u: %s here, %s there (%s: %s): %.*s", SEED, ours ? "accepted" : "refused",
                 theirs ? "accepted" : "refused", error.field, error.problem, (int)len,
                 (const char *)line);
    }
    if (!ours) {
        assert_true(error.problem[0] != '\0');
        assert_true(error.offset <= len);
    }
    free(copy);
    return ours;
}

static void
our_reader_agrees_with_jansson(void **state)
{
    struct onym_rng rng = onym_rng_seeded(SEED);
    struct judged *judged = malloc(sizeof *judged);
    struct onym_json_reader *reader;
    static uint8_t line[LINE_ROOM_MAX];
    unsigned accepted = 0;

    (void)state;
    assert_int_equal(onym_json_reader_new(&reader), ONYM_OK);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t whole = strlen(lines[i]);

        if (!compare(reader, judged, (const uint8_t *)lines[i], whole)) {
            fail_msg("refused: %s", lines[i]);
        }
        for (size_t cut = 0; cut < whole; cut++) {
            (void)compare(reader, judged, (const uint8_t *)lines[i], cut);
        }
        for (unsigned n = 0; n < CHANGES; n++) {
            size_t len = whole;

            memcpy(line, lines[i], whole);
            for (uint64_t times = onym_rng_below(&rng, 4) == 0 ? 3 : 1; times > 0; times--) {
                len = change(&rng, line, len);
            }
            accepted += compare(reader, judged, line, len);
        }
    }
    /* changes that leave a record a record are what tells whether values are read alike */
    assert_true(accepted > 1000);
    onym_json_reader_free(reader);
    free(judged);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(our_reader_agrees_with_jansson)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
