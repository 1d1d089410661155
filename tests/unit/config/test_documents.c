/* The example file and the table of docs/configuration.md say what the schema says. */
#include "unit/config/config_test.h"

static char *
read_document(const char *name)
{
    char path[1024];
    const size_t cap = 262144;
    char *text = calloc(1, cap);
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", ONYM_SOURCE_DIR, name);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, cap - 1, f) > 0);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void
the_example_shows_every_key_with_its_default(void **state)
{
    char *text = read_document("conf/onymd.yaml");
    struct loaded *example = load_text(text);
    struct loaded *defaults = load_text("");

    (void)state;
    expect_valid(example);
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        if (example->report.origin[i].kind != ONYM_CONFIG_FILE) {
            fail_msg("conf/onymd.yaml does not show %s", key->name);
        }
        if (onym_config_differs(key, &example->settings, &defaults->settings)) {
            fail_msg("conf/onymd.yaml shows %s not as its default", key->name);
        }
    }
    free(defaults);
    free(example);
    free(text);
}

/* Text without line breaks, comment signs and repeated blanks, so that wrapping does not count. */
static void
flatten(char *text)
{
    char *out = text;

    for (const char *at = text; *at != 0; at++) {
        bool blank = *at == ' ' || *at == '\n' || *at == '#';
        if (!blank) {
            *out++ = *at;
        } else if (out > text && out[-1] != ' ') {
            *out++ = ' ';
        }
    }
    *out = 0;
}

static void
the_example_explains_every_key_in_the_schemas_words(void **state)
{
    char *text = read_document("conf/onymd.yaml");

    (void)state;
    flatten(text);
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        if (strstr(text, onym_config_key_at(i)->help) == NULL) {
            fail_msg("conf/onymd.yaml does not explain %s", onym_config_key_at(i)->name);
        }
    }
    free(text);
}

static size_t
rows_of(const char *text)
{
    size_t n = 0;

    for (const char *at = strstr(text, "\n| `"); at != NULL; at = strstr(at + 1, "\n| `")) {
        n++;
    }
    return n;
}

static void
the_table_of_keys_is_the_schema(void **state)
{
    char *text = read_document("docs/configuration.md");
    const char *table = strstr(text, "\n## Keys\n");

    (void)state;
    assert_non_null(table);
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        char expected[ONYM_CONFIG_EXPECTED_MAX];
        char most[32] = "";
        char row[1024];

        onym_config_expected(key, expected);
        if (onym_config_is_list(key)) {
            (void)snprintf(most, sizeof most, "at most %u of: ", (unsigned)key->max);
        }
        (void)snprintf(row, sizeof row, "\n| `%s` | `%s` | %s%s | %s | %s |\n", key->name,
                       key->value, most, expected, key->reloadable ? "reload" : "restart",
                       key->help);
        if (strstr(table, row) == NULL) {
            fail_msg("docs/configuration.md lacks this row:%s", row);
        }
    }
    assert_int_equal(rows_of(table), onym_config_key_count());
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_shows_every_key_with_its_default),
        cmocka_unit_test(the_example_explains_every_key_in_the_schemas_words),
        cmocka_unit_test(the_table_of_keys_is_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
