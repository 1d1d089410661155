/* The bytes of a record of the journal. */
#include "store/journal_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE  4096U
#define PIECE 12U /* in front of its bytes */

static int
set_up(void **state)
{
    struct onym_journal_draft *draft = calloc(1, sizeof *draft);

    assert_non_null(draft);
    draft->bytes = malloc(ONYM_JOURNAL_RECORD_MAX);
    assert_non_null(draft->bytes);
    onym_journal_draft_start(draft);
    *state = draft;
    return 0;
}

static int
tear_down(void **state)
{
    struct onym_journal_draft *draft = *state;

    free(draft->bytes);
    free(draft);
    return 0;
}

/* A page as LMDB writes it: nodes up to lower, and from upper. */
static void
make_page(uint8_t page[PAGE], uint16_t kind, uint16_t lower, uint16_t upper)
{
    memset(page, 0xAA, PAGE);
    memcpy(page + 10, &kind, sizeof kind);
    memcpy(page + 12, &lower, sizeof lower);
    memcpy(page + 14, &upper, sizeof upper);
}

static onym_span
read_back(const struct onym_journal_draft *draft, uint64_t seed, struct onym_journal_place *place)
{
    onym_span pieces;
    uint64_t sum;
    size_t len = onym_journal_padded(draft->len);

    assert_int_equal(onym_journal_record_need(onym_span_of(draft->bytes, PAGE)), draft->len);
    assert_int_equal(
        onym_journal_record_read(onym_span_of(draft->bytes, len), seed, place, &pieces, &sum),
        ONYM_OK);
    return pieces;
}

static void
everything_comes_back(void **state)
{
    struct onym_journal_draft *draft = *state;
    struct onym_journal_place place = {
        .epoch = 7, .seed = 99, .transaction = 1234567890123, .number = 3, .before = 5};
    struct onym_journal_place found;
    onym_span pieces, bytes;
    uint64_t at;

    place.follows = true;
    onym_journal_draft_add(draft, 8192, onym_span_text("first"), PAGE);
    onym_journal_draft_add(draft, (uint64_t)1 << 40, onym_span_text("second"), PAGE);
    (void)onym_journal_draft_seal(draft, &place);
    pieces = read_back(draft, 99, &found);
    assert_int_equal(found.epoch, 7);
    assert_int_equal(found.number, 3);
    assert_int_equal(found.before, 5);
    assert_int_equal(found.transaction, 1234567890123);
    assert_true(found.follows);
    assert_int_equal(onym_journal_piece_next(&pieces, &at, &bytes), ONYM_OK);
    assert_int_equal(at, 8192);
    assert_true(onym_span_equal(bytes, onym_span_text("first")));
    assert_int_equal(onym_journal_piece_next(&pieces, &at, &bytes), ONYM_OK);
    assert_int_equal(at, (uint64_t)1 << 40);
    assert_true(onym_span_equal(bytes, onym_span_text("second")));
    assert_int_equal(pieces.len, 0);
}

static void
the_gap_of_a_page_is_left_out(void **state)
{
    static const struct {
        uint16_t kind, lower, upper;
        size_t kept;
    } cases[] = {{1, 16, 4096, 16 + 2 * PIECE},
                 {2, 100, 4000, 196 + 2 * PIECE},
                 {2, 100, 100, PAGE + 2 * PIECE},
                 {2, 15, 4000, PAGE + PIECE},
                 {2, 4000, 100, PAGE + PIECE},
                 {2, 100, 4097, PAGE + PIECE},
                 {4, 100, 4000, PAGE + PIECE} /* long */,
                 {8, 100, 4000, PAGE + PIECE}};
    struct onym_journal_draft *draft = *state;
    uint8_t page[PAGE];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        onym_journal_draft_start(draft);
        make_page(page, cases[i].kind, cases[i].lower, cases[i].upper);
        onym_journal_draft_add(draft, 0, onym_span_of(page, PAGE), PAGE);
        assert_int_equal(draft->len - ONYM_JOURNAL_FRONT_LEN, cases[i].kept);
    }
    /* what is no page is taken whole, however it looks */
    onym_journal_draft_start(draft);
    make_page(page, 2, 100, 4000);
    onym_journal_draft_add(draft, 0, onym_span_of(page, PAGE - 1), PAGE);
    assert_int_equal(draft->len - ONYM_JOURNAL_FRONT_LEN, PAGE - 1 + PIECE);
}

