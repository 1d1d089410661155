#include "service/http_jsonp.h"

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_of_name(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' ||
           c == '$' || c == '.';
}

bool
onym_http_callback_is_name(onym_span text)
{
    if (text.len == 0 || text.len > ONYM_HTTP_CALLBACK_MAX || is_digit(text.at[0]) ||
        text.at[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_of_name(text.at[i])) {
            return false;
        }
    }
    return true;
}

void
onym_http_callback_wrap(struct onym_writer *w, onym_span name)
{
    size_t front = name.len + 1;
    size_t len = w->len;

    if (onym_writer_take(w, front + 2) == NULL) {
        return;
    }
    memmove(w->at + front, w->at, len);
    memcpy(w->at, name.at, name.len);
    w->at[name.len] = '(';
    memcpy(w->at + front + len, ");", 2);
}
