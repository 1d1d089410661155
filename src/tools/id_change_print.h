/* What onymctl says of a change: one line that it is done, or what went wrong and what to do next;
 * with --json one object. And the exit codes of administration. */
#ifndef ONYM_TOOLS_ID_CHANGE_PRINT_H
#define ONYM_TOOLS_ID_CHANGE_PRINT_H

#include "tools/auth_client.h"

#include <stdio.h>

struct onym_told_change {
    const char *what;        /* "id create", for messages */
    const char *done;        /* "created" */
    onym_span name;          /* as asked */
    enum onym_action action; /* 0 for what is no change */
    bool mint;
};

/* Prints the end of a change to stdout (done, and all JSON) and stderr (text of what went wrong).
 * Returns the exit code. */
int onym_told_change_print(const struct onym_cli *cli, const struct onym_told_change *told,
                           const struct onym_cli_client *c, const struct onym_client_result *r);

/* Text of a failure to stderr: "onymctl WHAT: NAME: why (code)" and a line with the next step. */
void onym_told_failure(const struct onym_told_change *told, const struct onym_cli_client *c,
                       const struct onym_client_result *r);

/* The members of a JSON object that say how it ended, without braces: "outcome", "responseCode",
 * and of a failure "status", "message" and "next". */
void onym_told_json_end(FILE *out, const struct onym_told_change *told,
                        const struct onym_client_result *r);
/* A JSON string. Longer texts than a name may have are cut. */
void onym_told_json_string(FILE *out, onym_span text);

/* The exit code a result means (tools/command.h). */
int onym_told_exit_code(const struct onym_client_result *r);

#endif
