/* Words and values of a batch file of the Handle tools. */
#ifndef ONYM_TOOLS_BATCH_WORDS_H
#define ONYM_TOOLS_BATCH_WORDS_H

#include "onym/model/value.h"

/* Without spaces, tabs and line ends around it. */
onym_span onym_batch_trim(onym_span text);

/* Cuts what stands before the next separator from *rest; all of it when there is none. */
onym_span onym_batch_cut(onym_span *rest, char separator);

/* A number from 0 to 2147483647. False: text is none. */
bool onym_batch_number(onym_span text, uint32_t *out);

/* "INDEX TYPE TTL PERMISSIONS FORMAT DATA", borrowed from line; ADMIN data goes into room. NULL, or
 * what is wrong. */
const char *onym_batch_read_value(onym_span line, uint8_t *room, size_t cap, struct onym_value *v);

#endif
