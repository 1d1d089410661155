/* Lists of names, as they come: "onymctl id list" and "onymctl prefix list". */
#ifndef ONYM_TOOLS_ID_LIST_H
#define ONYM_TOOLS_ID_LIST_H

#include "tools/auth_identity.h"

/* --limit in a command's help. */
#define ONYM_LIMIT_HELP                                                                            \
    "Options:\n"                                                                                   \
    "  -n, --limit N           end after N names and say whether there are more\n"

extern const char onym_id_list_help[];
int onym_id_list(const struct onym_cli *cli, int argc, char **argv);

/* Lists what is under a prefix, or the homed prefixes when it is empty, to stdout: one name a line,
 * or with --json one object, which is whole even when the list breaks off. limit: names at most, 0
 * for all; that there are more is told. Returns an exit code after saying on stderr what went
 * wrong. */
int onym_list_print(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                    const char *what, onym_span prefix, uint32_t limit);

/* Reads the options of the identity and, unless limit is NULL, --limit. Leaves optind behind them.
 * An exit code. */
int onym_list_options(struct onym_cli_identity *identity, uint32_t *limit, const char *what,
                      int argc, char **argv);

#endif
