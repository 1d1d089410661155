/* HS_ADMIN as text: what is read, what is refused, and room to the byte. */
#include "tools/admin_text.h"

#include "onym/model/hs_admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h needs setjmp.h, stdarg.h and size_t */
#include <cmocka.h>

static void
an_administrator_is_read(void **state)
{
    uint8_t room[64];
    onym_span data;
    struct onym_hs_admin admin;

    (void)state;
    assert_null(onym_admin_text_read(onym_span_text("300:100000000001:0.NA/88:1"), room,
                                     sizeof room, &data));
    assert_int_equal(onym_hs_admin_decode(data, &admin), ONYM_OK);
    assert_int_equal(admin.index, 300);
    assert_int_equal(admin.permissions, 0x801);
    assert_true(onym_span_equal(admin.handle, onym_span_text("0.NA/88:1")));
    assert_null(onym_admin_text_read(onym_span_text("2147483647:000000000000:a"), room, sizeof room,
                                     &data));
}

static void
what_is_no_administrator_is_refused_with_an_example(void **state)
{
    static const char *const wrong[] = {
        "",
        "300",
        "300:",
        ":111111111111:a",
        "x:111111111111:a",
        "2147483648:111111111111:a",
        "99999999999999999999:111111111111:a",
        "300:11111111111:a",
        "300:1111111111111:a",
        "300:11111111111x:a",
        "300:111111111111",
        "300:111111111111:",
    };
    uint8_t room[64];
    onym_span data;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *why = onym_admin_text_read(onym_span_text(wrong[i]), room, sizeof room, &data);

        assert_non_null(why);
        assert_non_null(strstr(why, "300:111111111111:0.NA/88.300.15907"));
    }
}

static void
room_is_used_to_the_last_byte(void **state)
{
    onym_span text = onym_span_text("300:111111111111:abc");
    uint8_t room[13]; /* 2 + 4 + 3 + 4 */
    onym_span data;

    (void)state;
    assert_null(onym_admin_text_read(text, room, sizeof room, &data));
    assert_int_equal(data.len, sizeof room);
    assert_string_equal(onym_admin_text_read(text, room, sizeof room - 1, &data),
                        "the administrators' handles are too long");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_administrator_is_read),
        cmocka_unit_test(what_is_no_administrator_is_refused_with_an_example),
        cmocka_unit_test(room_is_used_to_the_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
