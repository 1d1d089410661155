#include "store/entry.h"

#include "base/reader.h"
#include "base/writer.h"

#define VERSION        1U
#define FLAG_GROUP_END 1U
#define HEAD_LEN       9U
#define LOAD_LEN       (HEAD_LEN + 16U + ONYM_ENTRY_INPUT_LEN)
#define NUMBER_MAX     (((uint64_t)1 << 48) - 1)
#define STATUS_LEN_MAX 64U

#define MARK_OVERWRITE 1U
#define MARK_BEFORE    2U
#define MARK_AFTER     4U

static size_t
who_len(const struct onym_entry *e)
{
    return 2U + e->principal.handle.len + 4U + 1U + e->address.len + 2U + e->name.len;
}

size_t
onym_entry_len(const struct onym_entry *e)
{
    if (e->what == ONYM_ENTRY_LOAD) {
        return LOAD_LEN;
    }
    if (e->what == ONYM_ENTRY_EVENT) {
        return HEAD_LEN + 1U + 1U + 8U + ONYM_OPERATION_ID_LEN + 1U + e->status.len + who_len(e);
    }
    return HEAD_LEN + 2U + ONYM_OPERATION_ID_LEN + 6U +
           (e->has_before ? ONYM_ENTRY_DIGEST_LEN : 0U) +
           (e->has_after ? ONYM_ENTRY_DIGEST_LEN : 0U) + who_len(e) + 2U + e->indexes.raw.len + 2U +
           e->values.raw.len;
}

static bool
within_limits(const struct onym_entry *e)
{
    if (e->time_ms > NUMBER_MAX) {
        return false;
    }
    if (e->what == ONYM_ENTRY_LOAD) {
        return true;
    }
    if (e->principal.handle.len > ONYM_NAME_LEN_MAX || e->name.len > ONYM_PREFIX_NAME_LEN_MAX ||
        e->address.len > ONYM_ENTRY_ADDRESS_MAX) {
        return false;
    }
    if (e->what == ONYM_ENTRY_EVENT) {
        return e->event >= ONYM_EVENT_LOGIN && e->event <= ONYM_EVENT_LOST &&
               e->status.len <= STATUS_LEN_MAX;
    }
    return onym_entry_is_operation(e) && e->revision <= ONYM_REVISION_MAX &&
           (e->digest == ONYM_RECORD_SHA256 || e->digest == ONYM_RECORD_SM3) &&
           e->indexes.count <= ONYM_VALUES_MAX &&
           e->indexes.raw.len == (size_t)e->indexes.count * 4U &&
           e->values.count <= ONYM_VALUES_MAX && e->values.raw.len <= ONYM_VALUES_LEN_MAX;
}

static void
put_who(struct onym_writer *w, const struct onym_entry *e)
{
    onym_writer_u16(w, (uint16_t)e->principal.handle.len);
    onym_writer_bytes(w, e->principal.handle);
    onym_writer_u32(w, e->principal.index);
    onym_writer_u8(w, (uint8_t)e->address.len);
    onym_writer_bytes(w, e->address);
    onym_writer_u16(w, (uint16_t)e->name.len);
    onym_writer_bytes(w, e->name);
}

static void
put_operation(struct onym_writer *w, const struct onym_entry *e)
{
    onym_writer_u8(w, (uint8_t)((e->overwrite ? MARK_OVERWRITE : 0U) |
                                (e->has_before ? MARK_BEFORE : 0U) |
                                (e->has_after ? MARK_AFTER : 0U)));
    onym_writer_u8(w, e->digest);
    onym_writer_bytes(w, onym_span_of(e->id, sizeof e->id));
    onym_writer_u48(w, e->revision);
    if (e->has_before) {
        onym_writer_bytes(w, onym_span_of(e->before, sizeof e->before));
    }
    if (e->has_after) {
        onym_writer_bytes(w, onym_span_of(e->after, sizeof e->after));
    }
    put_who(w, e);
    onym_writer_u16(w, (uint16_t)e->indexes.count);
    onym_writer_bytes(w, e->indexes.raw);
    onym_writer_u16(w, (uint16_t)e->values.count);
    onym_writer_bytes(w, e->values.raw);
}

static void
put_event(struct onym_writer *w, const struct onym_entry *e)
{
    onym_writer_u8(w, e->event);
    onym_writer_u8(w, e->action);
    onym_writer_u64(w, e->count);
    onym_writer_bytes(w, onym_span_of(e->id, sizeof e->id));
    onym_writer_u8(w, (uint8_t)e->status.len);
    onym_writer_bytes(w, e->status);
    put_who(w, e);
}

