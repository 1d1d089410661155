#include "tools/vectors.h"

static const struct onym_vector_kind kinds[] = {
    {.name = "message", .describe = onym_describe_message, .run = onym_run_message},
    {.name = "captured-message", .describe = onym_describe_message, .run = onym_run_message},
    {.name = "encrypted-message", .run = onym_run_encrypted},
    {.name = "udp-packet", .run = onym_run_packet},
    {.name = "captured-exchange", .run = onym_run_exchange},
    {.name = "value", .describe = onym_describe_value_record},
    {.name = "HS_ADMIN", .describe = onym_describe_hs_admin},
    {.name = "HS_SITE", .describe = onym_describe_hs_site},
    {.name = "HS_VLIST", .describe = onym_describe_hs_vlist},
    {.name = "HS_PUBKEY", .describe = onym_describe_hs_pubkey, .run = onym_run_pubkey},
    {.name = "key", .describe = onym_describe_hs_pubkey, .run = onym_run_pubkey},
    {.name = "hash-partition", .run = onym_run_hash_partition},
    {.name = "handle-compare", .run = onym_run_compare},
    {.name = "prefix-of", .run = onym_run_prefix_of},
    {.name = "secret-answer", .run = onym_run_secret_answer},
    {.name = "pubkey-answer", .run = onym_run_pubkey_answer},
    {.name = "session-key", .run = onym_run_session_key},
    {.name = "secret-key", .run = onym_run_secret_key},
    {.name = "stream", .skip = "replication streams are not messages and not served by this node"},
    {.name = "rest-exchange", .skip = "HTTP exchanges are run by the tests of the HTTP interface"},
};

const struct onym_vector_kind *
onym_vector_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}
