/* The names of the metrics: by the rules of Prometheus, and the same list as docs/metrics.md. */
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FAMILIES_MAX 64U
#define NAME_MAX_LEN 80U

/* A family as announced, with the label names its samples carry. */
struct listed {
    char name[NAME_MAX_LEN];
    char type[16];
    char labels[NAME_MAX_LEN]; /* "a,b" */
};

/* Copies from text up to one of stop; the length. */
static size_t
word(const char *text, const char *stop, char *out, size_t cap)
{
    size_t len = strcspn(text, stop);

    assert_true(len < cap);
    memcpy(out, text, len);
    out[len] = '\0';
    return len;
}

/* Adds the label names of {a="x",b="y"} to f, each once. No value in these tests has a comma. */
static void
add_labels(struct listed *f, const char *line)
{
    const char *at = strchr(line, '{');

    while (at != NULL && at < line + strcspn(line, "}\n")) {
        char name[32];

        (void)word(at + 1, "=", name, sizeof name);
        if (strstr(f->labels, name) == NULL) {
            size_t len = strlen(f->labels);

            (void)snprintf(f->labels + len, sizeof f->labels - len, "%s%s", len > 0 ? "," : "",
                           name);
        }
        at = strchr(at + 1, ',');
    }
}

static bool
ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* The rules of Prometheus for names, as far as a program can hold them. */
static void
lint_family(const struct listed *f, const char *help)
{
    static const char *const bad_units[] = {"_ms",      "millisecond", "microsecond", "nanosecond",
                                            "kilobyte", "megabyte",    "percent",     "minute"};

    assert_true(strncmp(f->name, "onym_", 5) == 0 || strncmp(f->name, "process_", 8) == 0);
    assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(f->name));
    assert_null(strstr(f->name, "__"));
    for (size_t i = 0; i < sizeof bad_units / sizeof bad_units[0]; i++) {
        if (strstr(f->name, bad_units[i]) != NULL) {
            fail_msg("%s is not in a base unit", f->name);
        }
    }
    assert_int_equal(ends_with(f->name, "_total"), strcmp(f->type, "counter") == 0);
    assert_null(strstr(f->name, f->type));
    if (strcmp(f->type, "histogram") == 0) {
        assert_true(ends_with(f->name, "_seconds") || ends_with(f->name, "_bytes"));
    }
    assert_true(strlen(help) > 10 && ends_with(help, "."));
    assert_true(strcmp(f->type, "counter") == 0 || strcmp(f->type, "gauge") == 0 ||
                strcmp(f->type, "histogram") == 0);
}

/* Cuts the text of a scrape into families, linting on the way. */
static size_t
list_families(const char *text, struct listed *out)
{
    char help[256] = "";
    size_t count = 0;

    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        struct listed *f = count > 0 ? &out[count - 1] : NULL;
        char name[NAME_MAX_LEN];
        size_t skip;

        if (strncmp(line, "# HELP ", 7) == 0) {
            skip = 7 + word(line + 7, " ", name, sizeof name) + 1;
            (void)word(line + skip, "\n", help, sizeof help);
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_true(count < FAMILIES_MAX);
            f = &out[count++];
            *f = (struct listed){.labels = ""};
            skip = 7 + word(line + 7, " ", f->name, sizeof f->name) + 1;
            (void)word(line + skip, "\n", f->type, sizeof f->type);
            assert_string_equal(name, f->name); /* HELP and TYPE stand together */
            lint_family(f, help);
            for (size_t i = 0; i + 1 < count; i++) {
                assert_string_not_equal(out[i].name, f->name);
            }
        } else {
            if (f == NULL) {
                fail_msg("a sample in front of every family");
                return 0;
            }
            (void)word(line, "{ ", name, sizeof name);
            assert_int_equal(strncmp(name, f->name, strlen(f->name)), 0);
            assert_int_equal(strcmp(name, f->name) != 0, strcmp(f->type, "histogram") == 0);
            add_labels(f, line);
        }
    }
    return count;
}

static char *
read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = calloc(1, 65536);
    ssize_t len;

    assert_true(fd >= 0);
    assert_non_null(text);
    len = read(fd, text, 65535);
    assert_true(len > 0 && len < 65535);
    (void)close(fd);
    return text;
}

