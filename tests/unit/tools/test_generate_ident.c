#include "tools/generate_ident.h"

#include "onym/model/ident.h"
#include "tools/generate_record.h"
#include "tools/generate_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* docs/domain.md, "Examples of the strict grammar", in its order */
static const char *const golden[ONYM_SAMPLES] = {
    "88.9420.101/CV.V.L0SCV26B5S1000001",
    "88.9420.101/CV.V.L0SCV26B7S1000002",
    "88.9420.102/CV.T.2800.DFL4251-FRAME-7",
    "88.9420.101/CV.A.5000.5000012-C4300.260311.A00187-J",
    "88.9420.103/PV.V.L0SPV11A2S2000137",
    "88.9420.104/PV.A.9100.BP-LFP-77K.260214.000451-O",
    "88.9420.104/PV.B.9101.CELL-280AH.260130.LOT0093-A",
    "88.9420.105/SV.V.L0SSV33D3S3000042",
    "88.9420.105/SV.A.8600.HYD-CYL-5S.260305.000033-U",
    "88.9420.105/SV.T.8500.BOX-20M3-4",
    "88.9420.106/EN.A.1000.DDI13-E520.260311.J00012-L",
    "88.9420.106/EN.P.1002.1002011-E1300.260309.000871-6",
    "88.9420.106/EN.P.1003.1003012-E1300.260309.000872-K",
    "88.9420.106/EN.P.1005.1005021-E1300.260308.001204-V",
    "88.9420.106/EN.B.1004.1004045-E1300.260307.LOT0412-8",
    "88.9420.107/EN.B.1006.1006010-L15.260306.LOT0077-W",
    "88.9420.107/EN.P.1112.1112010-L15.260306.00B7F2-Y",
    "88.9420.108/TR.A.1700.14TA220.260310.000654-0",
    "88.9420.108/TR.A.2400.2400010-R13T.260310.000655-L",
    "88.9420.109/TR.P.2402.2402036-HD469.260302.A1B2C3-N",
    "88.9420.109/TR.B.1601.CLUTCH-430.260301.LOT0555-7",
    "88.9420.110/CH.P.2902.2902012-K2000.260309.000311-7",
    "88.9420.110/CH.A.3501.3501010-DISC22.260309.000312-L",
    "88.9420.111/CH.A.3401.3401010-RCB.260308.H00045-P",
    "88.9420.111/CH.T.3506.AIRLINE-NYLON12-3",
    "88.9420.112/BD.P.6101.6101100-D760L.260311.000888-6",
    "88.9420.112/BD.A.5000.5000010-D760.260311.000889-J",
    "88.9420.113/BD.A.6800.6800010-SEAT-AIR.260310.000120-P",
    "88.9420.113/BD.B.5700.HEADLINER-PU.260310.LOT0031-2",
    "88.9420.114/EQ.E.CNC.HMC-800.0001942-B",
    "88.9420.115/EQ.E.IHT.GCK-10250.000317-G",
    "88.9420.114/EQ.R.CAL.260228.00081-0",
    "88.9420.106/EN.R.TST.260311.J00012-5",
    "88.9420.114/EQ.T.0000.HMC-800-H",
};

static void
check_character_matches_the_vector(void **state)
{
    (void)state;
    assert_int_equal(onym_check_character(onym_span_text("A12425GABC1234002")), 'M');
    assert_int_equal(onym_check_character(onym_span_text("a12425gabc1234002")), 'M');
    assert_int_equal(onym_check_character(onym_span_text("A1.24-25.GABC-1234002.")), 'M');
}

static void
check_character_refuses_other_characters(void **state)
{
    (void)state;
    assert_int_equal(onym_check_character(onym_span_text("")), 0);
    assert_int_equal(onym_check_character(onym_span_text(".-")), 0);
    assert_int_equal(onym_check_character(onym_span_text("A/B")), 0);
    assert_int_equal(onym_check_character(onym_span_text("A B")), 0);
    assert_int_equal(onym_check_character(onym_span_text("A曲")), 0);
}

/* What the standard promises: no single wrong character and no swap of neighbours goes unnoticed.
 */
static void
check_character_notices_single_errors_and_swaps(void **state)
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char text[] = "ENP10051005021E1300260308001204";
    size_t len = sizeof text - 1;
    char right = onym_check_character(onym_span_of(text, len));

    (void)state;
    assert_int_equal(right, 'V');
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];

        for (const char *c = characters; *c != '\0'; c++) {
            text[i] = *c;
            assert_int_equal(onym_check_character(onym_span_of(text, len)) == right, *c == kept);
        }
        text[i] = kept;
        if (i + 1 < len && text[i] != text[i + 1]) {
            text[i] = text[i + 1];
            text[i + 1] = kept;
            assert_int_not_equal(onym_check_character(onym_span_of(text, len)), right);
            text[i + 1] = text[i];
            text[i] = kept;
        }
    }
}

