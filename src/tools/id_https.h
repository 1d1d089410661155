/* Identifiers and prefixes over the HTTP API (proto/handle-rest.md; lists: proto/openapi.yaml),
 * with the questions and results of the client of the Handle protocol (onym/client.h), so that a
 * command need not know which way was taken. One request at a time; blocking. */
#ifndef ONYM_TOOLS_ID_HTTPS_H
#define ONYM_TOOLS_ID_HTTPS_H

#include "onym/client.h"
#include "tools/auth_identity.h"

struct onym_id_https; /* opaque */

/* --server names https://HOST[:PORT], or unix:PATH, where nobody logs in. is_public: nobody logs
 * in. ONYM_EXIT_DONE and *out, or after a line on stderr what onym_https_begin gives. */
int onym_id_https_open(const struct onym_cli *cli, const struct onym_cli_identity *identity,
                       const char *what, bool is_public, struct onym_id_https **out);
void onym_id_https_close(struct onym_id_https *h); /* NULL is fine; wipes */

/* Each fills *result as onym_client_resolve, onym_client_change and onym_client_list do; it lives
 * until the next one. A change of values that must be there already (ONYM_ACTION_MODIFY) cannot be
 * said over HTTP: ONYM_UNSUPPORTED, nothing is sent. */
void onym_id_https_resolve(struct onym_id_https *h, const struct onym_client_query *query,
                           struct onym_client_result *result);
void onym_id_https_change(struct onym_id_https *h, const struct onym_client_change *change,
                          struct onym_client_result *result);
void onym_id_https_list(struct onym_id_https *h, const struct onym_client_listing *listing,
                        struct onym_client_result *result);

/* Whether it is the node's Unix socket. */
bool onym_id_https_is_local(const struct onym_id_https *h);
/* "HOST:PORT", or "unix:PATH". */
void onym_id_https_place(const struct onym_id_https *h, char *out, size_t cap);

#endif
