/* The rows of the noun `auth`: keys, secrets, and a look at a challenge. */
#ifndef ONYM_TOOLS_AUTH_H
#define ONYM_TOOLS_AUTH_H

#include "tools/command.h"

extern const char onym_auth_key_help[];
extern const char onym_auth_secret_help[];
extern const char onym_auth_token_help[];
extern const char onym_auth_challenge_help[];

int onym_auth_key(const struct onym_cli *cli, int argc, char **argv);
int onym_auth_secret(const struct onym_cli *cli, int argc, char **argv);
int onym_auth_token(const struct onym_cli *cli, int argc, char **argv);
int onym_auth_challenge(const struct onym_cli *cli, int argc, char **argv);

#endif
