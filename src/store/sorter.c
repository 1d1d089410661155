#include "store/sorter.h"

#include "base/prefetch.h"
#include "base/require.h"
#include "store/key_sort.h"
#include "store/run_file.h"

#include <stdlib.h>
#include <sys/mman.h>

#define MARK_BIT 0x8000U
/* Rows are handed out in key order and lie in the order of the input, so each is a walk through the
 * page tables and some cache misses. They are asked for in groups: the walks of a group overlap,
 * those of single rows ahead would come one after the other. */
#define GROUP       16U
#define GROUP_LINES 8U /* cache lines of a row */

/* Bytes of rows that get their pages at once. */
#define POPULATE_LEN ((size_t)1 << 20)

/* A block of rows from the front and entries from the back.
 * A row is u2 key length and mark, u4 data length, u6 line (all in the machine's order: runs never
 * leave this process), key, data. */
struct onym_sorter {
    uint8_t *block;
    size_t memory;
    size_t used;                    /* bytes of rows */
    size_t populated;               /* bytes from the front that have pages */
    struct onym_key_entry *entries; /* the last one added; the others behind it */
    size_t count;                   /* of entries */
    size_t at;                      /* entries handed out */
    struct onym_run_file *runs;     /* NULL until the block was full once */
    const char *dir;
};

