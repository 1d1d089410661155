/* Between the files of service/bulk*. */
#ifndef ONYM_SERVICE_BULK_PRIV_H
#define ONYM_SERVICE_BULK_PRIV_H

#include "service/bulk.h"

/* Room for more bytes behind the buffer's. False: there is none, and the bulk is broken. The last
 * line (bulk.told) may go over the limit: it comes once, and tells why all else was refused. */
bool onym_bulk_room(struct onym_bulk *bulk, struct onym_bulk_buffer *buffer, size_t more);

/* Gives the buffer back. */
void onym_bulk_drop(struct onym_bulk *bulk, struct onym_bulk_buffer *buffer);

/* One line of the body without its end. */
void onym_bulk_line(struct onym_bulk *bulk, onym_span text, uint64_t now_ms);

/* The row bulk.line is over its limit. */
void onym_bulk_too_long(struct onym_bulk *bulk);

/* Counts and tells the end of a row. */
void onym_bulk_tell(struct onym_bulk *bulk, uint64_t row, onym_span id, onym_span field,
                    const struct onym_http_result *result);

#endif
