#include "tools/auth.h"

#include <stddef.h>

const struct onym_command onym_commands_auth[] = {
    {.noun = "auth",
     .verb = "key",
     .usage = "gen --out FILE [options]",
     .summary = "Make a key pair and the HS_PUBKEY value of it",
     .help = onym_auth_key_help,
     .run = onym_auth_key},
    {.noun = "auth",
     .verb = "secret",
     .usage = "gen --out FILE [options]",
     .summary = "Make a shared secret and the HS_SECKEY value of it",
     .help = onym_auth_secret_help,
     .run = onym_auth_secret},
    {.noun = "auth",
     .verb = "token",
     .usage = "create|list|revoke [options]",
     .summary = "Make, list and revoke access tokens of the HTTP API",
     .help = onym_auth_token_help,
     .run = onym_auth_token},
    {.noun = "auth",
     .verb = "challenge",
     .usage = "[options]",
     .summary = "Show a challenge and whether a proof is accepted",
     .help = onym_auth_challenge_help,
     .run = onym_auth_challenge},
    {.noun = NULL},
};
