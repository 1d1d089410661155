/* Packing: what comes out is what went in, short where the bytes are alike, and no damage leaves
 * the buffers. */
#include "store/entry_pack.h"
#include "store/pack.h"

#include "base/hash.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Exactly as large as what is in them, so that a sanitizer sees every byte past the end. */
static uint8_t *
exact(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

/* The packed length, or SIZE_MAX when it does not get shorter; what is unpacked is compared. */
static size_t
there_and_back(onym_span base, onym_span bytes)
{
    uint8_t *packed = malloc(bytes.len + ONYM_PACK_SLACK);
    uint8_t *out = malloc(bytes.len > 0 ? bytes.len : 1);
    size_t len = SIZE_MAX;

    if (onym_pack(base, bytes, packed, bytes.len, &len) == ONYM_OK) {
        uint8_t *only = exact(packed, len);

        assert_true(len < bytes.len);
        assert_int_equal(onym_unpack(base, onym_span_of(only, len), out, bytes.len), ONYM_OK);
        assert_memory_equal(out, bytes.at, bytes.len);
        free(only);
    } else {
        len = SIZE_MAX;
    }
    free(out);
    free(packed);
    return len;
}

static void
alike_is_short(void **state)
{
    static const char a[] = "88.1000.1/SN.0000001 https://parts.example/88.1000.1/SN.0000001 front "
                            "axle beam, forged, quenched and tempered, released for series";
    static const char b[] = "88.1000.1/SN.0000002 https://parts.example/88.1000.1/SN.0000002 front "
                            "axle beam, forged, quenched and tempered, released for series";
    static const char moved[] = "a front that the base does not have at all, longer than patience. "
                                "88.1000.1/SN.0000001 https://parts.example/88.1000.1/SN.0000001 "
                                "front axle beam, forged, quenched and tempered, released";

    (void)state;
    assert_in_range(there_and_back(onym_span_text(a), onym_span_text(a)), 2, 5);
    assert_in_range(there_and_back(onym_span_text(a), onym_span_text(b)), 2, 16);
    assert_in_range(there_and_back(onym_span_text(a), onym_span_text(moved)), 60, 100);
    assert_int_equal(there_and_back(onym_span_text(""), onym_span_text(a)), SIZE_MAX);
    assert_int_equal(there_and_back(onym_span_text(a), onym_span_text("")), SIZE_MAX);
    assert_int_equal(there_and_back(onym_span_text("abc"), onym_span_text("abc")), SIZE_MAX);
}

/* Whatever its length and place, a run of other bytes costs itself and two pieces. */
static void
unlike_bytes_end_where_they_end(void **state)
{
    struct onym_rng rng = onym_rng_seeded(186);
    uint8_t base[200];
    uint8_t bytes[200];

    (void)state;
    for (size_t i = 0; i < sizeof base; i++) {
        base[i] = (uint8_t)onym_rng_below(&rng, 256);
    }
    for (size_t from = 0; from < 20; from++) {
        for (size_t run = 1; run < 48; run++) {
            memcpy(bytes, base, sizeof bytes);
            for (size_t i = from; i < from + run; i++) {
                bytes[i] ^= (uint8_t)(1 + onym_rng_below(&rng, 255));
            }
            assert_in_range(
                there_and_back(onym_span_of(base, sizeof base), onym_span_of(bytes, sizeof bytes)),
                run, run + 7);
        }
    }
}

/* Bytes that came from the base by copying, changing and moving. */
static size_t
vary(struct onym_rng *rng, const uint8_t *base, size_t base_len, uint8_t *out, size_t max)
{
    size_t len = 0;

    while (len < max && onym_rng_below(rng, 12) > 0) {
        size_t from = (size_t)onym_rng_below(rng, base_len + 1);
        size_t run = (size_t)onym_rng_below(rng, 90);

        for (size_t i = 0; i < run && len < max; i++) {
            out[len++] = from + i < base_len && onym_rng_below(rng, 30) > 0
                             ? base[from + i]
                             : (uint8_t)onym_rng_below(rng, 3);
        }
    }
    return len;
}

static void
what_comes_out_is_what_went_in(void **state)
{
    struct onym_rng rng = onym_rng_seeded(135);
    uint8_t base[600];
    uint8_t bytes[700];

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        size_t base_len = (size_t)onym_rng_below(&rng, sizeof base);
        size_t len;

        for (size_t i = 0; i < base_len; i++) {
            base[i] = (uint8_t)onym_rng_below(&rng, round % 2 == 0 ? 256 : 3);
        }
        len = vary(&rng, base, base_len, bytes, sizeof bytes);
        (void)there_and_back(onym_span_of(base, base_len), onym_span_of(bytes, len));
    }
}

/* The log of one machine is compared with that of another. The number is what was made byte by
 * byte, before blocks were compared. */
static void
all_machines_pack_alike(void **state)
{
    struct onym_rng rng = onym_rng_seeded(64);
    uint8_t base[600];
    uint8_t bytes[700];
    uint8_t packed[700 + ONYM_PACK_SLACK];
    uint64_t hash = 0;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        size_t base_len = (size_t)onym_rng_below(&rng, sizeof base);
        size_t len;
        size_t packed_len;

        for (size_t i = 0; i < base_len; i++) {
            base[i] = (uint8_t)onym_rng_below(&rng, round % 2 == 0 ? 256 : 3);
        }
        len = vary(&rng, base, base_len, bytes, sizeof bytes);
        if (onym_pack(onym_span_of(base, base_len), onym_span_of(bytes, len), packed, sizeof bytes,
                      &packed_len) == ONYM_OK) {
            hash = onym_hash64(onym_span_of(packed, packed_len), hash);
        }
    }
    assert_true(hash == 0xf3b9dd2db5ecb522);
}

