#include "tools/generate_record.h"

#include "onym/model/ident.h"
#include "onym/model/value.h"
#include "tools/generate_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

/* One parsed row with what the tests ask of it. */
struct row {
    json_t *json;
    const char *handle;
    json_t *values;
};

static struct row
parse(onym_span line)
{
    struct row row;
    json_error_t error;

    assert_true(line.len > 0 && line.at[line.len - 1] == '\n');
    assert_null(memchr(line.at, '\n', line.len - 1));
    row.json = json_loadb((const char *)line.at, line.len, JSON_REJECT_DUPLICATES, &error);
    if (row.json == NULL) {
        fail_msg("%s at byte %d of %.*s", error.text, error.position, (int)line.len,
                 (const char *)line.at);
    }
    row.handle = json_string_value(json_object_get(row.json, "handle"));
    row.values = json_object_get(row.json, "values");
    assert_non_null(row.handle);
    assert_true(json_is_array(row.values));
    assert_int_equal(onym_ident_check(onym_span_text(row.handle), NULL), ONYM_OK);
    return row;
}

static struct row
row_of(const struct onym_generate_plan *plan, const struct onym_generate_item *item)
{
    static const size_t cap = ONYM_GENERATE_ROW_MAX;
    uint8_t name[ONYM_GENERATE_NAME_MAX];
    uint8_t *line = malloc(cap);
    struct onym_writer n = onym_writer_over(name, sizeof name);
    struct onym_writer w = onym_writer_over(line, cap);
    struct row row;

    assert_non_null(line);
    onym_generate_name(item, &n);
    onym_generate_record(plan, item, onym_writer_written(&n), &w);
    assert_int_equal(n.status, ONYM_OK);
    assert_int_equal(w.status, ONYM_OK);
    row = parse(onym_writer_written(&w));
    assert_int_equal(strlen(row.handle), n.len);
    assert_memory_equal(row.handle, name, n.len);
    free(line);
    return row;
}

static const char *
text_of(json_t *value)
{
    json_t *data = json_object_get(value, "data");

    assert_string_equal(json_string_value(json_object_get(data, "format")), "string");
    return json_string_value(json_object_get(data, "value"));
}

static bool
is_public(json_t *value)
{
    const char *permissions = json_string_value(json_object_get(value, "permissions"));

    assert_true(permissions == NULL || strcmp(permissions, "1100") == 0);
    return permissions == NULL;
}

/* The text of the value with an index; NULL when the record has none. */
static const char *
value_at(const struct row *row, int index)
{
    size_t i;
    json_t *value;

    json_array_foreach(row->values, i, value)
    {
        if (json_integer_value(json_object_get(value, "index")) == index) {
            return text_of(value);
        }
    }
    return NULL;
}

/* Bytes of the answer to an anonymous resolution: envelope 20, header 24, counted name, list of
 * public values, length of no credential. */
static size_t
answer_len(const struct row *row)
{
    size_t len = 20 + 24 + 4 + strlen(row->handle) + 4 + 4;
    size_t i;
    json_t *json;

    json_array_foreach(row->values, i, json)
    {
        struct onym_value value = {
            .type = onym_span_text(json_string_value(json_object_get(json, "type"))),
            .data = onym_span_text(text_of(json))};

        len += is_public(json) ? onym_value_len(&value) : 0;
    }
    return len;
}

static struct onym_generate_plan
plan_of(uint64_t records, unsigned attributes, bool shuffle)
{
    struct onym_generate_plan plan;

    onym_generate_plan_init(&plan, &(struct onym_generate_options){.records = records,
                                                                   .seed = ONYM_GENERATE_SEED,
                                                                   .attributes = attributes,
                                                                   .shuffle = shuffle});
    return plan;
}

