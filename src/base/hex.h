/* Hexadecimal digits, lower case out, either case in. */
#ifndef ONYM_BASE_HEX_H
#define ONYM_BASE_HEX_H

#include "onym/span.h"
#include "onym/status.h"

/* Writes 2 * bytes.len digits and a NUL to out, which must hold 2 * bytes.len + 1. */
void onym_hex_encode(onym_span bytes, char *out);

/* Reads text (an even number of digits) into out. ONYM_MALFORMED for an odd number or another
 * character, ONYM_NO_SPACE when it needs more than cap bytes. *len is set on success only. */
ONYM_MUST_USE enum onym_status onym_hex_decode(onym_span text, uint8_t *out, size_t cap,
                                               size_t *len);

#endif
