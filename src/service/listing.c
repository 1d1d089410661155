#include "service/listing_priv.h"

#include "service/routes_priv.h"
#include "wire/json_write.h"

#include <stdlib.h>

#define PASS_SLICE 20000U            /* keys passed over in one slice */
#define TAKE_SLICE 1000U             /* records read in one slice */
#define TEXT_MAX   ((size_t)6 << 20) /* of the items; with the rest it fits any answer */
#define ITEM_MAX   ((size_t)6 * ONYM_PREFIX_NAME_LEN_MAX + 256) /* each byte as \u00XX */

void
onym_listing_release(struct onym_http_job *job)
{
    struct onym_listing *l = (struct onym_listing *)(void *)job;

    free(l->text.at);
    free(l);
}

/* Whether one more item fits; grows the memory. */
static bool
has_room(struct onym_listing *l)
{
    size_t cap = l->text.cap > 0 ? l->text.cap : (size_t)64 * 1024;
    uint8_t *grown;

    while (cap - l->text.len < ITEM_MAX) {
        cap *= 2;
    }
    if (l->text.len + ITEM_MAX > TEXT_MAX) {
        return false;
    }
    if (cap == l->text.cap) {
        return true;
    }
    grown = realloc(l->text.at, cap);
    if (grown == NULL) {
        l->job.status = ONYM_NO_MEMORY;
        return false;
    }
    l->text.at = grown;
    l->text.cap = cap;
    return true;
}

static void
put_item(struct onym_listing *l, const struct onym_record *record)
{
    struct onym_writer *w = &l->text;

    onym_json_put(w, w->len > 0 ? "," : "");
    if (!l->v1) {
        onym_json_put_string(w, record->name);
    } else if (l->kind == ONYM_KIND_PREFIX) {
        onym_json_put(w, "{\"prefix\":");
        onym_json_put_string(w, onym_span_from(record->name, 5)); /* "0.NA/" */
        onym_routes_put_time(w, ",\"homed\":\"", record->created_ms);
        onym_json_put(w, "}");
    } else {
        onym_json_put(w, "{\"handle\":");
        onym_json_put_string(w, record->name);
        onym_json_put(w, ",\"revision\":");
        onym_json_put_u64(w, record->revision);
        onym_routes_put_time(w, ",\"modified\":\"", record->modified_ms);
        onym_json_put(w, "}");
    }
}

/* Behind the items. */
static void
end_items(struct onym_listing *l)
{
    l->phase = l->counts ? ONYM_LISTING_COUNT : ONYM_LISTING_DONE;
    if (l->from_cursor) {
        l->place.len = 0;
        l->total = 0;
    }
}

static enum onym_status
pass(struct onym_listing *l, struct onym_scan *scan, uint64_t limit)
{
    uint64_t count = 0;
    enum onym_status status = onym_scan_pass(scan, onym_listing_stem(l), limit, &l->place, &count);

    l->total += count;
    if (l->phase == ONYM_LISTING_SKIP) {
        l->skip -= count;
        l->phase = l->skip == 0 ? ONYM_LISTING_TAKE : ONYM_LISTING_SKIP;
    }
    if (status == ONYM_NOT_FOUND) {
        l->phase = ONYM_LISTING_DONE;
        status = ONYM_OK;
    }
    return status;
}

static enum onym_status
take(struct onym_listing *l, struct onym_scan *scan)
{
    struct onym_record record;
    enum onym_status status = ONYM_OK;

    for (unsigned i = 0; i < TAKE_SLICE && l->phase == ONYM_LISTING_TAKE; i++) {
        struct onym_scan_place place = {.len = 0};
        bool room = l->take > 0 && has_room(l);

        if (l->job.status != ONYM_OK) {
            return l->job.status;
        }
        if (!room) {
            l->too_large = l->take > 0;
            end_items(l);
            return l->v1 ? onym_scan_pass(scan, onym_listing_stem(l), 1, &place, &(uint64_t){0})
                         : ONYM_OK;
        }
        status = onym_scan_take(scan, onym_listing_stem(l), &l->place, &record);
        if (status == ONYM_OK) {
            put_item(l, &record);
            l->last = l->place;
            l->take--;
        } else if (status != ONYM_CORRUPT) { /* a damaged record is counted and not told of */
            return status;
        }
        l->total++;
    }
    return ONYM_OK;
}

/* ONYM_NOT_FOUND out of take() is the end of the list, either met while reading or looked for
 * behind a full page. */
static void
take_slice(struct onym_listing *l, struct onym_scan *scan)
{
    enum onym_status status = take(l, scan);
    bool full = l->phase != ONYM_LISTING_TAKE;

    if (status == ONYM_NOT_FOUND && !full) {
        end_items(l);
        l->phase = l->from_cursor ? l->phase : ONYM_LISTING_DONE;
    } else if (status == ONYM_OK) {
        l->more = full;
    } else if (status != ONYM_NOT_FOUND) {
        l->job.status = status;
    }
}

bool
onym_listing_step(struct onym_http_job *job, const struct onym_view *view)
{
    struct onym_listing *l = (struct onym_listing *)(void *)job;
    struct onym_scan *scan;

    job->status = onym_scan_resume(view, l->kind, onym_listing_stem(l), &l->place, &scan);
    if (job->status != ONYM_OK) {
        return false;
    }
    if (l->phase == ONYM_LISTING_TAKE) {
        take_slice(l, scan);
    } else {
        uint64_t limit = l->phase == ONYM_LISTING_SKIP && l->skip < PASS_SLICE ? l->skip
                                                                               : PASS_SLICE;

        job->status = pass(l, scan, limit);
    }
    onym_scan_close(scan);
    return job->status == ONYM_OK && l->phase != ONYM_LISTING_DONE && !(l->too_large && !l->v1);
}
