/* HS_ADMIN and HS_VLIST: byte form, the two old zero bytes, limits. */
#include "onym/model/hs_admin.h"

#include "base/bytes.h"
#include "onym/model/hs_vlist.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static const uint8_t admin_bytes[] = {0x0F, 0xF2, 0, 0, 0, 1, 'h', 0, 0, 1, 0x2C, 0, 0, 0};

static void
admin_has_every_field_at_its_place(void **state)
{
    struct onym_hs_admin admin;
    uint8_t out[16];
    size_t len;

    (void)state;
    assert_int_equal(onym_hs_admin_decode(onym_span_of(admin_bytes, 11), &admin), ONYM_OK);
    assert_int_equal(admin.permissions, 0x0FF2);
    assert_true((admin.permissions & ONYM_ADMIN_DELETE_HANDLE) != 0);
    assert_true((admin.permissions & ONYM_ADMIN_ADD_HANDLE) == 0);
    assert_true(onym_span_equal(admin.handle, onym_span_text("h")));
    assert_int_equal(admin.index, 300);
    assert_false(admin.legacy_tail);
    assert_int_equal(onym_hs_admin_encode(&admin, out, 11, &len), ONYM_OK);
    assert_int_equal(len, 11);
    assert_memory_equal(out, admin_bytes, 11);
    assert_int_equal(onym_hs_admin_encode(&admin, out, 10, &len), ONYM_NO_SPACE);
}

static void
admin_accepts_exactly_two_zero_bytes_behind_and_does_not_write_them(void **state)
{
    struct onym_hs_admin admin = {0};
    uint8_t out[16];
    size_t len;
    uint8_t other[13];

    (void)state;
    assert_int_equal(onym_hs_admin_decode(onym_span_of(admin_bytes, 13), &admin), ONYM_OK);
    assert_true(admin.legacy_tail);
    assert_int_equal(onym_hs_admin_encode(&admin, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(len, 11);
    assert_int_equal(onym_hs_admin_decode(onym_span_of(admin_bytes, 12), &admin), ONYM_MALFORMED);
    assert_int_equal(onym_hs_admin_decode(onym_span_of(admin_bytes, 14), &admin), ONYM_MALFORMED);
    memcpy(other, admin_bytes, sizeof other);
    other[12] = 1;
    assert_int_equal(onym_hs_admin_decode(onym_span_of(other, 13), &admin), ONYM_MALFORMED);
}

static void
admin_takes_the_longest_handle_and_refuses_one_byte_more(void **state)
{
    static uint8_t data[2 + 4 + ONYM_NAME_LEN_MAX + 1 + 4];
    struct onym_hs_admin admin;

    (void)state;
    onym_put_u32(data + 2, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_hs_admin_decode(onym_span_of(data, sizeof data - 1), &admin), ONYM_OK);
    assert_int_equal(admin.handle.len, ONYM_NAME_LEN_MAX);
    onym_put_u32(data + 2, ONYM_NAME_LEN_MAX + 1);
    assert_int_equal(onym_hs_admin_decode(onym_span_of(data, sizeof data), &admin), ONYM_MALFORMED);
}

static void
vlist_walks_its_members_and_allows_nothing_behind(void **state)
{
    static const uint8_t data[] = {0, 0, 0, 2, 0, 0, 0, 1, 'a', 0, 0,
                                   0, 5, 0, 0, 0, 0, 0, 0, 0,   6, 0};
    struct onym_reference_list list;
    struct onym_reference ref;
    uint8_t out[32];
    size_t len;

    (void)state;
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, 21), &list), ONYM_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(onym_hs_vlist_encode(&list, out, 21, &len), ONYM_OK);
    assert_memory_equal(out, data, 21);
    assert_int_equal(onym_hs_vlist_encode(&list, out, 20, &len), ONYM_NO_SPACE);
    assert_true(onym_reference_next(&list.raw, &ref));
    assert_int_equal(ref.index, 5);
    assert_true(onym_reference_next(&list.raw, &ref));
    assert_int_equal(ref.index, 6);
    assert_int_equal(ref.handle.len, 0);
    assert_false(onym_reference_next(&list.raw, &ref));
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, 22), &list), ONYM_MALFORMED);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, 20), &list), ONYM_MALFORMED);
}

static void
vlist_takes_the_greatest_count_and_refuses_one_more(void **state)
{
    size_t len = 4 + 8 * ((size_t)ONYM_COUNT_MAX + 1);
    uint8_t *data = calloc(1, len);
    struct onym_reference_list list;

    (void)state;
    assert_non_null(data);
    onym_put_u32(data, ONYM_COUNT_MAX);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, len - 8), &list), ONYM_OK);
    onym_put_u32(data, ONYM_COUNT_MAX + 1);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, len), &list), ONYM_MALFORMED);
    onym_put_u32(data, UINT32_MAX);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, len), &list), ONYM_MALFORMED);
    free(data);
}

static void
vlist_takes_the_longest_handle_and_refuses_one_byte_more(void **state)
{
    static uint8_t data[4 + 4 + ONYM_NAME_LEN_MAX + 1 + 4] = {0, 0, 0, 1};
    struct onym_reference_list list;

    (void)state;
    onym_put_u32(data + 4, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, sizeof data - 1), &list), ONYM_OK);
    onym_put_u32(data + 4, ONYM_NAME_LEN_MAX + 1);
    assert_int_equal(onym_hs_vlist_decode(onym_span_of(data, sizeof data), &list), ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admin_has_every_field_at_its_place),
        cmocka_unit_test(admin_accepts_exactly_two_zero_bytes_behind_and_does_not_write_them),
        cmocka_unit_test(admin_takes_the_longest_handle_and_refuses_one_byte_more),
        cmocka_unit_test(vlist_walks_its_members_and_allows_nothing_behind),
        cmocka_unit_test(vlist_takes_the_greatest_count_and_refuses_one_more),
        cmocka_unit_test(vlist_takes_the_longest_handle_and_refuses_one_byte_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
