/* An entry of the log as people read it, from its JSON form, whoever told it. */
#ifndef ONYM_TOOLS_ID_HISTORY_PRINT_H
#define ONYM_TOOLS_ID_HISTORY_PRINT_H

#include <jansson.h>

/* One line on standard output; members that are missing are left out. */
void onym_history_print(const json_t *item);

#endif
