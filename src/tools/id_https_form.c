#include "tools/id_https_form.h"

#include "wire/json_record.h"
#include "wire/json_write.h"

#include <stdlib.h>

static void
put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

static void
put_encoded(struct onym_writer *w, onym_span text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '.' || c == '-' || c == '_') {
            onym_writer_u8(w, c);
        } else {
            onym_writer_u8(w, '%');
            onym_writer_u8(w, (uint8_t)digits[c >> 4]);
            onym_writer_u8(w, (uint8_t)digits[c & 15]);
        }
    }
}

static void
put_indexes(struct onym_writer *w, const char *before, const uint32_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(w, i == 0 ? before : "&index=");
        onym_json_put_u64(w, indexes[i]);
    }
}

static struct onym_writer
begin(char out[ONYM_ID_TARGET_MAX], const char *path, onym_span name)
{
    struct onym_writer w = onym_writer_over((uint8_t *)out, ONYM_ID_TARGET_MAX);

    put(&w, path);
    put_encoded(&w, name);
    return w;
}

static bool
end(struct onym_writer *w)
{
    onym_writer_u8(w, '\0');
    return w->status == ONYM_OK;
}

bool
onym_id_target_query(char out[ONYM_ID_TARGET_MAX], const struct onym_client_query *query)
{
    struct onym_writer w = begin(out, "/api/handles/", query->name);

    put(&w, query->private_too ? "?publicOnly=false" : "?publicOnly=true");
    put(&w, query->authoritative ? "&auth=true" : "");
    put(&w, query->no_referral ? "&doNotRefer=true" : "");
    put_indexes(&w, "&index=", query->indexes, query->index_count);
    for (size_t i = 0; i < query->type_count; i++) {
        put(&w, "&type=");
        put_encoded(&w, query->types[i]);
    }
    return end(&w);
}

bool
onym_id_target_change(char out[ONYM_ID_TARGET_MAX], const struct onym_client_change *change)
{
    bool prefix = change->action == ONYM_ACTION_HOME || change->action == ONYM_ACTION_UNHOME;
    struct onym_writer w = begin(out, prefix ? "/api/prefixes/" : "/api/handles/", change->name);

    if (change->action == ONYM_ACTION_CREATE || change->action == ONYM_ACTION_ADD) {
        put(&w, change->overwrite ? "?overwrite=true" : "?overwrite=false");
        put(&w, change->mint ? "&mintNewSuffix=true" : "");
        put(&w, change->action == ONYM_ACTION_ADD ? "&index=various" : "");
    } else if (change->action == ONYM_ACTION_REMOVE) {
        put_indexes(&w, "?index=", change->indexes, change->index_count);
    }
    return end(&w);
}

bool
onym_id_target_list(char out[ONYM_ID_TARGET_MAX], onym_span prefix, unsigned limit,
                    const char *cursor)
{
    bool record = onym_json_is_prefix_record(prefix); /* as which a listing may name it */
    struct onym_writer w = begin(
        out, prefix.len > 0 ? "/api/v1/identifiers?prefix=" : "/api/v1/prefixes?",
        onym_span_from(prefix, record ? 5 : 0));

    put(&w, prefix.len > 0 ? "&limit=" : "limit=");
    onym_json_put_u64(&w, limit);
    put(&w, cursor[0] != '\0' ? "&cursor=" : "");
    put(&w, cursor);
    return end(&w);
}

const char *
onym_id_method(enum onym_action action)
{
    switch (action) {
    case ONYM_ACTION_CREATE:
    case ONYM_ACTION_ADD:
        return "PUT";
    case ONYM_ACTION_HOME:
        return "POST";
    case ONYM_ACTION_DELETE:
    case ONYM_ACTION_REMOVE:
    case ONYM_ACTION_UNHOME:
        return "DELETE";
    case ONYM_ACTION_MODIFY:
    case ONYM_ACTION_ISSUE:
    case ONYM_ACTION_REVOKE:
    default:
        return NULL;
    }
}

char *
onym_id_body(const struct onym_client_change *change)
{
    uint8_t *text = malloc(ONYM_LINE_LEN_MAX + 1);
    struct onym_writer w = onym_writer_over(text, ONYM_LINE_LEN_MAX + 1);
    struct onym_time_memo times = {0};

    if (text == NULL) {
        return NULL;
    }
    put(&w, "{\"values\":[");
    for (size_t i = 0; i < change->value_count; i++) {
        put(&w, i > 0 ? "," : "");
        onym_json_value_write(&w, &change->values[i], false, &times);
    }
    put(&w, "]}");
    onym_writer_u8(&w, '\0');
    if (w.status != ONYM_OK) {
        free(text);
        return NULL;
    }
    return (char *)text;
}
