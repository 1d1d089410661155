/* Pieces of JSON text, and the structured forms of value data. Between the files of wire/json_*. */
#ifndef ONYM_WIRE_JSON_WRITE_H
#define ONYM_WIRE_JSON_WRITE_H

#include "base/writer.h"
#include "wire/json_base64.h"

/* Each writes one piece; overflow sticks in w. */

/* As it is. Inlined, so that the length of a literal is known where it is compiled. */
static inline void
onym_json_put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

void onym_json_put_u64(struct onym_writer *w, uint64_t number);
/* Quoted and escaped; a byte that is no character of UTF-8 becomes U+FFFD. */
void onym_json_put_string(struct onym_writer *w, onym_span text);
void onym_json_put_base64(struct onym_writer *w, enum onym_base64 kind, onym_span bytes);
/* A reference list's raw as [{"handle", "index"}, ...]. */
void onym_json_put_references(struct onym_writer *w, onym_span raw);
/* {"format", "value"} as string or base64. */
void onym_json_put_data(struct onym_writer *w, onym_span data);

/* Each writes {"format", "value"} of a structured type and returns true, or writes nothing and
 * returns false when the bytes do not decode or the JSON would not give the same bytes back. */
bool onym_json_put_site(struct onym_writer *w, onym_span data);
bool onym_json_put_key(struct onym_writer *w, onym_span data);

#endif
