/* What the commands of the noun tls share. */
#ifndef ONYM_TOOLS_TLS_H
#define ONYM_TOOLS_TLS_H

#include "config/settings.h"
#include "tools/command.h"

#include <stdint.h>

#define ONYM_TLS_TIME_MAX 32U

/* "2027-01-31T12:00:00Z" */
void onym_tls_time(int64_t epoch_s, char out[ONYM_TLS_TIME_MAX]);

/* The settings of a node that has a certificate, to be freed. NULL, with the exit code in *code
 * after saying on stderr what is wrong, when the configuration is invalid or names none. */
struct onym_settings *onym_tls_settings(const struct onym_cli *cli, const char *verb, int *code);

/* Rows of the table. */
int onym_tls_run_status(const struct onym_cli *cli, int argc, char **argv);
int onym_tls_run_trust(const struct onym_cli *cli, int argc, char **argv);

#endif
