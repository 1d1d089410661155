/* The history of an identifier as a running node tells it. */
#ifndef ONYM_TOOLS_ID_HISTORY_ONLINE_H
#define ONYM_TOOLS_ID_HISTORY_ONLINE_H

#include "onym/span.h"
#include "tools/https.h"

/* Asks page by page for up to limit entries and prints them; with --json one object. An exit code,
 * after a line on stderr when it is not ONYM_EXIT_DONE. */
int onym_history_online(const struct onym_cli *cli, const struct onym_https *https, onym_span name,
                        uint32_t limit);

#endif
