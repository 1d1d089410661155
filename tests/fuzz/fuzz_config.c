/* Any bytes as a configuration file. Whatever is accepted must come out the same when it is written
 * down and read again, and whatever is refused must say why in printable text. */
#include "base/require.h"
#include "base/utf8.h"
#include "config/load.h"
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX 65536U /* longer ones are slow and say nothing new */
#define TEXT_MAX  262144U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_errors(const struct onym_config_report *report)
{
    char line[ONYM_CONFIG_LINE_MAX];

    ONYM_REQUIRE(report->error_count > 0);
    for (size_t i = 0; i < report->error_count && i < ONYM_CONFIG_ERRORS_MAX; i++) {
        onym_config_error_line(report, i, line);
        ONYM_REQUIRE(onym_utf8_valid(onym_span_text(line)));
        for (const char *at = line; *at != 0; at++) {
            ONYM_REQUIRE((unsigned char)*at >= 0x20 && *at != 0x7F);
        }
    }
}

/* Every key on a line of its own, as texts in quotes; numbers are never quoted. */
static size_t
write_yaml(const struct onym_settings *settings, char *out)
{
    char item[ONYM_CONFIG_ITEM_MAX];
    size_t len = 0;

    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        const char *dot = strchr(key->name, '.');
        const char *quote = key->type == ONYM_CONFIG_NUMBER ? "" : "'";
        bool first = i == 0 || strncmp(key->name, onym_config_key_at(i - 1)->name,
                                       (size_t)(dot - key->name) + 1) != 0;

        if (first) {
            len += (size_t)snprintf(out + len, TEXT_MAX - len, "%.*s:\n", (int)(dot - key->name),
                                    key->name);
        }
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "  %s: %s", dot + 1,
                                onym_config_is_list(key) ? "[" : "");
        for (size_t j = 0; onym_config_item(key, settings, j, item); j++) {
            len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s%s", j > 0 ? ", " : "", quote);
            for (const char *at = item; *at != 0; at++) {
                len += (size_t)snprintf(out + len, TEXT_MAX - len, *at == '\'' ? "''" : "%c", *at);
            }
            len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s", quote);
        }
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s\n",
                                onym_config_is_list(key) ? "]" : "");
        ONYM_REQUIRE(len < TEXT_MAX);
    }
    return len;
}

static void
check_settings(const struct onym_settings *settings, struct onym_config_report *report)
{
    struct onym_settings *again = calloc(1, sizeof *again);
    char *text = malloc(TEXT_MAX);
    size_t len;

    ONYM_REQUIRE(again != NULL && text != NULL);
    len = write_yaml(settings, text);
    ONYM_REQUIRE(onym_config_load_bytes("again", onym_span_of(text, len), again, report) ==
                 ONYM_OK);
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        ONYM_REQUIRE(!onym_config_differs(onym_config_key_at(i), settings, again));
    }
    free(text);
    free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct onym_config_report *report = malloc(sizeof *report);
    struct onym_settings *settings = malloc(sizeof *settings);
    enum onym_status status;

    ONYM_REQUIRE(report != NULL && settings != NULL);
    if (size <= INPUT_MAX) {
        status = onym_config_load_bytes("fuzz", onym_span_of(data, size), settings, report);
        if (status == ONYM_OK) {
            check_settings(settings, report);
        } else {
            check_errors(report);
        }
    }
    free(settings);
    free(report);
    return 0;
}
