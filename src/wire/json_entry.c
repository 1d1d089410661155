#include "wire/json_entry.h"

#include "base/hex.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

static void
put_text(struct onym_writer *w, const char *key, onym_span text)
{
    onym_json_put(w, ",\"");
    onym_json_put(w, key);
    onym_json_put(w, "\":");
    onym_json_put_string(w, text);
}

static void
put_number(struct onym_writer *w, const char *key, uint64_t number)
{
    onym_json_put(w, ",\"");
    onym_json_put(w, key);
    onym_json_put(w, "\":");
    onym_json_put_u64(w, number);
}

static void
put_hex(struct onym_writer *w, const char *key, onym_span bytes)
{
    char hex[2 * ONYM_ENTRY_DIGEST_LEN + 1];

    onym_hex_encode(bytes, hex);
    put_text(w, key, onym_span_text(hex));
}

/* Which values were sent or named; what they hold is not for an audit. */
static void
put_indexes(struct onym_writer *w, const struct onym_entry *e)
{
    onym_span values = e->values.raw;
    onym_span indexes = e->indexes.raw;
    const char *before = ",\"indexes\":[";
    struct onym_value value;
    uint32_t index;

    if (e->values.count + e->indexes.count == 0) {
        return;
    }
    while (onym_value_next(&values, &value)) {
        onym_json_put(w, before);
        onym_json_put_u64(w, value.index);
        before = ",";
    }
    while (onym_u32_next(&indexes, &index)) {
        onym_json_put(w, before);
        onym_json_put_u64(w, index);
        before = ",";
    }
    onym_json_put(w, "]");
}

static void
put_digests(struct onym_writer *w, const struct onym_entry *e)
{
    put_text(w, "digest", onym_span_text(onym_record_digest_name(e->digest)));
    if (e->has_before) {
        put_hex(w, "before", onym_span_of(e->before, sizeof e->before));
    }
    if (e->has_after) {
        put_hex(w, "after", onym_span_of(e->after, sizeof e->after));
    }
}

static void
put_operation(struct onym_writer *w, const struct onym_entry *e, bool digests)
{
    if (digests) {
        put_digests(w, e);
    }
    if (e->has_after) {
        put_number(w, "rev", e->revision);
    }
    put_indexes(w, e);
    if (e->overwrite) {
        onym_json_put(w, ",\"overwrite\":true");
    }
}

static void
put_event(struct onym_writer *w, const struct onym_entry *e)
{
    if (e->action != 0) {
        put_text(w, "action", onym_span_text(onym_entry_action(e->action)));
    }
    put_text(w, "status", e->status);
    put_number(w, "count", e->count);
}

void
onym_json_put_entry(struct onym_writer *w, uint64_t sequence, const struct onym_entry *e,
                    bool digests)
{
    char when[ONYM_TIME_TEXT_MAX];

    onym_time_format(e->time_ms, when);
    onym_json_put(w, "{\"sequence\":");
    onym_json_put_u64(w, sequence);
    put_text(w, "ts", onym_span_text(when));
    put_text(w, "what", onym_span_text(onym_entry_what(e)));
    if (e->what == ONYM_ENTRY_LOAD) {
        put_number(w, "rows", e->load.rows);
        put_number(w, "replaced", e->load.replaced);
        put_hex(w, "input_xxh3", onym_span_of(e->load.input, sizeof e->load.input));
    } else {
        if (e->name.len > 0) {
            put_text(w, "id", e->name);
        }
        if (e->principal.handle.len > 0) {
            put_text(w, "principal", e->principal.handle);
            put_number(w, "principal_index", e->principal.index);
        }
        if (e->address.len > 0) {
            put_text(w, "peer", e->address);
        }
        if (onym_entry_has_id(e)) {
            put_hex(w, "operation_id", onym_span_of(e->id, sizeof e->id));
        }
        if (e->what == ONYM_ENTRY_EVENT) {
            put_event(w, e);
        } else {
            put_operation(w, e, digests);
        }
    }
    onym_json_put(w, "}");
}
