#include "image_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- the recording ---- */

static bool
index_events(struct image *image)
{
    size_t cap = 0;
    size_t at = 0;
    struct trace_event event;

    while (image->trace.len - at >= sizeof event) {
        memcpy(&event, image->trace.at + at, sizeof event);
        if (event.len > image->trace.len - at - sizeof event) {
            break;
        }
        if (image->events == cap) {
            size_t *grown = realloc(image->offset, (cap = cap * 2 + 1024) * sizeof *grown);

            if (grown == NULL) {
                return false;
            }
            image->offset = grown;
        }
        image->offset[image->events++] = at;
        at += sizeof event + event.len;
    }
    return true;
}

struct image *
image_new(onym_span trace)
{
    struct image *image = calloc(1, sizeof *image);

    if (image == NULL) {
        return NULL;
    }
    image->trace = trace;
    if (!index_events(image)) {
        image_free(image);
        return NULL;
    }
    return image;
}

static void
forget_write(struct write *w)
{
    free(w->bytes);
    free(w->is_dead);
}

void
image_free(struct image *image)
{
    if (image == NULL) {
        return;
    }
    for (size_t f = 0; f < FILES; f++) {
        for (size_t i = 0; i < image->file[f].count; i++) {
            forget_write(&image->file[f].pending[i]);
        }
        free(image->file[f].pending);
        free(image->file[f].cache.at);
        free(image->file[f].safe.at);
    }
    free(image->names);
    free(image->offset);
    free(image);
}

uint32_t
image_events(const struct image *image)
{
    return image->events;
}

struct trace_event
image_event(const struct image *image, uint32_t number, onym_span *bytes)
{
    const uint8_t *at = image->trace.at + image->offset[number];
    struct trace_event event;

    memcpy(&event, at, sizeof event);
    *bytes = onym_span_of(at + sizeof event, event.len);
    return event;
}

bool
image_has_choice(const struct image *image)
{
    bool has = image->names_count > 0;

    for (size_t f = 0; f < FILES; f++) {
        has = has || image->file[f].count > 0;
    }
    return has;
}

/* ---- following it ---- */

/* Room for len bytes, whole sectors, zeros behind what was there. */
bool
image_make_room(struct buffer *b, size_t len)
{
    size_t cap = b->cap < SECTOR ? SECTOR : b->cap;
    uint8_t *grown;

    if (len <= b->cap) {
        return true;
    }
    while (cap < len) {
        cap *= 2;
    }
    grown = realloc(b->at, cap);
    if (grown == NULL) {
        return false;
    }
    memset(grown + b->cap, 0, cap - b->cap);
    b->at = grown;
    b->cap = cap;
    return true;
}

static struct write *
new_write(struct file *f)
{
    if (f->count == f->cap) {
        struct write *grown = realloc(f->pending, (f->cap * 2 + 16) * sizeof *grown);

        if (grown == NULL) {
            return NULL;
        }
        f->pending = grown;
        f->cap = f->cap * 2 + 16;
    }
    return &f->pending[f->count];
}

static enum onym_status
follow_write(struct file *f, uint64_t offset, onym_span bytes)
{
    struct write *w = new_write(f);
    uint64_t first = offset / SECTOR * SECTOR;
    uint64_t end = (offset + bytes.len + SECTOR - 1) / SECTOR * SECTOR;

    if (w == NULL || !image_make_room(&f->cache, end)) {
        return ONYM_NO_MEMORY;
    }
    memcpy(f->cache.at + offset, bytes.at, bytes.len);
    if (offset + bytes.len > f->cache.len) {
        f->cache.len = offset + bytes.len;
    }
    *w = (struct write){.at = first,
                        .len = end - first,
                        .bytes = malloc(end - first + 1),
                        .is_dead = calloc((end - first) / SECTOR + 1, sizeof *w->is_dead)};
    if (w->bytes == NULL || w->is_dead == NULL) {
        forget_write(w);
        return ONYM_NO_MEMORY;
    }
    memcpy(w->bytes, f->cache.at + first, w->len);
    f->count++;
    return ONYM_OK;
}

/* Sectors of w that are on the disk now, or behind it, are no choice any more. */
static void
kill_sectors(struct write *w, uint64_t from, uint64_t to)
{
    for (size_t s = 0; s < w->len; s += SECTOR) {
        if (w->at + s >= from && w->at + s < to) {
            w->is_dead[s / SECTOR] = true;
        }
    }
}

