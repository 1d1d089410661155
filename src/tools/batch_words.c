#include "tools/batch_words.h"

#include "base/utf8.h"
#include "tools/admin_text.h"
#include "tools/id_change_values.h"

#include <string.h>

/* ---- words ---- */

onym_span
onym_batch_trim(onym_span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = onym_span_from(text, 1);
    }
    while (text.len > 0 && memchr(" \t\r\n", text.at[text.len - 1], 4) != NULL) {
        text.len--;
    }
    return text;
}

onym_span
onym_batch_cut(onym_span *rest, char separator)
{
    onym_span word = *rest;
    const uint8_t *found = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;

    if (found == NULL) {
        *rest = onym_span_of(NULL, 0);
        return word;
    }
    word.len = (size_t)(found - word.at);
    *rest = onym_span_from(*rest, word.len + 1);
    return word;
}

bool
onym_batch_number(onym_span text, uint32_t *out)
{
    char digits[16];

    if (text.len == 0 || text.len >= sizeof digits) {
        return false;
    }
    memcpy(digits, text.at, text.len);
    digits[text.len] = '\0';
    if (strcmp(digits, "0") == 0) {
        *out = 0;
        return true;
    }
    return onym_value_words_number(digits, INT32_MAX, out);
}

/* ---- values ---- */

static bool
read_permissions(onym_span text, uint8_t *out)
{
    uint8_t bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '0' && text.at[i] != '1') {
            return false;
        }
        bits = (uint8_t)((uint32_t)bits << 1 | (text.at[i] == '1' ? 1U : 0U));
    }
    *out = bits;
    return text.len == 4;
}

const char *
onym_batch_read_value(onym_span line, uint8_t *room, size_t cap, struct onym_value *v)
{
    onym_span rest = line;
    onym_span index = onym_batch_cut(&rest, ' ');
    onym_span type = onym_batch_cut(&rest, ' ');
    onym_span ttl = onym_batch_cut(&rest, ' ');
    onym_span permissions = onym_batch_cut(&rest, ' ');
    onym_span format = onym_batch_cut(&rest, ' ');

    *v = (struct onym_value){.type = type, .data = rest};
    if (!onym_batch_number(index, &v->index) || v->index == 0) {
        return "a value begins with its index, 1 to 2147483647";
    }
    if (!onym_batch_number(ttl, &v->ttl)) {
        return "the third word is the time to live in seconds";
    }
    if (!read_permissions(permissions, &v->permissions)) {
        return "the fourth word is four digits 0 or 1: admin read, admin write, public read, "
               "public write";
    }
    if (!onym_utf8_valid(type)) {
        return "the type is not UTF-8; is the file GB18030? iconv -f GB18030 -t UTF-8 makes it so";
    }
    if (onym_span_equal(format, onym_span_text("UTF8"))) {
        return onym_utf8_valid(rest) && (rest.len == 0 || memchr(rest.at, '\0', rest.len) == NULL)
                   ? NULL
                   : "the data is not UTF-8 without NUL bytes; is the file GB18030? iconv -f "
                     "GB18030 -t UTF-8 makes it so";
    }
    if (onym_span_equal(format, onym_span_text("ADMIN"))) {
        return onym_admin_text_read(rest, room, cap, &v->data);
    }
    return "the fifth word says what the data is: UTF8 or ADMIN; other data goes into NDJSON";
}
