/* Which server of a site an identifier belongs to. Source: proto/handle.md section 16. */
#ifndef ONYM_AUTH_SITE_HASH_H
#define ONYM_AUTH_SITE_HASH_H

#include "auth/digest.h"
#include "onym/model/ident.h"

/* The hash option of HS_SITE. */
enum onym_hash_option { ONYM_HASH_PREFIX = 0, ONYM_HASH_SUFFIX = 1, ONYM_HASH_WHOLE = 2 };

/* The absolute value of the last four bytes of the MD5 of the upper-cased part, as a number in
 * [0, 2^31]. Computed on 64 bits, so -2^31 gives 2^31 (the reference code overflows there).
 * name.len <= ONYM_NAME_LEN_MAX. The suffix of a name without '/' is the whole name. */
uint32_t onym_site_hash(struct onym_digester *digester, onym_span name,
                        enum onym_hash_option option);

/* That hash modulo the number of servers (> 0): an index into the server list. */
uint32_t onym_site_server(struct onym_digester *digester, onym_span name,
                          enum onym_hash_option option, uint32_t servers);

#endif
