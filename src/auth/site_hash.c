#include "auth/site_hash.h"

#include "base/bytes.h"
#include "base/require.h"

uint32_t
onym_site_hash(struct onym_digester *digester, onym_span name, enum onym_hash_option option)
{
    struct onym_ident ident = onym_ident_split(name);
    onym_span part = name;
    uint8_t upper[ONYM_NAME_LEN_MAX];
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    onym_span folded;
    uint32_t tail;

    if (option == ONYM_HASH_PREFIX) {
        part = ident.prefix;
    } else if (option == ONYM_HASH_SUFFIX) {
        part = ident.suffix;
    }
    ONYM_REQUIRE(part.len <= sizeof upper);
    onym_ident_upper(part, upper);
    folded = onym_span_of(upper, part.len);
    (void)onym_digest(digester, ONYM_MD5, &folded, 1, digest);
    tail = onym_get_u32(digest + 12);
    return (tail & 0x80000000U) != 0 ? 0U - tail : tail;
}

uint32_t
onym_site_server(struct onym_digester *digester, onym_span name, enum onym_hash_option option,
                 uint32_t servers)
{
    return onym_site_hash(digester, name, option) % servers;
}
