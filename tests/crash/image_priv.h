/* What image.c follows and image_draw.c draws from. */
#ifndef ONYM_TESTS_CRASH_IMAGE_PRIV_H
#define ONYM_TESTS_CRASH_IMAGE_PRIV_H

#include "image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Room for len bytes, whole sectors, zeros behind what was there. False when memory is short. */
ONYM_MUST_USE bool image_make_room(struct buffer *b, size_t len);

/* The first count changes of names since the last sync of the directory, applied to d. False when
 * the model does not know one of them. */
ONYM_MUST_USE bool image_apply_names(const struct image *image, struct directory *d, size_t count);

#endif
