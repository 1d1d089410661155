/* A file read line by line in bounded memory, with its digest. */
#ifndef ONYM_TOOLS_STORE_INPUT_H
#define ONYM_TOOLS_STORE_INPUT_H

#include "base/fault.h"

struct onym_line_input; /* opaque */

/* path "-" is standard input. ONYM_OK and *out (release with onym_line_input_close), or ONYM_IO,
 * ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_line_input_open(const char *path, struct onym_line_input **out,
                                                    struct onym_fault *fault);
void onym_line_input_close(struct onym_line_input *input); /* NULL is fine */

/* The next line without its end, which may be missing on the last; a byte order mark in front of
 * the first is left out. It lives until the next call. ONYM_OK, ONYM_NOT_FOUND at the end;
 * ONYM_INVALID a line over ONYM_LINE_LEN_MAX; ONYM_IO; *fault says. */
ONYM_MUST_USE enum onym_status onym_line_input_next(struct onym_line_input *input, onym_span *line,
                                                    struct onym_fault *fault);

/* Number of the line last given, from 1. */
uint64_t onym_line_input_number(const struct onym_line_input *input);
/* The name for messages: the path, or "(standard input)". */
const char *onym_line_input_name(const struct onym_line_input *input);
/* Bytes read, and the file's size when it has one (else 0). */
uint64_t onym_line_input_done(const struct onym_line_input *input);
uint64_t onym_line_input_whole(const struct onym_line_input *input);
/* XXH3-128 of everything read so far, as xxh128sum prints it. */
void onym_line_input_digest(const struct onym_line_input *input, uint8_t out[16]);

#endif
