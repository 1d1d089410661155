/* onymctl audit prune. */
#ifndef ONYM_TOOLS_AUDIT_PRUNE_H
#define ONYM_TOOLS_AUDIT_PRUNE_H

#include "tools/command.h"

extern const char onym_audit_prune_help[];

int onym_audit_prune(const struct onym_cli *cli, int argc, char **argv);

#endif
