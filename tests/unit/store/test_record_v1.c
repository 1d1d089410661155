#include "store/record_v1.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char key_text[] = "h88.9420.106/EN.P.1";

static onym_span
key(void)
{
    return onym_span_text(key_text);
}

/* A record with an owner, public and private values; bytes hold the values. */
static struct onym_record
sample(uint8_t open_bytes[256], uint8_t secret_bytes[256])
{
    struct onym_record r = {.name = onym_span_text("88.9420.106/en.p.1"),
                            .owner = onym_span_text("factory-7"),
                            .state = ONYM_STATE_ACTIVE,
                            .revision = 0x123456789ABC,
                            .created_ms = 1767225600123,
                            .modified_ms = 1767225600456};

    temp_value_add(&r.public_values, open_bytes, 256, 1, "URL", "https://example.cn/1",
                   ONYM_PERM_DEFAULT);
    temp_value_add(&r.public_values, open_bytes, 256, 2, "DESC", "\xE6\x9B\xB2\xE8\xBD\xB4",
                   ONYM_PERM_DEFAULT);
    temp_value_add(&r.private_values, secret_bytes, 256, 3, "KEY", "hidden", ONYM_PERM_ADMIN_READ);
    return r;
}

static void
assert_same(const struct onym_record *a, const struct onym_record *b)
{
    assert_true(onym_span_equal(a->name, b->name));
    assert_true(onym_span_equal(a->owner, b->owner));
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->modified_ms, b->modified_ms);
    assert_int_equal(a->public_values.count, b->public_values.count);
    assert_int_equal(a->private_values.count, b->private_values.count);
    assert_true(onym_span_equal(a->public_values.raw, b->public_values.raw));
    assert_true(onym_span_equal(a->private_values.raw, b->private_values.raw));
}

static void
record_comes_back_as_it_went_in(void **state)
{
    uint8_t open_bytes[256];
    uint8_t secret_bytes[256];
    uint8_t stored[1024];
    struct onym_record in = sample(open_bytes, secret_bytes);
    struct onym_record out = {0};
    struct onym_record none = {.name = onym_span_text("a/b")};
    size_t len = 0;

    (void)state;
    assert_int_equal(onym_record_v1_encode(key(), &in, stored, sizeof stored, &len), ONYM_OK);
    assert_int_equal(len, onym_record_v1_len(&in));
    assert_int_equal(onym_record_v1_decode(key(), onym_span_of(stored, len), &out), ONYM_OK);
    assert_same(&in, &out);
    assert_int_equal(onym_record_v1_encode(key(), &none, stored, sizeof stored, &len), ONYM_OK);
    assert_int_equal(len, ONYM_RECORD_HEADER_LEN + 3);
    assert_int_equal(onym_record_v1_decode(key(), onym_span_of(stored, len), &out), ONYM_OK);
    assert_same(&none, &out);
}

