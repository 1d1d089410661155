#include "image_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

    if (!image_make_room(out, f->cache.cap + f->safe.cap + SECTOR)) {
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

    if (!image_apply_names(image, &names, below(rng, image->names_count + 1))) {
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
