#include "config/report.h"

#include "base/utf8.h"
#include "config/schema.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN_MAX 60U /* bytes of a quoted text */

static bool
is_printable(uint32_t cp)
{
    return cp >= 0x20 && !(cp >= 0x7F && cp < 0xA0) && cp != 0x061C && cp != 0x200E &&
           cp != 0x200F && !(cp >= 0x2028 && cp <= 0x202E) && !(cp >= 0x2066 && cp <= 0x2069) &&
           cp != 0xFEFF;
}

/* The front of the text that is shown, ending at a character when there is one. */
static onym_span
shown_part(onym_span text)
{
    size_t len = SHOWN_MAX;

    if (text.len <= SHOWN_MAX) {
        return text;
    }
    while (len > SHOWN_MAX - 4 && (text.at[len] & 0xC0) == 0x80) {
        len--;
    }
    return onym_span_front(text, len);
}

void
onym_config_quote(onym_span text, char out[ONYM_CONFIG_QUOTED_MAX])
{
    onym_span left = shown_part(text);
    size_t len = 0;

    out[len++] = '"';
    while (left.len > 0) {
        onym_span rest = left;
        uint32_t cp;
        size_t n = 1;

        if (onym_utf8_next(&rest, &cp) && is_printable(cp)) {
            n = left.len - rest.len;
            memcpy(out + len, left.at, n);
            len += n;
        } else {
            len += (size_t)snprintf(out + len, 5, "\\x%02x", left.at[0]);
        }
        left = onym_span_from(left, n);
    }
    (void)snprintf(out + len, ONYM_CONFIG_QUOTED_MAX - len, "%s\"",
                   text.len > SHOWN_MAX ? "..." : "");
}

void
onym_config_report_add(struct onym_config_report *report, struct onym_config_origin origin,
                       const char *key, const char *format, ...)
{
    struct onym_config_error *e;
    va_list args;

    if (report->error_count++ >= ONYM_CONFIG_ERRORS_MAX) {
        return;
    }
    e = &report->error[report->error_count - 1];
    e->origin = origin;
    (void)snprintf(e->key, sizeof e->key, "%s", key);
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    /* a cut may have gone through a character */
    for (size_t len = strlen(e->text); !onym_utf8_valid(onym_span_text(e->text)) && len > 0;) {
        e->text[--len] = 0;
    }
}

uint32_t
onym_config_report_file(struct onym_config_report *report, const char *name)
{
    onym_span left = onym_span_text(name);
    size_t len = 0;
    char *at;

    if (report->file_count == ONYM_CONFIG_FILES_MAX) {
        return ONYM_CONFIG_FILES_MAX;
    }
    at = report->file[report->file_count];
    while (left.len > 0 && len + 5 < ONYM_PATH_MAX) {
        onym_span rest = left;
        uint32_t cp;
        size_t n = 1;

        if (onym_utf8_next(&rest, &cp) && is_printable(cp)) {
            n = left.len - rest.len;
            memcpy(at + len, left.at, n);
            len += n;
        } else {
            at[len++] = '?';
        }
        left = onym_span_from(left, n);
    }
    at[len] = 0;
    return (uint32_t)report->file_count++;
}

/* "file:line:column", "file:line" or "file". */
static void
place(const struct onym_config_report *report, struct onym_config_origin origin, bool column,
      char out[ONYM_CONFIG_LINE_MAX])
{
    const char *file = report->file[origin.file];

    if (origin.line == 0) {
        (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "%s", file);
    } else if (column) {
        (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "%s:%" PRIu32 ":%" PRIu32, file, origin.line,
                       origin.column);
    } else {
        (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "%s:%" PRIu32, file, origin.line);
    }
}

static void
describe(const struct onym_config_report *report, struct onym_config_origin origin, size_t key,
         bool column, char out[ONYM_CONFIG_LINE_MAX])
{
    char variable[ONYM_CONFIG_VARIABLE_MAX];

    switch (origin.kind) {
    case ONYM_CONFIG_DEFAULT:
        (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "default");
        break;
    case ONYM_CONFIG_FILE:
        place(report, origin, column, out);
        break;
    case ONYM_CONFIG_ENVIRONMENT:
        if (key < onym_config_key_count()) {
            onym_config_variable(onym_config_key_at(key), variable);
            (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "environment %s", variable);
        } else {
            (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "environment");
        }
        break;
    case ONYM_CONFIG_COMMAND_LINE:
        (void)snprintf(out, ONYM_CONFIG_LINE_MAX, "command line");
        break;
    }
}

void
onym_config_error_line(const struct onym_config_report *report, size_t index,
                       char out[ONYM_CONFIG_LINE_MAX])
{
    const struct onym_config_error *e = &report->error[index];
    size_t len;

    describe(report, e->origin, onym_config_key_find(onym_span_text(e->key)), true, out);
    len = strlen(out);
    (void)snprintf(out + len, ONYM_CONFIG_LINE_MAX - len, ": %s%s%s", e->key,
                   e->key[0] != 0 ? ": " : "", e->text);
}

void
onym_config_origin_line(const struct onym_config_report *report, size_t key,
                        char out[ONYM_CONFIG_LINE_MAX])
{
    describe(report, report->origin[key], key, false, out);
}
