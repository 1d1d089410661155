/* Text of others on a person's terminal: nothing in it may move the cursor, change colours or turn
 * the reading direction, and columns stay straight with Chinese in them. */
#ifndef ONYM_TOOLS_TEXT_H
#define ONYM_TOOLS_TEXT_H

#include "onym/span.h"

#include <stdint.h>
#include <stdio.h>

/* Prints UTF-8 text. Control characters (C0, DEL, C1), separators U+2028/2029, zero-width and
 * bidirectional controls, the byte order mark and the backslash are escaped: \\ \n \r \t, \xHH for
 * ASCII and for bytes that are not UTF-8, \u{HEX} for the others. */
void onym_text_print(FILE *out, onym_span text);

/* Terminal columns that onym_text_print takes: 2 for East Asian wide characters, 0 for combining
 * marks. */
size_t onym_text_width(onym_span text);

/* Prints text and then spaces up to width columns (none when it is wider). */
void onym_text_print_padded(FILE *out, onym_span text, size_t width);

/* The word behind a count: one for 1, else many. */
const char *onym_word_of(uint64_t count, const char *one, const char *many);

/* Whether bytes read as text: UTF-8 without control characters other than tab, line feed and
 * carriage return. The empty span does. */
bool onym_text_readable(onym_span bytes);

/* Prints standard base64 with padding, or lower-case hexadecimal digits. */
void onym_base64_print(FILE *out, onym_span bytes);
void onym_hex_print(FILE *out, onym_span bytes);

#endif
