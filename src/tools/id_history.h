/* "onymctl id history": what happened to an identifier, as a running node tells it or out of a
 * stopped node's directory. */
#ifndef ONYM_TOOLS_ID_HISTORY_H
#define ONYM_TOOLS_ID_HISTORY_H

#include "tools/command.h"

extern const char onym_id_history_help[];
int onym_id_history(const struct onym_cli *cli, int argc, char **argv);

#endif