enum onym_status
onym_entry_check(const struct onym_entry *e)
{
    return within_limits(e) ? ONYM_OK : ONYM_INVALID;
}

enum onym_status
onym_entry_encode(const struct onym_entry *e, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (!within_limits(e)) {
        return ONYM_INVALID;
    }
    onym_writer_u8(&w, VERSION);
    onym_writer_u8(&w, e->what);
    onym_writer_u8(&w, 0);
    onym_writer_u48(&w, e->time_ms);
    if (e->what == ONYM_ENTRY_LOAD) {
        onym_writer_u64(&w, e->load.rows);
        onym_writer_u64(&w, e->load.replaced);
        onym_writer_bytes(&w, onym_span_of(e->load.input, sizeof e->load.input));
    } else if (e->what == ONYM_ENTRY_EVENT) {
        put_event(&w, e);
    } else {
        put_operation(&w, e);
    }
    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

static void
get_array(struct onym_reader *r, uint8_t *out, size_t len)
{
    onym_span bytes = onym_reader_bytes(r, len);

    if (bytes.len == len) {
        memcpy(out, bytes.at, len);
    }
}

static void
get_who(struct onym_reader *r, struct onym_entry *e)
{
    e->principal.handle = onym_reader_bytes(r, onym_reader_u16(r));
    e->principal.index = onym_reader_u32(r);
    e->address = onym_reader_bytes(r, onym_reader_u8(r));
    e->name = onym_reader_bytes(r, onym_reader_u16(r));
}

static void
get_operation(struct onym_reader *r, struct onym_entry *e)
{
    uint8_t marks = onym_reader_u8(r);

    e->overwrite = (marks & MARK_OVERWRITE) != 0;
    e->has_before = (marks & MARK_BEFORE) != 0;
    e->has_after = (marks & MARK_AFTER) != 0;
    if ((marks & ~(MARK_OVERWRITE | MARK_BEFORE | MARK_AFTER)) != 0) {
        onym_reader_fail(r, ONYM_CORRUPT);
    }
    e->digest = onym_reader_u8(r);
    get_array(r, e->id, sizeof e->id);
    e->revision = onym_reader_u48(r);
    if (e->has_before) {
        get_array(r, e->before, sizeof e->before);
    }
    if (e->has_after) {
        get_array(r, e->after, sizeof e->after);
    }
    get_who(r, e);
    e->indexes.count = onym_reader_u16(r);
    e->indexes.raw = onym_reader_bytes(r, (size_t)e->indexes.count * 4U);
    e->values.count = onym_reader_u16(r);
    e->values.raw = onym_reader_bytes(r, r->left.len);
}

static void
get_event(struct onym_reader *r, struct onym_entry *e)
{
    e->event = onym_reader_u8(r);
    e->action = onym_reader_u8(r);
    e->count = onym_reader_u64(r);
    get_array(r, e->id, sizeof e->id);
    e->status = onym_reader_bytes(r, onym_reader_u8(r));
    get_who(r, e);
}

enum onym_status
onym_entry_decode(onym_span bytes, struct onym_entry *out)
{
    struct onym_reader r = onym_reader_over(bytes);
    struct onym_entry e = {0};
    uint8_t version = onym_reader_u8(&r);
    uint8_t flags;

    e.what = onym_reader_u8(&r);
    flags = onym_reader_u8(&r);
    e.time_ms = onym_reader_u48(&r);
    if (e.what == ONYM_ENTRY_LOAD) {
        e.load.rows = onym_reader_u64(&r);
        e.load.replaced = onym_reader_u64(&r);
        get_array(&r, e.load.input, sizeof e.load.input);
    } else if (e.what == ONYM_ENTRY_EVENT) {
        get_event(&r, &e);
    } else {
        get_operation(&r, &e);
    }
    if (r.status != ONYM_OK || r.left.len != 0 || version != VERSION ||
        (flags & ~FLAG_GROUP_END) != 0 || !within_limits(&e) ||
        onym_value_list_check(e.values) != ONYM_OK) {
        return ONYM_CORRUPT;
    }
    *out = e;
    return ONYM_OK;
}

bool
onym_entry_is_last(onym_span bytes)
{
    return bytes.len >= HEAD_LEN && (bytes.at[2] & FLAG_GROUP_END) != 0;
}

void
onym_entry_mark_last(uint8_t *entry)
{
    entry[2] |= FLAG_GROUP_END;
}
