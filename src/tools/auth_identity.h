/* Who an onymctl command acts as: --as INDEX:HANDLE with --key FILE or --secret-file FILE, or the
 * environment. A secret itself is never taken from the command line or the environment, where
 * other users and logs see it. */
#ifndef ONYM_TOOLS_AUTH_IDENTITY_H
#define ONYM_TOOLS_AUTH_IDENTITY_H

#include "onym/client.h"
#include "tools/command.h"

#include <getopt.h>

/* Codes of the options, away from those of the commands. */
enum onym_identity_option {
    ONYM_IDENTITY_AS = 1000,
    ONYM_IDENTITY_KEY,
    ONYM_IDENTITY_SECRET_FILE,
    ONYM_IDENTITY_CERT,
    ONYM_IDENTITY_TOKEN_FILE,
    ONYM_IDENTITY_CA
};

/* Rows for a command's table of long options. */
#define ONYM_IDENTITY_OPTIONS                                                                      \
    {"as", required_argument, NULL, ONYM_IDENTITY_AS},                                             \
        {"key", required_argument, NULL, ONYM_IDENTITY_KEY},                                       \
        {"secret-file", required_argument, NULL, ONYM_IDENTITY_SECRET_FILE},                       \
        {"cert", required_argument, NULL, ONYM_IDENTITY_CERT},                                     \
        {"token-file", required_argument, NULL, ONYM_IDENTITY_TOKEN_FILE},                         \
    {                                                                                              \
        "ca", required_argument, NULL, ONYM_IDENTITY_CA                                            \
    }

/* What only some ways to a node take, for a command's help. */
#define ONYM_IDENTITY_CERT_HELP                                                                    \
    "      --cert FILE         or a certificate that names who asks, PEM, with its\n"              \
    "                          --key and without --as\n"
#define ONYM_IDENTITY_ROAD_HELP                                                                    \
    "Over --server tls://HOST[:2642] and https://HOST[:8000]:\n"                                   \
    "      --ca FILE           the authority of the node's certificate (or ONYM_CA)\n"             \
    "      --token-file FILE   https: an access token instead of an "                              \
    "identity\n" ONYM_IDENTITY_CERT_HELP                                                           \
    "Over --server unix:PATH the node's local operator asks, without an identity.\n"

/* The same for a command's help. */
#define ONYM_IDENTITY_HELP                                                                         \
    "Identity (or in the environment: ONYM_AS, ONYM_KEY, ONYM_SECRET_FILE):\n"                     \
    "      --as INDEX:HANDLE   the key value that proves who asks\n"                               \
    "      --key FILE          its private key, PEM, readable by you alone\n"                      \
    "      --secret-file FILE  or its secret; one line end behind it is left out\n"

struct onym_cli_identity {
    const char *as;
    const char *key;
    const char *secret_file;
    const char *cert;        /* over HTTPS and TLS; key is its own, and as is in it */
    const char *token_file;  /* over HTTPS, instead */
    const char *authorities; /* over HTTPS and TLS: who must have signed the node's certificate */
};

/* Reads a file that holds a secret. ONYM_EXIT_DONE; ONYM_EXIT_USAGE, ONYM_EXIT_REFUSED when others
 * may read it; both said on stderr. The caller wipes it. */
#define ONYM_IDENTITY_FILE_MAX (ONYM_CLIENT_KEY_LEN_MAX + 2U)
int onym_cli_identity_read(const char *what, const char *path, uint8_t out[ONYM_IDENTITY_FILE_MAX],
                           size_t *len);

/* Whether --cert stands with its own --key alone, and others may not read that. ONYM_EXIT_DONE,
 * also without --cert; ONYM_EXIT_USAGE, ONYM_EXIT_REFUSED, said on stderr. */
int onym_cli_identity_certificate(const struct onym_cli_identity *identity, const char *what);

/* What such a file holds without the line end an editor leaves. */
onym_span onym_cli_identity_line(onym_span text);

/* Takes one of the options; false when code is none of them. */
bool onym_cli_identity_option(struct onym_cli_identity *identity, int code, const char *argument);

/* Fills what the command line left open from the environment: ONYM_AS, and one of ONYM_KEY and
 * ONYM_SECRET_FILE when neither option was given. */
void onym_cli_identity_complete(struct onym_cli_identity *identity);

/* Splits "300:0.NA/88.1" into *index and *handle (borrowed). False for anything else. */
bool onym_cli_identity_split(const char *as, uint32_t *index, onym_span *handle);

/* Reads the key or secret and gives it to the client; nothing given: the client stays nobody.
 * `what` names the command in messages. ONYM_EXIT_DONE; ONYM_EXIT_USAGE for an incomplete or
 * contradicting identity or a file that cannot be read or holds no key; ONYM_EXIT_REFUSED for a
 * file that others may read. Says on stderr what is wrong and what to do. */
int onym_cli_identity_use(const struct onym_cli_identity *identity, const char *what,
                          struct onym_client *client);

#endif
