#include "auth/site_hash.h"
#include "tools/vectors.h"

#include <stdio.h>

static onym_span
text_field(json_t *record, const char *key, struct onym_verdict *verdict)
{
    const json_t *text = json_object_get(record, key);

    if (!json_is_string(text)) {
        onym_verdict_fail(verdict, "%s: missing", key);
        return onym_span_of("", 0);
    }
    return onym_span_of(json_string_value(text), json_string_length(text));
}

void
onym_run_hash_partition(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                        json_t *record, struct onym_verdict *verdict)
{
    static const char *const keys[] = {"server_opt0", "server_opt1", "server_opt2"};
    onym_span handle = text_field(record, "handle", verdict);
    json_t *counts = json_object_get(record, "numServers");
    json_t *found = json_object();
    uint8_t upper[ONYM_NAME_LEN_MAX];

    (void)kind;
    if (handle.len > sizeof upper) {
        onym_verdict_fail(verdict, "handle: longer than %u bytes", ONYM_NAME_LEN_MAX);
        handle = onym_span_front(handle, sizeof upper);
    }
    onym_ident_upper(handle, upper);
    onym_put_text(found, "handle", handle);
    onym_put_hex(found, "handle_hex", handle);
    onym_put_hex(found, "upper_hex", onym_span_of(upper, handle.len));
    json_object_set(found, "numServers", counts);
    for (unsigned option = 0; option < 3; option++) {
        json_t *servers = json_array();

        for (size_t i = 0; i < json_array_size(counts); i++) {
            json_int_t count = json_integer_value(json_array_get(counts, i));

            if (count <= 0 || count > UINT32_MAX) {
                onym_verdict_fail(verdict, "numServers: not a number of servers");
                count = 1;
            }
            json_array_append_new(servers, json_integer(onym_site_server(
                                               vectors->digester, handle,
                                               (enum onym_hash_option)option, (uint32_t)count)));
        }
        json_object_set_new(found, keys[option], servers);
    }
    onym_compare_fields(record, found, true, verdict);
    json_decref(found);
}

void
onym_run_compare(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                 struct onym_verdict *verdict)
{
    onym_span a = text_field(record, "a", verdict);
    onym_span b = text_field(record, "b", verdict);
    json_t *found = json_object();

    (void)vectors;
    (void)kind;
    onym_put_text(found, "a", a);
    onym_put_text(found, "b", b);
    onym_put_bool(found, "equal_insensitive", onym_ident_equal(a, b, ONYM_FOLD_ALL));
    onym_put_bool(found, "equal_prefix_insensitive", onym_ident_equal(a, b, ONYM_FOLD_PREFIX));
    onym_compare_fields(record, found, true, verdict);
    json_decref(found);
}

void
onym_run_prefix_of(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                   json_t *record, struct onym_verdict *verdict)
{
    onym_span handle = text_field(record, "handle", verdict);
    struct onym_ident ident = onym_ident_split(handle);
    uint8_t prefix_record[ONYM_PREFIX_NAME_LEN_MAX];
    json_t *found = json_object();

    (void)vectors;
    (void)kind;
    onym_put_text(found, "handle", handle);
    onym_put_text(found, "zeroNA",
                  onym_ident_prefix_record(handle, prefix_record, sizeof prefix_record));
    onym_put_text(found, "prefixPart", ident.prefix);
    onym_put_text(found, "suffixPart", ident.suffix);
    onym_compare_fields(record, found, true, verdict);
    json_decref(found);
}
