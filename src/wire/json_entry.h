/* An entry of the log as JSON: what audit export, id history and the HTTP API show. Which values
 * were sent or named, and never what they hold. */
#ifndef ONYM_WIRE_JSON_ENTRY_H
#define ONYM_WIRE_JSON_ENTRY_H

#include "base/writer.h"
#include "model/entry.h"

/* Always enough: two names, escaped to six characters a byte, and 2048 indexes are 72 KiB. */
#define ONYM_JSON_ENTRY_MAX ((size_t)128 << 10)

/* Writes one object, with the digests of the record before and after when `digests`: private values
 * that are easily guessed are found out by them. Overflow sticks in w. */
void onym_json_put_entry(struct onym_writer *w, uint64_t sequence, const struct onym_entry *entry,
                         bool digests);

#endif
