/* Any bytes as envelope and message, both directions and all versions: what is accepted must come
 * back the same from our own encoder. */
#include "base/require.h"
#include "support/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ONYM_REQUIRE(roundtrip_message(onym_span_of(data, size)) != ROUNDTRIP_DIFFERENT);
    return 0;
}