/* The last write, on a descriptor with O_DSYNC, has returned. */
static enum onym_status
follow_written(struct file *f)
{
    struct write *w;

    if (f->count == 0) {
        return ONYM_UNSUPPORTED;
    }
    w = &f->pending[--f->count];
    if (!image_make_room(&f->safe, w->at + w->len)) {
        return ONYM_NO_MEMORY;
    }
    memcpy(f->safe.at + w->at, w->bytes, w->len);
    for (size_t i = 0; i < f->count; i++) {
        kill_sectors(&f->pending[i], w->at, w->at + w->len);
    }
    if (w->at + w->len > f->safe.len) {
        f->safe.len = w->at + w->len < f->cache.len ? w->at + w->len : f->cache.len;
    }
    forget_write(w);
    return ONYM_OK;
}

static enum onym_status
follow_sync(struct file *f)
{
    if (!image_make_room(&f->safe, f->cache.len + SECTOR)) {
        return ONYM_NO_MEMORY;
    }
    for (size_t i = 0; i < f->count; i++) {
        memcpy(f->safe.at + f->pending[i].at, f->pending[i].bytes, f->pending[i].len);
        forget_write(&f->pending[i]);
    }
    f->safe.len = f->cache.len;
    f->count = 0;
    return ONYM_OK;
}

static enum onym_status
follow_size(struct file *f, uint64_t size)
{
    if (size < f->cache.len) {
        return ONYM_UNSUPPORTED;
    }
    if (!image_make_room(&f->cache, size)) {
        return ONYM_NO_MEMORY;
    }
    f->cache.len = size;
    return ONYM_OK;
}

static enum onym_status
remember_name_event(struct image *image)
{
    if (image->names_count == image->names_cap) {
        uint32_t *grown = realloc(image->names, (image->names_cap * 2 + 16) * sizeof *grown);

        if (grown == NULL) {
            return ONYM_NO_MEMORY;
        }
        image->names = grown;
        image->names_cap = image->names_cap * 2 + 16;
    }
    image->names[image->names_count++] = image->next;
    return ONYM_OK;
}

static size_t
find_name(const struct directory *d, onym_span name)
{
    size_t i = 0;

    while (i < d->count && !onym_span_equal(onym_span_text(d->entry[i].name), name)) {
        i++;
    }
    return i;
}

static void
remove_name(struct directory *d, onym_span name)
{
    size_t i = find_name(d, name);

    if (i < d->count) {
        d->entry[i] = d->entry[--d->count];
    }
}

static bool
add_name(struct directory *d, onym_span name, uint32_t file)
{
    remove_name(d, name);
    if (d->count == NAMES || name.len >= NAME_LEN) {
        return false;
    }
    memcpy(d->entry[d->count].name, name.at, name.len);
    d->entry[d->count].name[name.len] = '\0';
    d->entry[d->count++].file = file;
    return true;
}

/* One change of the directory. */
static bool
apply_name_event(struct directory *d, struct trace_event event, onym_span bytes)
{
    const uint8_t *nul;
    onym_span old;
    size_t at;

    if (event.kind == TRACE_CREATE) {
        return add_name(d, bytes, event.file);
    }
    if (event.kind == TRACE_UNLINK) {
        remove_name(d, bytes);
        return true;
    }
    nul = memchr(bytes.at, 0, bytes.len);
    if (nul == NULL) {
        return false;
    }
    old = onym_span_of(bytes.at, (size_t)(nul - bytes.at));
    at = find_name(d, old);
    if (at == d->count) {
        return false;
    }
    uint32_t file = d->entry[at].file;

    remove_name(d, old);
    return add_name(d, onym_span_from(bytes, old.len + 1), file);
}

/* The first count changes since the last sync of the directory, in d. */
bool
image_apply_names(const struct image *image, struct directory *d, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        onym_span bytes;
        struct trace_event event = image_event(image, image->names[i], &bytes);

        if (!apply_name_event(d, event, bytes)) {
            return false;
        }
    }
    return true;
}

enum onym_status
image_step(struct image *image)
{
    onym_span bytes;
    struct trace_event event = image_event(image, image->next, &bytes);
    struct file *f = &image->file[event.file % FILES];
    enum onym_status status = ONYM_OK;

    switch (event.kind) {
    case TRACE_CREATE:
    case TRACE_RENAME:
    case TRACE_UNLINK:
        status = remember_name_event(image);
        break;
    case TRACE_WRITE:
    case TRACE_THROUGH:
        status = follow_write(f, event.offset, bytes);
        break;
    case TRACE_WRITTEN:
        status = follow_written(f);
        break;
    case TRACE_SIZE:
        status = follow_size(f, event.offset);
        break;
    case TRACE_SYNC:
        status = follow_sync(f);
        break;
    case TRACE_SYNC_DIR:
        status = image_apply_names(image, &image->safe_names, image->names_count)
                     ? ONYM_OK
                     : ONYM_UNSUPPORTED;
        image->names_count = 0;
        break;
    default:
        break;
    }
    image->next++;
    return status;
}
