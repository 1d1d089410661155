#include "image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR   512U
#define FILES    64U
#define NAMES    16U /* in the directory at one time */
#define NAME_LEN 64U

/* Sectors on their way to the disk, as they were when the write had been done. */
struct write {
    uint64_t at; /* of a sector */
    size_t len;  /* whole sectors */
    uint8_t *bytes;
    bool *is_dead; /* per sector: the disk has it or something newer */
};

struct buffer {
    uint8_t *at;
    size_t len, cap;
};

struct file {
    struct buffer cache; /* what the program sees */
    struct buffer safe;  /* what survives for sure */
    struct write *pending;
    size_t count, cap;
};

struct directory {
    struct {
        char name[NAME_LEN];
        uint32_t file;
    } entry[NAMES];
    size_t count;
};

struct image {
    onym_span trace;
    size_t *offset; /* of every event */
    uint32_t events, next;
    struct file file[FILES];
    struct directory safe_names;
    uint32_t *names; /* events since the last sync of the directory that changed it */
    size_t names_count, names_cap;
};

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
static bool
make_room(struct buffer *b, size_t len)
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

    if (w == NULL || !make_room(&f->cache, end)) {
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
    if (!make_room(&f->safe, w->at + w->len)) {
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
    if (!make_room(&f->safe, f->cache.len + SECTOR)) {
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
    if (!make_room(&f->cache, size)) {
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
static bool
apply_names(const struct image *image, struct directory *d, size_t count)
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
        status = apply_names(image, &image->safe_names, image->names_count) ? ONYM_OK
                                                                            : ONYM_UNSUPPORTED;
        image->names_count = 0;
        break;
    default:
        break;
    }
    image->next++;
    return status;
}

/* ---- drawing a state ---- */

enum taste {
    NOTHING,
    TORN,
    WRITES,
    SECTORS,
    ALL_BUT_WRITE,
    ALL_BUT_SECTOR,
    ONE_WRITE,
    ONE_SECTOR,
    EVERYTHING,
    TASTES
};

struct draw {
    struct onym_rng *rng;
    enum taste taste;
    size_t chosen_write, chosen_sector; /* a sector of that write */
    uint64_t share;                     /* of 16: how many sectors arrive */
    size_t cut;                         /* TORN: sectors of the last write that arrive */
};

static size_t
below(struct onym_rng *rng, size_t bound)
{
    return bound == 0 ? 0 : (size_t)onym_rng_below(rng, bound);
}

static struct draw
begin_draw(struct onym_rng *rng, const struct file *f)
{
    struct draw d = {.rng = rng, .taste = (enum taste)below(rng, TASTES)};

    d.chosen_write = below(rng, f->count);
    d.share = 1 + below(rng, 15);
    if (f->count > 0) {
        d.chosen_sector = below(rng, f->pending[d.chosen_write].len / SECTOR);
        d.cut = below(rng, f->pending[f->count - 1].len / SECTOR);
    }
    return d;
}

static bool
arrives(const struct draw *d, size_t count, size_t write, size_t sector, bool write_arrives)
{
    switch (d->taste) {
    case TORN:
        return write + 1 < count || sector < d->cut;
    case WRITES:
        return write_arrives;
    case SECTORS:
        return below(d->rng, 16) < d->share;
    case ALL_BUT_WRITE:
        return write != d->chosen_write;
    case ALL_BUT_SECTOR:
        return write != d->chosen_write || sector != d->chosen_sector;
    case ONE_WRITE:
        return write == d->chosen_write;
    case ONE_SECTOR:
        return write == d->chosen_write && sector == d->chosen_sector;
    case EVERYTHING:
        return true;
    case NOTHING:
    case TASTES:
    default:
        return false;
    }
}

/* The file as it may be, in out. */
static enum onym_status
draw_file(const struct file *f, struct onym_rng *rng, struct buffer *out)
{
    struct draw d = begin_draw(rng, f);
    size_t len = f->safe.len;

    if (!make_room(out, f->cache.cap + f->safe.cap + SECTOR)) {
        return ONYM_NO_MEMORY;
    }
    if (f->safe.cap > 0) {
        memcpy(out->at, f->safe.at, f->safe.cap);
    }
    for (size_t w = 0; w < f->count; w++) {
        const struct write *write = &f->pending[w];
        bool write_arrives = below(rng, 2) == 0;

        for (size_t s = 0; s < write->len / SECTOR; s++) {
            size_t end = write->at + (s + 1) * SECTOR;

            if (write->is_dead[s] || !arrives(&d, f->count, w, s, write_arrives)) {
                continue;
            }
            memcpy(out->at + end - SECTOR, write->bytes + s * SECTOR, SECTOR);
            len = end > len ? end : len;
        }
    }
    if (len > f->cache.len || below(rng, 4) == 0) {
        len = f->cache.len;
    }
    out->len = len;
    return ONYM_OK;
}

static enum onym_status
save(const char *dir, const char *name, const struct buffer *b)
{
    char path[4096];
    size_t done = 0;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ONYM_IO;
    }
    while (done < b->len) {
        ssize_t n = write(fd, b->at + done, b->len - done);

        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    (void)close(fd);
    return done == b->len ? ONYM_OK : ONYM_IO;
}

enum onym_status
image_draw(struct image *image, struct onym_rng *rng, const char *dir)
{
    struct directory names = image->safe_names;
    enum onym_status status = ONYM_OK;

    if (!apply_names(image, &names, below(rng, image->names_count + 1))) {
        return ONYM_UNSUPPORTED;
    }
    for (size_t i = 0; i < names.count && status == ONYM_OK; i++) {
        struct buffer out = {0};

        status = draw_file(&image->file[names.entry[i].file % FILES], rng, &out);
        if (status == ONYM_OK) {
            status = save(dir, names.entry[i].name, &out);
        }
        free(out.at);
    }
    return status;
}
