/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef ONYM_BASE_UTF8_H
#define ONYM_BASE_UTF8_H

#include "onym/span.h"

/* True for valid UTF-8, the empty span included. */
bool onym_utf8_valid(onym_span text);

/* Reads one code point from the front of *text and moves past it. False (and *text unchanged) when
 * the front is not valid UTF-8 or text is empty. */
bool onym_utf8_next(onym_span *text, uint32_t *code_point);

#endif