/* The rows "| `name` | type | `label`, `label` | meaning |" of the page. */
static size_t
list_documented(const char *page, struct listed *out)
{
    size_t count = 0;
    const char *line = strstr(page, "\n## The list\n");
    const char *end = strstr(page, "\n### ");

    assert_non_null(line);
    assert_non_null(end);
    for (line++; line < end; line += strcspn(line, "\n") + 1) {
        struct listed *f = &out[count];
        const char *cell;
        size_t len = 0;

        if (strncmp(line, "| `", 3) != 0) {
            continue;
        }
        assert_true(count < FAMILIES_MAX);
        *f = (struct listed){.labels = ""};
        cell = line + 3 + word(line + 3, "`", f->name, sizeof f->name) + strlen("` | ");
        cell += word(cell, " ", f->type, sizeof f->type) + strlen(" |");
        for (; *cell != '|'; cell++) {
            if (*cell != '`' && *cell != ' ' && len + 1 < sizeof f->labels) {
                f->labels[len++] = *cell;
            }
        }
        count++;
    }
    return count;
}

static void
metrics_names_keep_the_rules_and_match_the_page(void **state)
{
    static const struct onym_change_counters changes;
    const struct onym_metrics metrics = {
        .changes = &changes,
        .has_store = true, /* and everything else that may be left out */
        .map_size_bytes = 1,
        .certificate_expiry_s[ONYM_LISTENER_HANDLE_TLS] = 1,
        .process = {.cpu_us = 1, .resident_bytes = 1, .open_fds = 1, .max_fds = 1},
        .start_epoch_ms = 1,
        .version = "0.1.0",
        .revision = "abc"};
    char *text = calloc(1, ONYM_METRICS_TEXT_MAX + 1);
    size_t len = 0;
    struct listed *shown = calloc(FAMILIES_MAX, sizeof *shown);
    struct listed *documented = calloc(FAMILIES_MAX, sizeof *documented);
    char *page = read_file(ONYM_SOURCE_DIR "/docs/metrics.md");
    size_t count;

    (void)state;
    assert_non_null(shown);
    assert_non_null(documented);
    assert_non_null(text);
    assert_int_equal(onym_metrics_render(&metrics, ONYM_METRICS_PROMETHEUS, (uint8_t *)text,
                                         ONYM_METRICS_TEXT_MAX, &len),
                     ONYM_OK);
    count = list_families(text, shown);
    assert_true(count > 20);
    for (size_t i = 0, n = list_documented(page, documented); i < n || i < count; i++) {
        if (i >= n || i >= count || strcmp(shown[i].name, documented[i].name) != 0 ||
            strcmp(shown[i].type, documented[i].type) != 0 ||
            strcmp(shown[i].labels, documented[i].labels) != 0) {
            fail_msg("row %zu: the node shows %s %s {%s}, docs/metrics.md has %s %s {%s}", i,
                     shown[i].name, shown[i].type, shown[i].labels, documented[i].name,
                     documented[i].type, documented[i].labels);
        }
    }
    free(text);
    free(page);
    free(documented);
    free(shown);
}

static void
metrics_label_values_are_on_the_page(void **state)
{
    static const char *const values[] = {
#define VALUE(name, label) "`" label "`",
        ONYM_LISTENER_MAP(VALUE) ONYM_LOOKUP_MAP(VALUE) ONYM_DROP_MAP(VALUE) ONYM_CLOSE_MAP(VALUE)
            ONYM_HANDSHAKE_MAP(VALUE) ONYM_TLS_VERSION_MAP(VALUE) ONYM_LOGIN_MAP(VALUE)
                ONYM_LOGIN_RESULT_MAP(VALUE) ONYM_REGISTER_MAP(VALUE) ONYM_REGISTERED_MAP(VALUE)
#undef VALUE
    };
    char *page = read_file(ONYM_SOURCE_DIR "/docs/metrics.md");
    const char *part = strstr(page, "### Values of labels");

    (void)state;
    assert_non_null(part);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strstr(part, values[i]) == NULL) {
            fail_msg("docs/metrics.md does not explain %s", values[i]);
        }
    }
    free(page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_names_keep_the_rules_and_match_the_page),
        cmocka_unit_test(metrics_label_values_are_on_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