enum onym_status
onym_sorter_new(size_t memory, const char *dir, struct onym_sorter **out, struct onym_fault *fault)
{
    struct onym_sorter *s;

    memory = memory / sizeof(struct onym_key_entry) * sizeof(struct onym_key_entry);
    if (memory < ONYM_SORTER_MEMORY_MIN) {
        return onym_fault_set(fault, ONYM_INVALID, "%zu bytes of memory; expected at least %zu",
                              memory, ONYM_SORTER_MEMORY_MIN);
    }
    s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->block = mmap(NULL, memory, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (s == NULL || s->block == MAP_FAILED) {
        free(s);
        return onym_fault_set(fault, ONYM_NO_MEMORY,
                              "%zu bytes for sorting are not available; give a smaller --memory",
                              memory);
    }
    /* no huge pages: on a virtual machine whose host takes free ones back, the first touch of 450
     * MiB cost 1.1 s with them and 0.16 s without */
    s->memory = memory;
    s->dir = dir;
    s->entries = (struct onym_key_entry *)(void *)(s->block + memory);
    *out = s;
    return ONYM_OK;
}

void
onym_sorter_free(struct onym_sorter *s)
{
    if (s != NULL) {
        onym_run_file_free(s->runs);
        (void)munmap(s->block, s->memory);
        free(s);
    }
}

static void
read_row(const uint8_t *row, struct onym_sorter_row *out)
{
    uint16_t key_len;
    uint32_t data_len;
    uint64_t line = 0;

    memcpy(&key_len, row, 2);
    memcpy(&data_len, row + 2, 4);
    memcpy(&line, row + 6, 6);
    out->key = onym_row_key(row);
    out->data = onym_span_of(out->key.at + out->key.len, data_len);
    out->line = line;
    out->mark = (key_len & MARK_BIT) != 0;
}

static size_t
row_len(const uint8_t *row)
{
    struct onym_sorter_row r;

    read_row(row, &r);
    return ONYM_ROW_HEADER_LEN + r.key.len + r.data.len;
}

static inline void
ask_ahead(const struct onym_key_entry *entries, size_t at, size_t count)
{
    if (at % GROUP != 0) {
        return;
    }

    size_t end = at + 2 * (size_t)GROUP < count ? at + 2 * (size_t)GROUP : count;

    for (size_t i = at + GROUP; i < end; i++) {
        onym_prefetch(entries[i].row);
    }
    for (size_t i = at + GROUP; i < end; i++) {
        for (unsigned line = 1; line < GROUP_LINES; line++) {
            onym_prefetch(entries[i].row + (size_t)line * 64);
        }
    }
}

/* Sorts what is in the block and writes it as a run. */
static enum onym_status
spill(struct onym_sorter *s, struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;

    if (s->runs == NULL) {
        status = onym_run_file_new(s->dir, &s->runs, fault);
    }
    if (status == ONYM_OK) {
        status = onym_run_file_begin(s->runs, fault);
    }
    onym_key_sort(s->entries, s->count);
    for (size_t i = 0; i < s->count && status == ONYM_OK; i++) {
        const uint8_t *row = s->entries[i].row;

        ask_ahead(s->entries, i, s->count);
        status = onym_run_file_write(s->runs, onym_span_of(row, row_len(row)), fault);
    }
    if (status == ONYM_OK) {
        status = onym_run_file_end(s->runs, fault);
    }
    s->used = 0;
    s->count = 0;
    s->entries = (struct onym_key_entry *)(void *)(s->block + s->memory);
    return status;
}

/* Has pages made for the next stretch of rows at once, which costs less than a fault for each.
 * Where the kernel cannot (before 5.14), they are made by faults. */
static void
populate(struct onym_sorter *s)
{
    size_t left = s->memory - s->populated;
    size_t len = left < POPULATE_LEN ? left : POPULATE_LEN;

    (void)madvise(s->block + s->populated, len, MADV_POPULATE_WRITE);
    s->populated += len;
}

enum onym_status
onym_sorter_add(struct onym_sorter *s, const struct onym_sorter_row *row, uint8_t **data,
                struct onym_fault *fault)
{
    size_t len = ONYM_ROW_HEADER_LEN + row->key.len + row->data.len;
    size_t taken = s->used + (s->count + 1) * sizeof *s->entries;
    uint16_t key_len = (uint16_t)(row->key.len | (row->mark ? MARK_BIT : 0));
    uint32_t data_len = (uint32_t)row->data.len;
    uint8_t *at;

    ONYM_REQUIRE(row->key.len <= ONYM_SORTER_KEY_MAX && len <= ONYM_SORTER_ROW_MAX);
    if (taken + len > s->memory) {
        enum onym_status status = spill(s, fault);

        if (status != ONYM_OK) {
            return status;
        }
    }
    if (s->used + len > s->populated) {
        populate(s);
    }
    at = s->block + s->used;
    memcpy(at, &key_len, 2);
    memcpy(at + 2, &data_len, 4);
    memcpy(at + 6, &row->line, 6);
    memcpy(at + ONYM_ROW_HEADER_LEN, row->key.at, row->key.len);
    *data = at + ONYM_ROW_HEADER_LEN + row->key.len;
    s->used += len;
    *--s->entries = (struct onym_key_entry){.word = onym_key_word(row->key, 0), .row = at};
    s->count++;
    return ONYM_OK;
}

enum onym_status
onym_sorter_start(struct onym_sorter *s, struct onym_fault *fault)
{
    onym_key_sort(s->entries, s->count);
    s->at = 0;
    return s->runs != NULL ? onym_run_file_rewind(s->runs, fault) : ONYM_OK;
}

enum onym_status
onym_sorter_next(struct onym_sorter *s, struct onym_sorter_row *out, struct onym_fault *fault)
{
    const uint8_t *row = s->at < s->count ? s->entries[s->at].row : NULL;
    const uint8_t *other = NULL;

    if (s->runs != NULL) {
        enum onym_status status = onym_run_file_peek(s->runs, &other, fault);

        if (status != ONYM_OK) {
            return status;
        }
    }
    if (row == NULL && other == NULL) {
        return ONYM_NOT_FOUND;
    }
    if (row == NULL ||
        (other != NULL && onym_key_compare(onym_row_key(other), onym_row_key(row)) < 0)) {
        onym_run_file_advance(s->runs);
        read_row(other, out);
    } else {
        ask_ahead(s->entries, s->at, s->count);
        s->at++;
        read_row(row, out);
    }
    return ONYM_OK;
}

unsigned
onym_sorter_runs(const struct onym_sorter *s)
{
    return s->runs != NULL ? onym_run_file_count(s->runs) : 0;
}
