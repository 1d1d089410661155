/* Times as text: RFC 3339 in JSON, and the form of HTTP header lines. */
#ifndef ONYM_WIRE_JSON_TIME_H
#define ONYM_WIRE_JSON_TIME_H

#include "onym/span.h"
#include "onym/status.h"

#define ONYM_TIME_TEXT_MAX 25U /* "1970-01-01T00:00:00.000Z" and a terminator */

/* Reads "YYYY-MM-DDThh:mm:ss", a fraction if any (cut to milliseconds), and "Z" or an offset such
 * as "+08:00"; years 1970 to 9999. ONYM_OK and *epoch_ms, or ONYM_MALFORMED. */
ONYM_MUST_USE enum onym_status onym_time_parse(onym_span text, uint64_t *epoch_ms);

/* Writes the time in UTC, with milliseconds only when there are any. epoch_ms below the year
 * 10000. */
void onym_time_format(uint64_t epoch_ms, char out[ONYM_TIME_TEXT_MAX]);

/* The time that was asked for last: those of a record and its values are mostly the same. The zero
 * struct is none yet. */
struct onym_time_memo {
    uint64_t epoch_ms;
    char text[ONYM_TIME_TEXT_MAX];
};

/* What onym_time_format writes; lives in the memo until it is asked for another. */
const char *onym_time_text(struct onym_time_memo *memo, uint64_t epoch_ms);

/* Writes the time as RFC 9110 5.6.7 wants it: "Sun, 06 Nov 1994 08:49:37 GMT", without a
 * terminator. epoch_s below the year 10000. */
#define ONYM_TIME_HTTP_LEN 29U
void onym_time_http(uint64_t epoch_s, char out[ONYM_TIME_HTTP_LEN]);

#endif
