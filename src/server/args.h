/* The command line of onymd. */
#ifndef ONYM_SERVER_ARGS_H
#define ONYM_SERVER_ARGS_H

#include <stdbool.h>

#define ONYM_OVERRIDES_MAX 64

/* Exit codes of the daemon. */
enum onym_daemon_exit {
    ONYM_DAEMON_STOPPED = 0,
    ONYM_DAEMON_FAILED = 1,
    ONYM_DAEMON_CONFIG = 78 /* configuration or command line invalid */
};

struct onym_args {
    const char *config; /* NULL: defaults, environment and command line only */
    bool check_config;
    char *overrides[ONYM_OVERRIDES_MAX + 1]; /* "section.key=value", ended by NULL */
};

/* Reads argv. Returns -1 to go on, or the exit code after --help, --version or an error, which it
 * has printed. */
int onym_args_parse(int argc, char **argv, struct onym_args *out);

#endif
