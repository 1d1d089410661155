/* Entity tags of /api/v1: "REVISION-CREATED", in quotes, the time of creation in ms. A name that is
 * deleted and created anew counts its revisions from 1 again, so a revision alone does not name one
 * content. Of a body with private values it ends in "-p": the same revision has another without
 * them. In conditions "REVISION" is taken too, and means that of whichever creation. */
#ifndef ONYM_SERVICE_ENTITY_TAG_H
#define ONYM_SERVICE_ENTITY_TAG_H

#include "onym/span.h"

#include <stdbool.h>
#include <stdint.h>

#define ONYM_ENTITY_TAG_MAX 48U

/* Writes the tag and a NUL. With created_ms 0, when it is not known, the revision alone. */
void onym_entity_tag_write(uint64_t revision, uint64_t created_ms, bool has_private,
                           char out[ONYM_ENTITY_TAG_MAX]);

/* Reads one strong tag; *created_ms is 0 when it has none. False: not the form. */
bool onym_entity_tag_read(onym_span text, uint64_t *revision, uint64_t *created_ms);

/* RFC 9110 13.1.2: whether the list of If-None-Match is '*' or has the tag, weak or strong. */
bool onym_entity_tag_listed(onym_span list, onym_span tag);

#endif