static void
limits_are_kept(void **state)
{
    uint8_t *base = calloc(1, ONYM_PACK_LEN_MAX + 1);
    size_t max = ONYM_PACK_LEN_MAX;

    (void)state;
    base[max - 2] = 1;
    assert_in_range(there_and_back(onym_span_of(base, max), onym_span_of(base, max)), 2, 12);
    assert_int_equal(there_and_back(onym_span_of(base, max), onym_span_of(base, max + 1)),
                     SIZE_MAX);
    assert_int_equal(there_and_back(onym_span_of(base, max + 1), onym_span_of(base, max)),
                     SIZE_MAX);
    free(base);
}

/* Any damage is refused or gives other bytes; nothing is read or written outside. */
static void
damage_stays_inside(void **state)
{
    static const char base[] = "the quick brown fox jumps over the lazy dog, twice and then again";
    static const char text[] = "the quick brown cat jumps over the lazy dog, once and then again!";
    onym_span from = onym_span_text(base);
    uint8_t packed[128 + ONYM_PACK_SLACK];
    uint8_t *out = malloc(sizeof text - 1);
    size_t len;

    (void)state;
    assert_int_equal(onym_pack(from, onym_span_text(text), packed, 128, &len), ONYM_OK);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *only = exact(packed, cut);

        assert_int_equal(onym_unpack(from, onym_span_of(only, cut), out, sizeof text - 1),
                         ONYM_CORRUPT);
        free(only);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        uint8_t *only = exact(packed, len);

        only[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (onym_unpack(from, onym_span_of(only, len), out, sizeof text - 1) == ONYM_OK) {
            assert_memory_not_equal(out, text, sizeof text - 1);
        }
        free(only);
    }
    for (size_t less = 0; less < sizeof text - 1; less++) {
        assert_int_equal(onym_unpack(from, onym_span_of(packed, len), out, less), ONYM_CORRUPT);
    }
    free(out);
}

/* A chain of copies of four bytes, far apart: the longest way through. */
static void
the_worst_takes_no_longer(void **state)
{
    struct onym_rng rng = onym_rng_seeded(7);
    uint8_t *base = malloc(ONYM_PACK_LEN_MAX);
    uint8_t *bytes = malloc(ONYM_PACK_LEN_MAX);

    (void)state;
    for (size_t i = 0; i < ONYM_PACK_LEN_MAX; i++) {
        base[i] = (uint8_t)onym_rng_below(&rng, 256);
    }
    for (size_t i = 0; i + 5 <= ONYM_PACK_LEN_MAX; i += 5) {
        memcpy(bytes + i, base + onym_rng_below(&rng, ONYM_PACK_LEN_MAX - 4), 4);
        bytes[i + 4] = (uint8_t)onym_rng_below(&rng, 256);
    }
    bytes[ONYM_PACK_LEN_MAX - 1] = 0;
    (void)there_and_back(onym_span_of(base, ONYM_PACK_LEN_MAX),
                         onym_span_of(bytes, ONYM_PACK_LEN_MAX));
    free(bytes);
    free(base);
}

static void
an_entry_keeps_its_front(void **state)
{
    uint8_t before[300] = {0};
    uint8_t entry[300] = {0};
    uint8_t packed[300];
    uint8_t out[300];
    onym_span base = onym_span_of(before, sizeof before);
    onym_span plain = onym_span_of(entry, sizeof entry);
    size_t len;

    (void)state;
    memset(before, 'x', sizeof before);
    memcpy(entry, before, sizeof entry);
    entry[0] = 1;
    entry[1] = 2;
    entry[2] = 1; /* the last of its group */
    entry[200] = 'y';
    before[0] = 1;
    assert_int_equal(onym_entry_pack(base, 63, plain, packed, &len), ONYM_OK);
    assert_true(len < 40);
    assert_true(onym_entry_is_last(onym_span_of(packed, len)));
    assert_int_equal(onym_entry_base(onym_span_of(packed, len)), 63);
    assert_int_equal(onym_entry_base(plain), 0);
    assert_int_equal(onym_entry_unpacked_len(onym_span_of(packed, len)), sizeof entry);
    assert_int_equal(onym_entry_unpacked_len(plain), 0);
    assert_int_equal(onym_entry_unpack(base, onym_span_of(packed, len), out), ONYM_OK);
    assert_memory_equal(out, entry, sizeof entry);
    assert_int_equal(onym_entry_unpack(onym_span_front(base, 100), onym_span_of(packed, len), out),
                     ONYM_CORRUPT);
    assert_int_equal(onym_entry_unpack(onym_span_of(before, 0), onym_span_of(packed, len), out),
                     ONYM_CORRUPT);
    before[0] = 2; /* packed itself */
    assert_int_equal(onym_entry_unpack(base, onym_span_of(packed, len), out), ONYM_CORRUPT);
    assert_int_equal(onym_entry_pack(base, 64, plain, packed, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_entry_pack(base, 0, plain, packed, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_entry_pack(onym_span_of(NULL, 0), 1, plain, packed, &len), ONYM_NO_SPACE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_is_short),
        cmocka_unit_test(unlike_bytes_end_where_they_end),
        cmocka_unit_test(what_comes_out_is_what_went_in),
        cmocka_unit_test(all_machines_pack_alike),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(damage_stays_inside),
        cmocka_unit_test(the_worst_takes_no_longer),
        cmocka_unit_test(an_entry_keeps_its_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
