/* Which weak proofs are accepted. SHA-1 forms are on by default because one deployed client library
 * knows nothing else; MD5 is off. PBKDF2 and HMAC over SHA-1 are not weak forms of a proof: no
 * collision helps against them. Source: proto/handle.md H-11.5, H-11.6, H-12.4. */
#ifndef ONYM_AUTH_POLICY_H
#define ONYM_AUTH_POLICY_H

#include <stdbool.h>

struct onym_auth_policy {
    bool allow_sha1; /* signatures over SHA-1, answers and MACs SHA-1(K | data | K) */
    bool allow_md5;  /* the same with MD5, all of version < 2.1 included */
};

#define ONYM_AUTH_POLICY_DEFAULT ((struct onym_auth_policy){.allow_sha1 = true, .allow_md5 = false})

#endif
