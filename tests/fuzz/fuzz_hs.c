/* Any bytes as the data of HS_ADMIN, HS_SITE, HS_VLIST or HS_PUBKEY, chosen by the first byte: what
 * is accepted must come back the same from our own encoder. */
#include "base/require.h"
#include "support/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum roundtrip (*const checks[])(onym_span data) = {
        roundtrip_hs_admin, roundtrip_hs_site, roundtrip_hs_vlist, roundtrip_hs_pubkey};

    if (size == 0) {
        return 0;
    }
    ONYM_REQUIRE(checks[data[0] % 4](onym_span_from(onym_span_of(data, size), 1)) !=
                 ROUNDTRIP_DIFFERENT);
    return 0;
}