/* Values of a row are named, in ascending order of their indexes, and none is empty. */
static void
assert_well_formed(const struct row *row)
{
    json_int_t last = 0;
    size_t i;
    json_t *value;

    json_array_foreach(row->values, i, value)
    {
        json_int_t index = json_integer_value(json_object_get(value, "index"));
        json_int_t ttl = json_integer_value(json_object_get(value, "ttl"));
        const char *type = json_string_value(json_object_get(value, "type"));

        assert_true(index > last);
        last = index;
        assert_true(type != NULL && *type != '\0');
        assert_true(*text_of(value) != '\0');
        assert_int_equal(ttl, strcmp(type, "recallStatus") == 0 ? 300 : 86400);
        (void)is_public(value);
    }
}

/* Third part from the end is the date where the kind shows one. */
static void
assert_date_agrees(const struct row *row, const struct onym_generate_item *item)
{
    const char *text = value_at(row, 2006);
    enum onym_part_kind kind = item->product->kind;
    char shown[8];

    assert_non_null(text);
    assert_int_equal(strlen(text), 10);
    if (kind == ONYM_PART_VEHICLE) { /* model year letter */
        assert_int_equal(strncmp(text, "2025", 4), 0);
        assert_int_equal(strchr(row->handle, '/')[1 + 5 + 9], 'S');
        return;
    }
    if (kind == ONYM_PART_TYPE || kind == ONYM_PART_EQUIPMENT) {
        return;
    }
    (void)snprintf(shown, sizeof shown, ".%.2s%.2s%.2s", text + 2, text + 5, text + 8);
    assert_non_null(strstr(row->handle, shown));
}

static void
assert_identifier_checks(const struct row *row)
{
    const char *suffix = strchr(row->handle, '/') + 1;
    size_t len = strlen(suffix);

    if (suffix[3] == 'V') {
        assert_true(onym_vin_valid(onym_span_text(suffix + 5)));
        return;
    }
    assert_int_equal(suffix[len - 2], '-');
    assert_int_equal(onym_check_character(onym_span_of(suffix, len - 2)), suffix[len - 1]);
}

static void
records_are_well_formed_in_every_mode(void **state)
{
    static const unsigned modes[] = {0, 6, 12, 24};

    (void)state;
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        struct onym_generate_plan plan = plan_of(3000, modes[m], false);

        for (uint64_t n = 0; n < plan.options.records; n++) {
            struct onym_generate_item item;
            struct row row;

            onym_generate_nth(&plan, n, &item);
            row = row_of(&plan, &item);
            assert_well_formed(&row);
            assert_date_agrees(&row, &item);
            assert_identifier_checks(&row);
            json_decref(row.json);
        }
    }
}

/* The sizes an answer has are what load runs are made for: one, two and three UDP packets. */
static void
fixed_counts_give_answers_of_one_size(void **state)
{
    static const struct {
        unsigned attributes;
        size_t least, most, mean_least, mean_most;
    } rows[] = {
        {6, 340, 385, 350, 380},
        {12, 20 + 493, 20 + 984, 590, 635}, /* a packet holds 492 bytes of the message */
        {24, 20 + 985, 20 + 1476, 1130, 1200},
    };
    enum { RECORDS = 4000 };

    (void)state;
    for (size_t m = 0; m < sizeof rows / sizeof rows[0]; m++) {
        struct onym_generate_plan plan = plan_of(RECORDS, rows[m].attributes, false);
        size_t sum = 0;

        for (uint64_t n = 0; n < RECORDS; n++) {
            struct onym_generate_item item;
            struct row row;
            size_t len;
            size_t i;
            json_t *value;

            onym_generate_nth(&plan, n, &item);
            row = row_of(&plan, &item);
            len = answer_len(&row);
            assert_int_equal(json_array_size(row.values), rows[m].attributes);
            json_array_foreach(row.values, i, value)
            {
                assert_true(is_public(value));
            }
            assert_in_range(len, rows[m].least, rows[m].most);
            sum += len;
            json_decref(row.json);
        }
        assert_in_range(sum / RECORDS, rows[m].mean_least, rows[m].mean_most);
    }
}

