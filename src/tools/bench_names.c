#include "tools/bench_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole file in *out (to be freed by the caller). */
static enum onym_status
read_file(const char *path, uint8_t **out, size_t *len)
{
    enum onym_status status = ONYM_IO;
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0) {
        fprintf(stderr, "onymbench: %s: %s\n", path, strerror(errno));
        goto out;
    }
    if ((unsigned long)size >= UINT32_MAX) {
        fprintf(stderr, "onymbench: %s: %ld bytes; at most 4 GiB of names can be used\n", path,
                size);
        status = ONYM_INVALID;
        goto out;
    }
    bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        fprintf(stderr, "onymbench: %s: no memory for %ld bytes\n", path, size);
        status = ONYM_NO_MEMORY;
        goto out;
    }
    if (fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "onymbench: %s: could not be read whole\n", path);
        goto out;
    }
    *out = bytes;
    *len = (size_t)size;
    bytes = NULL;
    status = ONYM_OK;
out:
    free(bytes);
    if (file != NULL) {
        fclose(file);
    }
    return status;
}

static size_t
count_lines(const uint8_t *bytes, size_t len)
{
    size_t lines = 1;

    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    return lines;
}

/* Squeezes the line ends out in place and notes where each name starts. */
static enum onym_status
cut_lines(const char *path, size_t len, struct onym_bench_names *names)
{
    size_t line = 0;
    size_t kept = 0;

    for (size_t at = 0; at < len; line++) {
        const uint8_t *end = memchr(names->bytes + at, '\n', len - at);
        size_t stop = end != NULL ? (size_t)(end - names->bytes) : len;
        size_t name_len = stop - at;

        if (name_len > 0 && names->bytes[stop - 1] == '\r') {
            name_len--;
        }
        if (name_len > ONYM_BENCH_NAME_LEN_MAX) {
            fprintf(stderr,
                    "onymbench: %s:%zu: a name of %zu bytes; at most %u fit one request packet\n",
                    path, line + 1, name_len, ONYM_BENCH_NAME_LEN_MAX);
            return ONYM_INVALID;
        }
        if (name_len > 0) {
            memmove(names->bytes + kept, names->bytes + at, name_len);
            names->from[names->count++] = (uint32_t)kept;
            kept += name_len;
        }
        at = stop + 1;
    }
    names->from[names->count] = (uint32_t)kept;
    return ONYM_OK;
}

enum onym_status
onym_bench_names_load(const char *path, struct onym_bench_names *out)
{
    struct onym_bench_names names = {0};
    size_t len = 0;
    enum onym_status status = read_file(path, &names.bytes, &len);

    if (status != ONYM_OK) {
        return status;
    }
    names.from = calloc(count_lines(names.bytes, len) + 1, sizeof *names.from);
    if (names.from == NULL) {
        fprintf(stderr, "onymbench: %s: no memory for its index\n", path);
        status = ONYM_NO_MEMORY;
    } else {
        status = cut_lines(path, len, &names);
    }
    if (status == ONYM_OK && names.count == 0) {
        fprintf(stderr, "onymbench: %s: no names in it; expected one identifier per line\n", path);
        status = ONYM_INVALID;
    }
    if (status != ONYM_OK) {
        onym_bench_names_free(&names);
        return status;
    }
    *out = names;
    return ONYM_OK;
}

void
onym_bench_names_free(struct onym_bench_names *names)
{
    free(names->bytes);
    free(names->from);
    *names = (struct onym_bench_names){0};
}
