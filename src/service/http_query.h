/* Paths and query strings of requests: percent-decoding, once, and parameters. '+' stands for
 * itself everywhere (proto/handle-rest.md section 1). */
#ifndef ONYM_SERVICE_HTTP_QUERY_H
#define ONYM_SERVICE_HTTP_QUERY_H

#include "base/arena.h"
#include "base/writer.h"
#include "onym/model/message.h"

/* Decodes %XX. *out borrows from text when there is none, else lies in the arena. ONYM_OK;
 * ONYM_MALFORMED a '%' without two hexadecimal digits; ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_http_decode(onym_span text, struct onym_arena *arena,
                                                onym_span *out);

/* Writes text with everything but unreserved characters and '/' as %XX. Overflow sticks in w. */
void onym_http_encode(struct onym_writer *w, onym_span text);

/* Takes the next NAME[=VALUE] from *query, neither decoded; *value.at is NULL without '='. False at
 * the end. Empty items are passed over. */
bool onym_http_parameter(onym_span *query, onym_span *name, onym_span *value);

/* The first parameter of that name, not decoded. */
bool onym_http_find(onym_span query, const char *name, onym_span *value);

/* A flag is true when it is there without value or with "true", false with "false"; `absent` when
 * it is not there, or says something else. */
bool onym_http_flag(onym_span query, const char *name, bool absent);

/* A whole number of at most 19 digits and nothing else. */
bool onym_http_number(onym_span text, uint64_t *out);

/* What a query selects: every `index` and `type`, as onym_query wants them, in the arena.
 * ONYM_OK; ONYM_MALFORMED with *field the parameter that cannot be read ("index": not a number of 0
 * to 4294967295; "type": bad %XX); ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_http_selection(onym_span query, struct onym_arena *arena,
                                                   struct onym_query *out, const char **field);

#endif
