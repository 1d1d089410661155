/* The node that a command of onymctl asks or changes, and the identity of the command: over the
 * Handle protocol, the same inside TLS, or the HTTP API (tools/server_name.h). */
#ifndef ONYM_TOOLS_AUTH_CLIENT_H
#define ONYM_TOOLS_AUTH_CLIENT_H

#include "tools/auth_identity.h"
#include "tools/host_port.h"
#include "tools/id_https.h"

struct onym_tls_dialer;

struct onym_cli_client {
    struct onym_client *client;  /* of the Handle protocol; or: */
    struct onym_id_https *https; /* which answers alike */
    struct onym_tls_dialer *dialer;
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    size_t server_count;
};

/* What is not as for a change. */
struct onym_cli_reach {
    enum onym_transport transport; /* without TLS */
    bool is_query;                 /* one server may be silent for a while, another answers */
    bool is_public;                /* nobody asks: the environment does not count */
    const char *no_https;          /* why this cannot go over HTTPS, or NULL */
};

/* Opens nothing yet: looks the server up and reads the identity; over HTTPS a key logs in. `what`
 * is "id create" and the like, for messages; it and identity must stay. ONYM_EXIT_DONE, and then
 * onym_cli_client_close; or another exit code after saying on stderr what is wrong. */
int onym_cli_client_reach(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                          const char *what, const struct onym_cli_reach *how,
                          struct onym_cli_client *out);
/* As for a change. */
int onym_cli_client_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                         const char *what, struct onym_cli_client *out);
void onym_cli_client_close(struct onym_cli_client *c); /* wipes the identity */

/* As those of onym/client.h; the result lives until the next one. */
void onym_cli_client_resolve(struct onym_cli_client *c, const struct onym_client_query *query,
                             struct onym_client_result *result);
void onym_cli_client_change(struct onym_cli_client *c, const struct onym_client_change *change,
                            struct onym_client_result *result);
void onym_cli_client_list(struct onym_cli_client *c, const struct onym_client_listing *listing,
                          struct onym_client_result *result);

/* Where the result comes from, as text, and over what: "UDP", "TCP", "TLS", "HTTPS", or "HTTP" of
 * the Unix socket. */
#define ONYM_CLI_PLACE_MAX (ONYM_HOST_MAX + 16U)
const char *onym_cli_client_place(const struct onym_cli_client *c,
                                  const struct onym_client_result *result,
                                  char out[ONYM_CLI_PLACE_MAX]);

#endif
