/* The node that --server names, and how to get there: spelt alike by every command.
 *
 *   HOST[:PORT]            the Handle protocol (2641)
 *   tls://HOST[:PORT]      the same inside TLS (2642)
 *   https://HOST[:PORT]    the HTTP API over TLS (8000)
 *   unix:PATH              the HTTP API on the node's Unix socket, as its local operator
 */
#ifndef ONYM_TOOLS_SERVER_NAME_H
#define ONYM_TOOLS_SERVER_NAME_H

#include "tools/host_port.h"

enum onym_road { ONYM_ROAD_HANDLE, ONYM_ROAD_TLS, ONYM_ROAD_HTTPS, ONYM_ROAD_LOCAL };

struct onym_server_name {
    enum onym_road road;
    char host[ONYM_HOST_MAX];
    char port[8];
};

/* Which way server (NULL: none was named) wants to be asked. */
enum onym_road onym_server_road(const char *server);

/* The path of unix:PATH. ONYM_EXIT_DONE and *out, borrowed; ONYM_EXIT_USAGE, said on stderr. */
int onym_server_socket(const char *what, const char *server, const char **out);

/* Cuts one that is no unix:PATH. ONYM_EXIT_DONE; ONYM_EXIT_USAGE, said on stderr. `what` is the
 * command. */
int onym_server_name_read(const char *what, const char *server, struct onym_server_name *out);

/* The authorities that must lead to a server's certificate: as given, or ONYM_CA of the
 * environment. ONYM_EXIT_DONE; ONYM_EXIT_USAGE: neither, said on stderr. */
int onym_server_authorities(const char *what, const char *given, const char **out);

#endif
