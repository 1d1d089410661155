#include "tools/text.h"

#include "base/utf8.h"
#include "wire/json_base64.h"

#include <stdarg.h>
#include <stdio.h>

struct range {
    uint32_t first;
    uint32_t last;
};

static bool
within(uint32_t cp, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cp >= ranges[i].first && cp <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static bool
is_hidden(uint32_t cp)
{
    /* C0, DEL and C1; soft hyphen; Arabic letter mark; zero-width, direction marks, separators and
     * embeddings; invisible operators and isolates; byte order mark; interlinear marks; tags */
    static const struct range hidden[] = {{0x00, 0x1F},     {0x7F, 0x9F},      {0xAD, 0xAD},
                                          {0x61C, 0x61C},   {0x180E, 0x180E},  {0x200B, 0x200F},
                                          {0x2028, 0x202E}, {0x2060, 0x206F},  {0xFEFF, 0xFEFF},
                                          {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};

    return within(cp, hidden, sizeof hidden / sizeof hidden[0]);
}

static size_t
columns_of(uint32_t cp)
{
    static const struct range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x4DBF},
                                        {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
                                        {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                        {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                                        {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    static const struct range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                             {0x64B, 0x65F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                             {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

    if (within(cp, combining, sizeof combining / sizeof combining[0])) {
        return 0;
    }
    return within(cp, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

/* One character as it is printed: bytes as they are, or an escape. */
struct shown {
    char escape[16]; /* empty: raw */
    onym_span raw;
    size_t columns;
};

/* A backslash and one or more characters. */
__attribute__((format(printf, 1, 2))) static struct shown
escaped(const char *format, ...)
{
    struct shown s = {.raw = onym_span_of(NULL, 0)};
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(s.escape, sizeof s.escape, format, arguments);
    va_end(arguments);
    s.columns = strlen(s.escape);
    return s;
}

/* The next character of *text, which is not empty. */
static struct shown
show_next(onym_span *text)
{
    static const char letters[] = {['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};
    onym_span before = *text;
    uint32_t cp;

    if (!onym_utf8_next(text, &cp)) {
        *text = onym_span_from(*text, 1);
        return escaped("\\x%02x", before.at[0]);
    }
    if (cp == '\\') {
        return escaped("\\\\");
    }
    if (cp < sizeof letters && letters[cp] != '\0') {
        return escaped("\\%c", letters[cp]);
    }
    if (is_hidden(cp)) {
        return cp < 0x80 ? escaped("\\x%02x", (unsigned)cp) : escaped("\\u{%x}", (unsigned)cp);
    }
    return (struct shown){.raw = onym_span_front(before, before.len - text->len),
                          .columns = columns_of(cp)};
}

void
onym_text_print(FILE *out, onym_span text)
{
    while (text.len > 0) {
        struct shown s = show_next(&text);

        if (s.raw.len > 0) {
            (void)fwrite(s.raw.at, 1, s.raw.len, out);
        } else {
            (void)fputs(s.escape, out);
        }
    }
}

size_t
onym_text_width(onym_span text)
{
    size_t width = 0;

    while (text.len > 0) {
        width += show_next(&text).columns;
    }
    return width;
}

void
onym_text_print_padded(FILE *out, onym_span text, size_t width)
{
    size_t have = onym_text_width(text);

    onym_text_print(out, text);
    for (; have < width; have++) {
        (void)fputc(' ', out);
    }
}

bool
onym_text_readable(onym_span bytes)
{
    uint32_t cp;

    while (bytes.len > 0) {
        if (!onym_utf8_next(&bytes, &cp)) {
            return false;
        }
        if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || (cp >= 0x7F && cp < 0xA0)) {
            return false;
        }
    }
    return true;
}

void
onym_base64_print(FILE *out, onym_span bytes)
{
    char line[64];

    while (bytes.len > 0) {
        onym_span piece = onym_span_front(bytes, sizeof line / 4 * 3);

        onym_base64_encode(ONYM_BASE64_STANDARD, piece, line);
        (void)fwrite(line, 1, onym_base64_encoded_len(ONYM_BASE64_STANDARD, piece.len), out);
        bytes = onym_span_from(bytes, piece.len);
    }
}

void
onym_hex_print(FILE *out, onym_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        (void)fprintf(out, "%02x", bytes.at[i]);
    }
}

const char *
onym_word_of(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}
