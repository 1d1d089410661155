/* The header lines of a head that was let through. */
#include "wire/http1.h"

#include "base/require.h"

static uint8_t
lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool
onym_http1_is(onym_span text, const char *word)
{
    size_t i = 0;

    for (; i < text.len && word[i] != '\0'; i++) {
        if (lower(text.at[i]) != lower((uint8_t)word[i])) {
            return false;
        }
    }
    return i == text.len && word[i] == '\0';
}

static onym_span
trim(onym_span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s = onym_span_from(s, 1);
    }
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

bool
onym_http1_field(onym_span *fields, onym_span *name, onym_span *value)
{
    const uint8_t *colon;
    const uint8_t *end;

    if (fields->len == 0) {
        return false;
    }
    /* the guard let every line through: NAME ':' anything CR LF */
    colon = memchr(fields->at, ':', fields->len);
    end = memchr(fields->at, '\r', fields->len);
    ONYM_REQUIRE(colon != NULL && end != NULL && colon < end);
    *name = onym_span_of(fields->at, (size_t)(colon - fields->at));
    *value = trim(onym_span_of(colon + 1, (size_t)(end - colon - 1)));
    *fields = onym_span_from(*fields, (size_t)(end - fields->at) + 2);
    return true;
}

bool
onym_http1_find(onym_span *fields, const char *name, onym_span *value)
{
    while (fields->len > 0) {
        const uint8_t *end;
        onym_span found;
        size_t i = 0;

        /* a line holds ':', which no name does, so this ends inside it */
        while (name[i] != '\0' && lower(fields->at[i]) == (uint8_t)name[i]) {
            i++;
        }
        if (name[i] == '\0' && fields->at[i] == ':') {
            return onym_http1_field(fields, &found, value);
        }
        end = memchr(fields->at, '\r', fields->len);
        ONYM_REQUIRE(end != NULL);
        *fields = onym_span_from(*fields, (size_t)(end - fields->at) + 2);
    }
    return false;
}
