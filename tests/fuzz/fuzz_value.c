/* Any bytes as a value, and as a list of values: what is accepted must come back the same from our
 * own encoder, and walking a checked list must end where it ends. */
#include "base/require.h"
#include "support/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(onym_span raw)
{
    struct onym_value_list list = {.raw = raw};
    struct onym_value value;
    struct onym_reference ref;
    uint32_t references;

    while (onym_value_decode(&raw, &value) == ONYM_OK) {
        list.count++;
        references = 0;
        for (onym_span cursor = value.references.raw; onym_reference_next(&cursor, &ref);) {
            references++;
        }
        ONYM_REQUIRE(references == value.references.count);
        (void)onym_type_matches(value.type, value.data);
    }
    ONYM_REQUIRE((onym_value_list_check(list) == ONYM_OK) ==
                 (raw.len == 0 && list.count <= ONYM_VALUES_MAX));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    onym_span bytes = onym_span_of(data, size);

    ONYM_REQUIRE(roundtrip_value(bytes) != ROUNDTRIP_DIFFERENT);
    walk(bytes);
    return 0;
}