static void
a_record_has_a_limit(void **state)
{
    struct onym_journal_draft *draft = *state;
    size_t fits = ONYM_JOURNAL_RECORD_MAX - ONYM_JOURNAL_FRONT_LEN - PIECE;
    uint8_t *bytes = calloc(1, ONYM_JOURNAL_RECORD_MAX + 1);
    struct onym_journal_place place = {.epoch = 1};

    assert_non_null(bytes);
    onym_journal_draft_add(draft, 0, onym_span_of(bytes, fits), PAGE);
    assert_true(draft->is_whole);
    assert_int_equal(draft->len, ONYM_JOURNAL_RECORD_MAX);
    (void)onym_journal_draft_seal(draft, &place);
    assert_int_equal(read_back(draft, 0, &place).len, fits + PIECE);

    onym_journal_draft_start(draft);
    onym_journal_draft_add(draft, 0, onym_span_of(bytes, fits + 1), PAGE);
    assert_false(draft->is_whole);
    onym_journal_draft_add(draft, 0, onym_span_of(bytes, 1), PAGE); /* it stays so */
    assert_false(draft->is_whole);

    onym_journal_draft_start(draft);
    onym_journal_draft_add(draft, 0, onym_span_of(bytes, ONYM_JOURNAL_RECORD_MAX + 1), PAGE);
    assert_false(draft->is_whole);
    free(bytes);
}

/* Any bit that is turned, another seed, and a record that is cut off. */
static void
what_is_not_whole_is_not_found(void **state)
{
    struct onym_journal_draft *draft = *state;
    struct onym_journal_place place = {.epoch = 1, .seed = 5};
    struct onym_journal_place found;
    onym_span pieces;
    uint64_t sum;

    onym_journal_draft_add(draft, 0, onym_span_text("bytes"), PAGE);
    (void)onym_journal_draft_seal(draft, &place);
    for (size_t i = 0; i < draft->len * 8; i++) {
        draft->bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_int_equal(
            onym_journal_record_read(onym_span_of(draft->bytes, PAGE), 5, &found, &pieces, &sum),
            ONYM_NOT_FOUND);
        draft->bytes[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_int_equal(
        onym_journal_record_read(onym_span_of(draft->bytes, PAGE), 6, &found, &pieces, &sum),
        ONYM_NOT_FOUND);
    for (size_t len = 0; len < draft->len; len++) {
        assert_int_equal(
            onym_journal_record_read(onym_span_of(draft->bytes, len), 5, &found, &pieces, &sum),
            ONYM_NOT_FOUND);
    }
}

static void
pieces_are_not_believed(void **state)
{
    static const uint8_t cases[3][16] = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4},      /* longer than there is */
        {0x7F, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 4}, /* beyond what a file may be */
        {0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        onym_span pieces = onym_span_of(cases[i], i == 2 ? 12 : 16);
        onym_span bytes;
        uint64_t at;

        assert_int_equal(onym_journal_piece_next(&pieces, &at, &bytes), ONYM_CORRUPT);
    }
    onym_span front = onym_span_of(cases[0], 11);
    onym_span bytes;
    uint64_t at;

    assert_int_equal(onym_journal_piece_next(&front, &at, &bytes), ONYM_CORRUPT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_back), TEST(the_gap_of_a_page_is_left_out),
        TEST(a_record_has_a_limit), TEST(what_is_not_whole_is_not_found),
        TEST(pieces_are_not_believed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
