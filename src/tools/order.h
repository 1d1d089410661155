/* Orders to the running node: conf reload, tls reload, log level. Rows of three nouns. */
#ifndef ONYM_TOOLS_ORDER_H
#define ONYM_TOOLS_ORDER_H

#include "tools/command.h"

#include <stdint.h>

extern const char onym_order_conf_help[];
extern const char onym_order_tls_help[];

int onym_order_conf_reload(const struct onym_cli *cli, int argc, char **argv);
int onym_order_tls_reload(const struct onym_cli *cli, int argc, char **argv);

/* "30d", "12h", "10m", "30s" in seconds; false: another form, or over 366 days. */
bool onym_order_seconds(const char *text, uint32_t *out);

#endif