static void
every_flipped_bit_is_noticed(void **state)
{
    uint8_t open_bytes[256];
    uint8_t secret_bytes[256];
    uint8_t stored[1024];
    char other_key[sizeof key_text];
    struct onym_record in = sample(open_bytes, secret_bytes);
    struct onym_record out;
    size_t len = 0;

    (void)state;
    assert_int_equal(onym_record_v1_encode(key(), &in, stored, sizeof stored, &len), ONYM_OK);
    for (size_t bit = 0; bit < len * 8; bit++) {
        stored[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(onym_record_v1_decode(key(), onym_span_of(stored, len), &out),
                         ONYM_CORRUPT);
        stored[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t bit = 0; bit < (sizeof key_text - 1) * 8; bit++) {
        memcpy(other_key, key_text, sizeof key_text);
        other_key[bit / 8] = (char)(other_key[bit / 8] ^ (1 << (bit % 8)));
        assert_int_equal(onym_record_v1_decode(onym_span_of(other_key, sizeof key_text - 1),
                                               onym_span_of(stored, len), &out),
                         ONYM_CORRUPT);
    }
    assert_int_equal(onym_record_v1_decode(key(), onym_span_of(stored, len), &out), ONYM_OK);
}

static void
every_other_length_is_noticed(void **state)
{
    uint8_t open_bytes[256];
    uint8_t secret_bytes[256];
    uint8_t stored[1024] = {0};
    struct onym_record in = sample(open_bytes, secret_bytes);
    struct onym_record out;
    size_t len = 0;

    (void)state;
    assert_int_equal(onym_record_v1_encode(key(), &in, stored, sizeof stored, &len), ONYM_OK);
    for (size_t cut = 0; cut <= len + 8; cut++) {
        /* in memory of its own, so that a read behind it is seen by the sanitizer */
        uint8_t *copy = malloc(cut > 0 ? cut : 1);

        memcpy(copy, stored, cut);
        assert_int_equal(onym_record_v1_decode(key(), onym_span_of(copy, cut), &out),
                         cut == len ? ONYM_OK : ONYM_CORRUPT);
        free(copy);
    }
}

static void
limits_hold_at_and_one_past(void **state)
{
    static uint8_t big[ONYM_VALUES_LEN_MAX + ONYM_PREFIX_NAME_LEN_MAX + 512];
    struct onym_record r = {.name = onym_span_text("a/b")};
    size_t len;
    const struct {
        size_t *field;
        size_t most;
    } spans[] = {{&r.name.len, ONYM_PREFIX_NAME_LEN_MAX},
                 {&r.owner.len, ONYM_OWNER_LEN_MAX},
                 {&r.public_values.raw.len, ONYM_VALUES_LEN_MAX},
                 {&r.private_values.raw.len, ONYM_VALUES_LEN_MAX}};
    uint64_t *const numbers[] = {&r.revision, &r.created_ms, &r.modified_ms};
    uint8_t *source = calloc(1, ONYM_VALUES_LEN_MAX + 1);

    (void)state;
    r.name.at = r.owner.at = r.public_values.raw.at = r.private_values.raw.at = source;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        size_t before = *spans[i].field;

        *spans[i].field = spans[i].most;
        assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_OK);
        *spans[i].field = spans[i].most + 1;
        assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_INVALID);
        *spans[i].field = before;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = ((uint64_t)1 << 48) - 1;
        assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_OK);
        *numbers[i] = (uint64_t)1 << 48;
        assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_INVALID);
        *numbers[i] = 0;
    }
    r.public_values.count = ONYM_VALUES_MAX - 1;
    r.private_values.count = 1;
    assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_OK);
    r.private_values.count = 2;
    assert_int_equal(onym_record_v1_encode(key(), &r, big, sizeof big, &len), ONYM_INVALID);
    r.private_values.count = 0;
    assert_int_equal(onym_record_v1_encode(key(), &r, big, onym_record_v1_len(&r) - 1, &len),
                     ONYM_NO_SPACE);
    free(source);
}

static void
long_names_become_keys_of_their_own(void **state)
{
    static const struct {
        size_t name_len, key_len;
    } cases[] = {{0, 1}, {1, 2}, {509, 510}, {510, 511}, {511, 511}, {512, 511}, {2053, 511}};
    uint8_t name[2053];
    uint8_t first[ONYM_KEY_LEN_MAX];
    uint8_t second[ONYM_KEY_LEN_MAX];
    struct onym_digester *digester;

    (void)state;
    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    memset(name, 'X', sizeof name);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = cases[i].name_len;
        onym_span a = onym_record_key(ONYM_KIND_HANDLE, onym_span_of(name, len), digester, first);

        assert_int_equal(a.len, cases[i].key_len);
        assert_int_equal(a.at[0], 'h');
        assert_memory_equal(a.at + 1, name, a.len < 479 ? a.len - 1 : 478);
        if (len > 0) {
            name[len - 1] = 'Y';
            onym_span b = onym_record_key(ONYM_KIND_HANDLE, onym_span_of(name, len), digester,
                                          second);
            assert_int_equal(b.len, a.len);
            assert_false(onym_span_equal(a, b));
            name[len - 1] = 'X';
        }
    }
    /* a name that is written like the key of a longer one gets another key */
    onym_span of_long = onym_record_key(ONYM_KIND_HANDLE, onym_span_of(name, 600), digester, first);
    onym_span like_it = onym_record_key(
        ONYM_KIND_HANDLE, onym_span_of(of_long.at + 1, of_long.len - 1), digester, second);

    assert_false(onym_span_equal(of_long, like_it));
    onym_digester_free(digester);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_comes_back_as_it_went_in),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_other_length_is_noticed),
        cmocka_unit_test(limits_hold_at_and_one_past),
        cmocka_unit_test(long_names_become_keys_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