static void
sample_obeys_the_access_classes(void **state)
{
    static const int public_common[] = {2000, 2001, 2002, 2004, 2006, 2007, 2008, 2014, 2016};
    struct onym_generate_plan plan = plan_of(0, 0, false);

    (void)state;
    for (unsigned number = 1; number <= ONYM_SAMPLES; number++) {
        struct onym_generate_item item;
        struct row row;
        size_t i;
        json_t *value;

        onym_generate_sample(number, &item);
        row = row_of(&plan, &item);
        assert_well_formed(&row);
        assert_date_agrees(&row, &item);
        json_array_foreach(row.values, i, value)
        {
            json_int_t index = json_integer_value(json_object_get(value, "index"));
            bool expected = false;

            for (size_t p = 0; p < sizeof public_common / sizeof public_common[0]; p++) {
                expected = expected || index == public_common[p];
            }
            if (index < 2020) {
                assert_int_equal(is_public(value), expected);
            }
        }
        json_decref(row.json);
    }
}

static void
sample_records_name_each_other(void **state)
{
    static const struct {
        unsigned sample;
        int index;
        const char *text;
    } rows[] = {
        {1, 2020, "L0SCV26B5S1000001"},
        {1, 2027, "88.9420.106/EN.A.1000.DDI13-E520.260311.J00012-L"},
        {1, 2028, "88.9420.108/TR.A.1700.14TA220.260310.000654-0"},
        {1, 2029, "88.9420.108/TR.A.2400.2400010-R13T.260310.000655-L"},
        {6, 2017, "88.9420.103/PV.V.L0SPV11A2S2000137"},
        {6, 2018, "88.9420.104/PV.B.9101.CELL-280AH.260130.LOT0093-A"},
        {8, 2022, "88.9420.101/CV.V.L0SCV26B7S1000002"},
        {8, 2023, "L0SCV26B7S1000002"},
        {11, 2017, "88.9420.101/CV.V.L0SCV26B5S1000001"},
        {11, 2018, "88.9420.106/EN.B.1004.1004045-E1300.260307.LOT0412-8"},
        {11, 2033, "88.9420.106/EN.R.TST.260311.J00012-5"},
        {14, 2001, "曲轴"},
        {14, 2002, "001204"},
        {14, 2004, "龙擎动力"},
        {14, 2006, "2026-03-08"},
        {14, 2015, "2029-03-08"},
        {14, 2017, "88.9420.106/EN.A.1000.DDI13-E520.260311.J00012-L"},
        {26, 2031, NULL}, /* no die in the sample: left out */
        {32, 2027, "2027-02-28"},
    };
    struct onym_generate_plan plan = plan_of(0, 0, false);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct onym_generate_item item;
        struct row row;
        const char *text;

        onym_generate_sample(rows[i].sample, &item);
        row = row_of(&plan, &item);
        text = value_at(&row, rows[i].index);
        if (rows[i].text == NULL) {
            assert_null(text);
        } else {
            assert_non_null(text);
            assert_string_equal(text, rows[i].text);
        }
        json_decref(row.json);
    }
}

static void
battery_code_has_24_characters(void **state)
{
    struct onym_generate_plan plan = plan_of(0, 0, false);

    (void)state;
    for (unsigned sample = 5; sample <= 7; sample++) { /* vehicle, pack, cells */
        struct onym_generate_item item;
        struct row row;

        onym_generate_sample(sample, &item);
        row = row_of(&plan, &item);
        assert_non_null(value_at(&row, 2024));
        assert_int_equal(strlen(value_at(&row, 2024)), 24);
        json_decref(row.json);
    }
}

static struct row
prefix_row(void (*write)(struct onym_writer *w, unsigned i), unsigned i)
{
    uint8_t line[ONYM_SAMPLE_ROW_MAX];
    struct onym_writer w = onym_writer_over(line, sizeof line);

    write(&w, i);
    assert_int_equal(w.status, ONYM_OK);
    return parse(onym_writer_written(&w));
}

static void
write_node(struct onym_writer *w, unsigned i)
{
    (void)i;
    onym_generate_node_prefix(w);
}

static void
write_company(struct onym_writer *w, unsigned i)
{
    onym_generate_prefix(w, (enum onym_chain)(i % ONYM_CHAINS), i / ONYM_CHAINS);
}

