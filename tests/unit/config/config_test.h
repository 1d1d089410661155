/* What the tests of config/ share. */
#ifndef ONYM_TESTS_CONFIG_TEST_H
#define ONYM_TESTS_CONFIG_TEST_H

#include "config/load.h"
#include "config/schema.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above in place */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* One loading and what came of it. */
struct loaded {
    enum onym_status status;
    struct onym_settings settings;
    struct onym_config_report report;
    char line[ONYM_CONFIG_LINE_MAX];
};

static inline struct loaded *
load_text(const char *yaml)
{
    struct loaded *l = calloc(1, sizeof *l);

    assert_non_null(l);
    l->status = onym_config_load_bytes("t.yaml", onym_span_text(yaml), &l->settings, &l->report);
    return l;
}

static inline struct loaded *
load_from(const char *file, char *const *environment, char *const *overrides)
{
    const struct onym_config_source source = {
        .file = file, .environment = environment, .overrides = overrides};
    struct loaded *l = calloc(1, sizeof *l);

    assert_non_null(l);
    l->status = onym_config_load(&source, &l->settings, &l->report);
    return l;
}

/* Error index as a line; "" when there are fewer. */
static inline const char *
error_of(struct loaded *l, size_t index)
{
    l->line[0] = 0;
    if (index < l->report.error_count && index < ONYM_CONFIG_ERRORS_MAX) {
        onym_config_error_line(&l->report, index, l->line);
    }
    return l->line;
}

/* Fails with the first error unless the loading went well. */
static inline void
expect_valid(struct loaded *l)
{
    assert_string_equal(error_of(l, 0), "");
    assert_int_equal(l->status, ONYM_OK);
}

/* Exactly these errors, in this order; ended by NULL. */
static inline void
expect_errors(struct loaded *l, const char *const *lines)
{
    size_t n = 0;

    for (; lines[n] != NULL; n++) {
        assert_string_equal(error_of(l, n), lines[n]);
    }
    assert_string_equal(error_of(l, n), "");
    assert_int_equal(l->report.error_count, n);
    assert_int_equal(l->status, ONYM_INVALID);
}

/* The items of a key joined by blanks. */
static inline const char *
value_of(struct loaded *l, const char *key)
{
    char item[ONYM_CONFIG_ITEM_MAX];
    size_t index = onym_config_key_find(onym_span_text(key));
    size_t len = 0;

    assert_true(index < onym_config_key_count());
    l->line[0] = 0;
    for (size_t i = 0; onym_config_item(onym_config_key_at(index), &l->settings, i, item); i++) {
        len += (size_t)snprintf(l->line + len, sizeof l->line - len, "%s%s", i > 0 ? " " : "",
                                item);
        assert_true(len < sizeof l->line);
    }
    return l->line;
}

static inline const char *
origin_of(struct loaded *l, const char *key)
{
    onym_config_origin_line(&l->report, onym_config_key_find(onym_span_text(key)), l->line);
    return l->line;
}

#endif
