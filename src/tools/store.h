/* The rows of the noun `store`. */
#ifndef ONYM_TOOLS_STORE_H
#define ONYM_TOOLS_STORE_H

#include "tools/command.h"

extern const char onym_store_load_help[];
extern const char onym_store_dump_help[];
extern const char onym_store_check_help[];
extern const char onym_store_reindex_help[];

int onym_store_load(const struct onym_cli *cli, int argc, char **argv);
int onym_store_dump(const struct onym_cli *cli, int argc, char **argv);
int onym_store_check_command(const struct onym_cli *cli, int argc, char **argv);
int onym_store_reindex_command(const struct onym_cli *cli, int argc, char **argv);

#endif
