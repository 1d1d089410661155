#include "tools/admin_text.h"

#include "onym/model/hs_admin.h"
#include "onym/model/ident.h"

#include <string.h>

#define DIGITS 12U

/* At most 2147483647. */
static bool
read_index(onym_span text, uint32_t *out)
{
    uint64_t index = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || index > INT32_MAX) {
            return false;
        }
        index = index * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = (uint32_t)index;
    return text.len > 0 && index <= INT32_MAX;
}

const char *
onym_admin_text_read(onym_span text, uint8_t *room, size_t cap, onym_span *data)
{
    static const char shape[] =
        "an administrator is INDEX:PERMISSIONS:HANDLE with 12 digits 0 or 1, "
        "for example 300:111111111111:0.NA/88.300.15907";
    struct onym_hs_admin admin = {.permissions = 0};
    const uint8_t *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    size_t index_len = colon != NULL ? (size_t)(colon - text.at) : 0;
    onym_span rest;
    size_t len;

    if (colon == NULL || !read_index(onym_span_of(text.at, index_len), &admin.index)) {
        return shape;
    }
    rest = onym_span_from(text, index_len + 1);
    if (rest.len < DIGITS + 2 || rest.at[DIGITS] != ':') {
        return shape;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        if (rest.at[i] != '0' && rest.at[i] != '1') {
            return shape;
        }
        admin.permissions = (uint16_t)((uint32_t)admin.permissions << 1 |
                                       (rest.at[i] == '1' ? 1U : 0U));
    }
    admin.handle = onym_span_from(rest, DIGITS + 1);
    if (onym_hs_admin_encode(&admin, room, cap, &len) != ONYM_OK) {
        return "the administrators' handles are too long";
    }
    *data = onym_span_of(room, len);
    return NULL;
}

bool
onym_admin_text_is_type(onym_span type)
{
    return onym_text_equal_nocase(type, onym_span_text("HS_ADMIN"));
}