static json_t *
value_of_type(const struct row *row, const char *type)
{
    size_t i;
    json_t *value;

    json_array_foreach(row->values, i, value)
    {
        if (strcmp(json_string_value(json_object_get(value, "type")), type) == 0) {
            return json_object_get(json_object_get(value, "data"), "value");
        }
    }
    fail_msg("%s has no %s", row->handle, type);
    return NULL;
}

/* Old clients take the first interface for everything: it must be TCP with both roles. */
static void
assert_site(json_t *site, const char *address)
{
    json_t *server = json_array_get(json_object_get(site, "servers"), 0);
    json_t *interfaces = json_object_get(server, "interfaces");
    json_t *tcp = json_array_get(interfaces, 0);
    json_t *udp = json_array_get(interfaces, 1);

    assert_string_equal(json_string_value(json_object_get(site, "protocolVersion")), "2.11");
    assert_string_equal(json_string_value(json_object_get(server, "address")), address);
    assert_int_equal(json_array_size(interfaces), 2);
    assert_string_equal(json_string_value(json_object_get(tcp, "protocol")), "TCP");
    assert_true(json_is_true(json_object_get(tcp, "query")));
    assert_true(json_is_true(json_object_get(tcp, "admin")));
    assert_string_equal(json_string_value(json_object_get(udp, "protocol")), "UDP");
    assert_true(json_is_true(json_object_get(udp, "query")));
    assert_true(json_is_false(json_object_get(udp, "admin")));
    assert_int_equal(json_integer_value(json_object_get(tcp, "port")), 2641);
    assert_int_equal(json_integer_value(json_object_get(udp, "port")), 2641);
}

static void
assert_prefix(struct row row, const char *handle, const char *address, bool homed)
{
    json_t *admin = value_of_type(&row, "HS_ADMIN");

    assert_string_equal(row.handle, handle);
    assert_int_equal(json_is_false(json_object_get(row.json, "homed")), !homed);
    assert_site(value_of_type(&row, "HS_SITE"), address);
    assert_string_equal(json_string_value(json_object_get(admin, "handle")), handle);
    assert_int_equal(json_integer_value(json_object_get(admin, "index")), 300);
    assert_string_equal(json_string_value(json_object_get(admin, "permissions")), "111111111111");
    assert_non_null(strstr(json_string_value(value_of_type(&row, "EMAIL")), "@example.cn"));
    json_decref(row.json);
}

static void
prefix_records_carry_site_and_administrator(void **state)
{
    (void)state;
    assert_prefix(prefix_row(write_node, 0), "0.NA/88.9420", "127.0.0.1", true);
    assert_prefix(prefix_row(write_company, 0), "0.NA/88.9420.101", "127.0.0.1", true);
    assert_prefix(prefix_row(write_company, 7 + 8), "0.NA/88.9420.115", "127.0.0.1", true);
    assert_prefix(prefix_row(write_company, 2 + 8), "0.NA/88.9420.202", "127.0.0.1", true);
    assert_prefix(prefix_row(onym_generate_self_built, 0), "0.NA/88.9420.130", "192.0.2.130",
                  false);
    assert_prefix(prefix_row(onym_generate_self_built, 1), "0.NA/88.9420.131", "2001:db8::131",
                  false);
}

static void
free_names_are_rows_too(void **state)
{
    bool beyond_ascii = false;

    (void)state;
    for (unsigned i = 0; i < ONYM_SAMPLE_FREE; i++) {
        struct row row = prefix_row(onym_generate_free_record, i);

        assert_string_equal(row.handle, (const char *)onym_generate_free_name(i).at);
        beyond_ascii = beyond_ascii || strcmp(row.handle, "88.9420.101/曲轴/2026/03") == 0;
        json_decref(row.json);
    }
    assert_true(beyond_ascii);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_well_formed_in_every_mode),
        cmocka_unit_test(fixed_counts_give_answers_of_one_size),
        cmocka_unit_test(sample_obeys_the_access_classes),
        cmocka_unit_test(sample_records_name_each_other),
        cmocka_unit_test(battery_code_has_24_characters),
        cmocka_unit_test(prefix_records_carry_site_and_administrator),
        cmocka_unit_test(free_names_are_rows_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
