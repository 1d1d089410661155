#include "service/entity_tag.h"

#include "service/http_query.h"
#include "wire/json_write.h"

void
onym_entity_tag_write(uint64_t revision, uint64_t created_ms, bool has_private,
                      char out[ONYM_ENTITY_TAG_MAX])
{
    struct onym_writer w = onym_writer_over((uint8_t *)out, ONYM_ENTITY_TAG_MAX - 1);

    onym_json_put(&w, "\"");
    onym_json_put_u64(&w, revision);
    if (created_ms != 0) {
        onym_json_put(&w, "-");
        onym_json_put_u64(&w, created_ms);
    }
    onym_json_put(&w, has_private ? "-p\"" : "\"");
    out[w.len] = '\0';
}

bool
onym_entity_tag_read(onym_span text, uint64_t *revision, uint64_t *created_ms)
{
    onym_span inner = onym_span_from(text, 1);
    const uint8_t *dash;

    if (text.len < 3 || text.at[0] != '"' || text.at[text.len - 1] != '"') {
        return false;
    }
    inner.len--;
    if (inner.len > 2 && memcmp(inner.at + inner.len - 2, "-p", 2) == 0) {
        inner.len -= 2;
    }
    *created_ms = 0;
    dash = memchr(inner.at, '-', inner.len);
    if (dash != NULL) {
        onym_span rest = onym_span_from(inner, (size_t)(dash - inner.at) + 1);

        if (!onym_http_number(rest, created_ms) || *created_ms == 0) {
            return false;
        }
        inner = onym_span_front(inner, (size_t)(dash - inner.at));
    }
    return onym_http_number(inner, revision) && *revision != 0;
}

bool
onym_entity_tag_listed(onym_span list, onym_span tag)
{
    for (size_t i = 0; i + tag.len <= list.len; i++) {
        if (onym_span_equal(onym_span_of(list.at + i, tag.len), tag)) {
            return true;
        }
    }
    return onym_span_equal(list, onym_span_text("*"));
}