static void
check_characters_of_the_examples_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < ONYM_SAMPLES; i++) {
        const char *suffix = strchr(golden[i], '/') + 1;
        size_t len = strlen(suffix);

        if (strstr(suffix, ".V.") != NULL) {
            assert_true(onym_vin_valid(onym_span_text(suffix + 5)));
            continue;
        }
        assert_int_equal(suffix[len - 2], '-');
        assert_int_equal(onym_check_character(onym_span_of(suffix, len - 2)), suffix[len - 1]);
    }
}

static void
check_character_tells_the_refused_examples(void **state)
{
    (void)state;
    /* wrong check character */
    assert_int_not_equal(
        onym_check_character(onym_span_text("EN.P.1005.1005021-E1300.260308.001204")), 'W');
    /* no such day, although the check character is right */
    assert_int_equal(onym_check_character(onym_span_text("EN.P.1005.1005021-E1300.260231.001204")),
                     '7');
}

static void
vin_check_digit_matches_the_vectors(void **state)
{
    (void)state;
    assert_true(onym_vin_valid(onym_span_text("1M8GDM9AXKP042788")));
    assert_int_equal(onym_vin_check_digit(onym_span_text("1M8GDM9A0KP042788")), 'X');
    assert_true(onym_vin_valid(onym_span_text("11111111111111111")));
    assert_int_equal(onym_vin_check_digit(onym_span_text("L0SCV26B0S1000001")), '5');
}

static void
vin_refuses_what_is_no_vin(void **state)
{
    static const char *const wrong[] = {
        "L0SCV26B0S1000001",  /* digit 9 */
        "L0SCV26BOS100000I",  /* O and I */
        "1M8GDM9AXKQ042788",  /* Q */
        "1m8gdm9axkp042788",  /* small letters */
        "1M8GDM9AXKP04278",   /* 16 */
        "1M8GDM9AXKP0427888", /* 18 */
        "1M8GDM9A-KP042788",  "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(onym_vin_valid(onym_span_text(wrong[i])));
    }
    assert_int_equal(onym_vin_check_digit(onym_span_text("1M8GDM9AXKP04278")), 0);
    assert_int_equal(onym_vin_check_digit(onym_span_text("1M8GDM9AXKP0427888")), 0);
}

static void
sample_identifiers_are_the_examples(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ONYM_SAMPLES; i++) {
        struct onym_generate_item item;
        uint8_t bytes[ONYM_GENERATE_NAME_MAX + 1];
        struct onym_writer w = onym_writer_over(bytes, ONYM_GENERATE_NAME_MAX);

        onym_generate_sample(i + 1, &item);
        onym_generate_name(&item, &w);
        assert_int_equal(w.status, ONYM_OK);
        bytes[w.len] = '\0';
        assert_string_equal((const char *)bytes, golden[i]);
        assert_int_equal(onym_ident_check(onym_writer_written(&w), NULL), ONYM_OK);
    }
}

static void
compose_sticks_when_there_is_no_room(void **state)
{
    struct onym_generate_item item;
    struct onym_ident_parts parts;
    uint8_t bytes[64];

    (void)state;
    onym_generate_sample(14, &item);
    parts = onym_generate_parts(&item);
    for (size_t cap = 0; cap <= strlen(golden[13]); cap++) {
        struct onym_writer w = onym_writer_over(bytes, cap);

        onym_ident_compose(&w, &parts);
        assert_int_equal(w.status, cap == strlen(golden[13]) ? ONYM_OK : ONYM_NO_SPACE);
    }
}

static void
compose_pads_numbers(void **state)
{
    static const struct {
        uint64_t number;
        unsigned digits;
        const char *text;
    } rows[] = {
        {0, 1, "0"},
        {0, 0, ""},
        {7, 3, "007"},
        {1234, 3, "1234"},
        {10, 2, "10"},
        {UINT64_MAX, 1, "18446744073709551615"},
        {1, 20, "00000000000000000001"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[24];
        struct onym_writer w = onym_writer_over(bytes, sizeof bytes);

        onym_compose_padded(&w, rows[i].number, rows[i].digits);
        assert_int_equal(w.len, strlen(rows[i].text));
        assert_memory_equal(bytes, rows[i].text, w.len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_character_matches_the_vector),
        cmocka_unit_test(check_character_refuses_other_characters),
        cmocka_unit_test(check_character_notices_single_errors_and_swaps),
        cmocka_unit_test(check_characters_of_the_examples_are_right),
        cmocka_unit_test(check_character_tells_the_refused_examples),
        cmocka_unit_test(vin_check_digit_matches_the_vectors),
        cmocka_unit_test(vin_refuses_what_is_no_vin),
        cmocka_unit_test(sample_identifiers_are_the_examples),
        cmocka_unit_test(compose_sticks_when_there_is_no_room),
        cmocka_unit_test(compose_pads_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
