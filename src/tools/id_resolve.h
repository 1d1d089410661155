/* "onymctl id resolve" and its short form "onymctl resolve". */
#ifndef ONYM_TOOLS_ID_RESOLVE_H
#define ONYM_TOOLS_ID_RESOLVE_H

#include "tools/command.h"

extern const char onym_id_resolve_help[];
int onym_id_resolve(const struct onym_cli *cli, int argc, char **argv);

#endif
