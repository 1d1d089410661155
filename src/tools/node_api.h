/* One request of onymctl to the HTTP API of a node: on its Unix socket (--server unix:PATH, or the
 * one that the configuration names), where no proof is needed, or over HTTPS. */
#ifndef ONYM_TOOLS_NODE_API_H
#define ONYM_TOOLS_NODE_API_H

#include "onym/span.h"
#include "tools/https.h"

#include <jansson.h>

struct onym_node_ask {
    const char *what; /* "conf reload", for messages */
    const struct onym_cli *cli;
    const char *method, *target;
    json_t *body;                   /* borrowed; NULL: none */
    const struct onym_https *https; /* NULL: the Unix socket */
    bool reloads;                   /* errors of the configuration are the answer */
};

struct onym_node_reply {
    int status;   /* of HTTP */
    json_t *body; /* json_decref; NULL: there was none */
};

/* Asks and waits. ONYM_EXIT_DONE: *out is the answer, whatever it says. Otherwise an exit code
 * after saying on stderr what is wrong: ONYM_EXIT_UNREACHABLE, ONYM_EXIT_AUTH (the socket may not
 * be used), ONYM_EXIT_USAGE (the configuration; ONYM_EXIT_NEGATIVE for what
 * reloads it), ONYM_EXIT_UNKNOWN (sent, and not answered),
 * ONYM_EXIT_SERVER. */
int onym_node_ask(const struct onym_node_ask *ask, struct onym_node_reply *out);

/* Asks, and for a 2xx gives *out; otherwise says why not and returns the exit code. */
int onym_node_done(const struct onym_node_ask *ask, struct onym_node_reply *out);

#endif
