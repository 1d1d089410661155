/* "onymctl id create, set, add-value, rm-value, delete": changes of one identifier. */
#ifndef ONYM_TOOLS_ID_CHANGE_H
#define ONYM_TOOLS_ID_CHANGE_H

#include "tools/command.h"

extern const char onym_id_create_help[];
extern const char onym_id_set_help[];
extern const char onym_id_add_help[];
extern const char onym_id_remove_help[];
extern const char onym_id_delete_help[];

int onym_id_create(const struct onym_cli *cli, int argc, char **argv);
int onym_id_set(const struct onym_cli *cli, int argc, char **argv);
int onym_id_add(const struct onym_cli *cli, int argc, char **argv);
int onym_id_remove(const struct onym_cli *cli, int argc, char **argv);
int onym_id_delete(const struct onym_cli *cli, int argc, char **argv);

#endif
