/* The one command table of onymctl: each noun's file offers its rows, main_onymctl.c joins them,
 * parses the global options and generates help from the table. */
#ifndef ONYM_TOOLS_COMMAND_H
#define ONYM_TOOLS_COMMAND_H

#include <stdbool.h>

/* Exit codes of onymctl and onymbench. */
enum onym_exit {
    ONYM_EXIT_DONE = 0,
    ONYM_EXIT_NEGATIVE = 1, /* negative result, or some rows failed */
    ONYM_EXIT_USAGE = 2,
    ONYM_EXIT_UNREACHABLE = 3, /* or timed out before sending */
    ONYM_EXIT_AUTH = 4,
    ONYM_EXIT_SERVER = 5,
    ONYM_EXIT_REFUSED = 6, /* refused by a safety check */
    ONYM_EXIT_UNKNOWN = 7, /* outcome unknown */
    ONYM_EXIT_INTERRUPTED = 130
};

/* Global options, parsed before the noun and also accepted after the verb. */
struct onym_cli {
    const char *program; /* "onymctl" */
    const char *config;  /* --config FILE or NULL */
    const char *server;  /* --server HOST[:PORT] or NULL: the last one given */
    bool json;           /* --json or -o json */
    const bool *printed; /* with json: whether a byte has gone to standard output; else NULL */
    bool quiet;          /* -q */
    bool verbose;        /* -v */
    bool no_progress;    /* --no-progress */
    bool color;          /* decided from --color, NO_COLOR and the terminal */
    double timeout_s;    /* --timeout SEC; 0 = the command's own */
};

struct onym_command {
    const char *noun;    /* "store" */
    const char *verb;    /* "load" */
    bool top_level;      /* also reachable as "onymctl load" */
    const char *usage;   /* "--data DIR [--memory SIZE] FILE" */
    const char *summary; /* one line */
    const char *help;    /* option list and two examples, at most 80 columns */
    /* argv[0] is the verb; returns an exit code. Uses onym_option_next with optind reset to 0. */
    int (*run)(const struct onym_cli *cli, int argc, char **argv);
};

/* A noun's rows, ended by one with noun == NULL. */
extern const struct onym_command onym_commands_id[];     /* tools/id.c */
extern const struct onym_command onym_commands_prefix[]; /* tools/prefix.c */
extern const struct onym_command onym_commands_batch[];  /* tools/batch.c */
extern const struct onym_command onym_commands_auth[];   /* tools/auth.c */
extern const struct onym_command onym_commands_store[];  /* tools/store.c */
extern const struct onym_command onym_commands_conf[];   /* tools/conf.c */
extern const struct onym_command onym_commands_audit[];  /* tools/audit.c */
extern const struct onym_command onym_commands_node[];   /* tools/init.c */
extern const struct onym_command onym_commands_tls[];    /* tools/tls.c */
extern const struct onym_command onym_commands_log[];    /* tools/order.c */

/* Prints "onymctl VERB: text" to stderr and returns ONYM_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int onym_usage_error(const char *verb, const char *format,
                                                           ...);

#endif
