#include "support/vectors.h"

#include "base/hex.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above and stddef.h, stdint.h in place */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static bool
wanted(const char *kind, const char *const *kinds)
{
    for (; *kinds != NULL; kinds++) {
        if (kind != NULL && strcmp(kind, *kinds) == 0) {
            return true;
        }
    }
    return false;
}

static bool
visit_record(const json_t *record, const char *const *kinds,
             void (*visit)(const struct test_vector *vector, void *context), void *context)
{
    const json_t *hex = json_object_get(record, "hex");
    struct test_vector vector = {
        .name = json_string_value(json_object_get(record, "name")),
        .kind = json_string_value(json_object_get(record, "kind")),
    };
    size_t len = json_string_length(hex) / 2;
    uint8_t *bytes;

    if (!wanted(vector.kind, kinds) || !json_is_string(hex)) {
        return false;
    }
    bytes = malloc(len > 0 ? len : 1);
    assert_non_null(bytes);
    assert_int_equal(onym_hex_decode(onym_span_of(json_string_value(hex), json_string_length(hex)),
                                     bytes, len, &len),
                     ONYM_OK);
    vector.bytes = onym_span_of(bytes, len);
    visit(&vector, context);
    free(bytes);
    return true;
}

size_t
test_vectors_each(const char *const *kinds,
                  void (*visit)(const struct test_vector *vector, void *context), void *context)
{
    FILE *in = fopen(ONYM_SOURCE_DIR "/proto/vectors/handle-wire.jsonl", "rb");
    char *line = NULL;
    size_t cap = 0;
    size_t count = 0;

    assert_non_null(in);
    while (getline(&line, &cap, in) > 0) {
        json_t *record = json_loads(line, 0, NULL);

        assert_non_null(record);
        count += visit_record(record, kinds, visit, context) ? 1U : 0U;
        json_decref(record);
    }
    free(line);
    (void)fclose(in);
    return count;
}
