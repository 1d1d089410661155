/* A connection of onymctl to the node it administers: the servers of --server over TCP, and the
 * identity of the command. */
#ifndef ONYM_TOOLS_AUTH_CLIENT_H
#define ONYM_TOOLS_AUTH_CLIENT_H

#include "tools/auth_identity.h"

struct onym_cli_client {
    struct onym_client *client;
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    size_t server_count;
};

/* Opens nothing yet: looks the server up and reads the identity. `what` is "id create" and the
 * like, for messages. ONYM_EXIT_DONE, and then onym_cli_client_close; or another exit code after
 * saying on stderr what is wrong. */
int onym_cli_client_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                         const char *what, struct onym_cli_client *out);
void onym_cli_client_close(struct onym_cli_client *c); /* wipes the identity */

#endif
