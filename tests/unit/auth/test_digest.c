/* The digests against the vectors of their standards: RFC 1321, FIPS 180 and GB/T 32905. */
#include "auth/digest.h"
#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BLOCKS "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd"

static void
digests_are_those_of_the_standards(void **state)
{
    static const struct {
        enum onym_digest algorithm;
        const char *text, *hex;
    } vector[] = {
        {ONYM_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {ONYM_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {ONYM_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {ONYM_SM3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
        {ONYM_SM3, BLOCKS, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
    };
    struct onym_digester *digester;
    uint8_t out[ONYM_DIGEST_BYTES_MAX];
    char hex[2 * ONYM_DIGEST_BYTES_MAX + 1];

    (void)state;
    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++) {
        onym_span text = onym_span_text(vector[i].text);
        onym_span parts[2] = {onym_span_front(text, 2), onym_span_from(text, 2)};

        onym_hex_encode(
            onym_span_of(out, onym_digest(digester, vector[i].algorithm, parts, 2, out)), hex);
        assert_string_equal(hex, vector[i].hex);
    }
    onym_digester_free(digester);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digests_are_those_of_the_standards)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
