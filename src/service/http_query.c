#include "service/http_query.h"

#include "wire/http1.h"

static int
digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum onym_status
onym_http_decode(onym_span text, struct onym_arena *arena, onym_span *out)
{
    uint8_t *at;
    size_t len = 0;

    if (text.len == 0 || memchr(text.at, '%', text.len) == NULL) {
        *out = text;
        return ONYM_OK;
    }
    at = onym_arena_take(arena, text.len);
    if (at == NULL) {
        return ONYM_NO_SPACE;
    }
    while (text.len > 0) {
        const uint8_t *mark = memchr(text.at, '%', text.len);
        size_t plain = mark != NULL ? (size_t)(mark - text.at) : text.len;

        memcpy(at + len, text.at, plain);
        len += plain;
        text = onym_span_from(text, plain);
        if (mark == NULL) {
            break;
        }
        if (text.len < 3 || digit(text.at[1]) < 0 || digit(text.at[2]) < 0) {
            return ONYM_MALFORMED;
        }
        at[len++] = (uint8_t)(digit(text.at[1]) * 16 + digit(text.at[2]));
        text = onym_span_from(text, 3);
    }
    *out = onym_span_of(at, len);
    return ONYM_OK;
}

void
onym_http_encode(struct onym_writer *w, onym_span text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '.' || c == '_' || c == '~' || c == '/') {
            onym_writer_u8(w, c);
        } else {
            onym_writer_u8(w, '%');
            onym_writer_u8(w, (uint8_t)hex[c >> 4]);
            onym_writer_u8(w, (uint8_t)hex[c & 15]);
        }
    }
}

bool
onym_http_parameter(onym_span *query, onym_span *name, onym_span *value)
{
    while (query->len > 0) {
        const uint8_t *end = memchr(query->at, '&', query->len);
        onym_span item = end != NULL ? onym_span_front(*query, (size_t)(end - query->at)) : *query;
        const uint8_t *equals = item.len > 0 ? memchr(item.at, '=', item.len) : NULL;

        *query = onym_span_from(*query, item.len + 1);
        if (item.len == 0) {
            continue;
        }
        *name = equals != NULL ? onym_span_front(item, (size_t)(equals - item.at)) : item;
        *value = onym_span_of(NULL, 0);
        if (equals != NULL) {
            *value = onym_span_of(equals + 1, item.len - name->len - 1);
        }
        return true;
    }
    return false;
}

bool
onym_http_find(onym_span query, const char *name, onym_span *value)
{
    onym_span found;

    while (onym_http_parameter(&query, &found, value)) {
        if (onym_span_equal(found, onym_span_text(name))) {
            return true;
        }
    }
    return false;
}

bool
onym_http_flag(onym_span query, const char *name, bool absent)
{
    onym_span value;

    if (!onym_http_find(query, name, &value)) {
        return absent;
    }
    if (value.len == 0 || onym_http1_is(value, "true")) {
        return true;
    }
    return onym_http1_is(value, "false") ? false : absent;
}

bool
onym_http_number(onym_span text, uint64_t *out)
{
    uint64_t number = 0;

    if (text.len == 0 || text.len > 19) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = number;
    return true;
}

static enum onym_status
add_index(struct onym_writer *w, onym_span value, struct onym_query *out, const char **field)
{
    uint64_t number;

    if (!onym_http_number(value, &number) || number > UINT32_MAX) {
        *field = "index";
        return ONYM_MALFORMED;
    }
    onym_writer_u32(w, (uint32_t)number);
    out->indexes.count++;
    return w->status;
}

static enum onym_status
add_type(struct onym_writer *w, onym_span value, struct onym_arena *arena, struct onym_query *out,
         const char **field)
{
    onym_span text;
    enum onym_status status = onym_http_decode(value, arena, &text);

    if (status != ONYM_OK) {
        *field = "type";
        return status;
    }
    onym_writer_counted(w, text);
    out->types.count++;
    return w->status;
}

enum onym_status
onym_http_selection(onym_span query, struct onym_arena *arena, struct onym_query *out,
                    const char **field)
{
    /* an item is "index=N&" at least, "type=&" at least: it never grows beyond twice its text */
    size_t cap = 2 * query.len + 8;
    uint8_t *memory = onym_arena_take(arena, 2 * cap);
    struct onym_writer indexes = onym_writer_over(memory, cap);
    struct onym_writer types = onym_writer_over(memory, cap);
    onym_span name;
    onym_span value;
    enum onym_status status = memory != NULL ? ONYM_OK : ONYM_NO_SPACE;

    *field = NULL;
    if (memory != NULL) {
        types.at = memory + cap;
    }
    while (status == ONYM_OK && onym_http_parameter(&query, &name, &value)) {
        if (onym_span_equal(name, onym_span_text("index"))) {
            status = add_index(&indexes, value, out, field);
        } else if (onym_span_equal(name, onym_span_text("type"))) {
            status = add_type(&types, value, arena, out, field);
        }
    }
    out->indexes.raw = onym_writer_written(&indexes);
    out->types.raw = onym_writer_written(&types);
    return status;
}
