/* Who asks over HTTPS: a token, a secret, a certificate of the connection, or a key that answers
 * the challenge of a session. */
#ifndef ONYM_TOOLS_HTTPS_LOGIN_H
#define ONYM_TOOLS_HTTPS_LOGIN_H

#include "tools/auth_identity.h"
#include "tools/https.h"

/* Looks whether the words fit each other, and
 * fills https->certificate and key when a certificate is to say who asks; for connections made in
 * front of onym_https_login, which does the same. ONYM_EXIT_DONE; ONYM_EXIT_USAGE when more than
 * that says it, ONYM_EXIT_REFUSED when others may read the key; said on stderr. */
int onym_https_certify(const struct onym_cli_identity *identity, struct onym_https *https);

/* Fills https->authorization from the identity or its token file; asks the server for a challenge
 * when a key is to answer it. Nothing given: nobody. ONYM_EXIT_DONE, or what onym_cli_identity_use
 * and onym_https_ask give, after a line on stderr; ONYM_EXIT_AUTH: the proof was refused. */
int onym_https_login(const struct onym_cli_identity *identity, struct onym_https *https);

/* Where and as whom, out of the words of a command: https->what is set; place is HOST[:PORT] of
 * --connect, or NULL, then --server https://... names it. Reads the authorities' name, and logs in.
 * ONYM_EXIT_DONE, ONYM_EXIT_USAGE, or what onym_https_login gives; said on stderr. */
int onym_https_begin(const struct onym_cli *cli, const char *place,
                     const struct onym_cli_identity *identity, struct onym_https *https);

#endif
