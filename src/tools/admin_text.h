/* Who may change a record, as text: the data of HS_ADMIN as batch files of the Handle tools have
 * it. */
#ifndef ONYM_TOOLS_ADMIN_TEXT_H
#define ONYM_TOOLS_ADMIN_TEXT_H

#include "onym/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads "300:111111111111:0.NA/88.1" (INDEX:PERMISSIONS:HANDLE) and writes the structure to room;
 * cap as long as the text always suffices. NULL and *data, which lies in room; or what is wrong. */
const char *onym_admin_text_read(onym_span text, uint8_t *room, size_t cap, onym_span *data);

/* Whether the data of values of this type is such a structure. */
bool onym_admin_text_is_type(onym_span type);

#endif
