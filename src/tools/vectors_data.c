#include "onym/model/hs_admin.h"
#include "onym/model/hs_pubkey.h"
#include "onym/model/hs_vlist.h"
#include "tools/vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum onym_status
onym_describe_value_record(struct onym_vectors *vectors, onym_span bytes, json_t *out,
                           onym_span *again)
{
    struct onym_value value;
    size_t len;
    enum onym_status status = onym_value_decode(&bytes, &value);
    json_t *fields;

    if (status != ONYM_OK) {
        return status;
    }
    if (bytes.len > 0) {
        return ONYM_MALFORMED;
    }
    fields = onym_value_json(&value);
    json_object_update(out, fields);
    json_decref(fields);
    status = onym_value_encode(&value, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    *again = onym_span_of(vectors->scratch, status == ONYM_OK ? len : 0);
    return status;
}

enum onym_status
onym_describe_hs_admin(struct onym_vectors *vectors, onym_span bytes, json_t *out, onym_span *again)
{
    static const char *const slots[] = {"ADD_HANDLE",
                                        "DELETE_HANDLE",
                                        "ADD_NA(derived prefix)",
                                        "DELETE_NA(derived prefix)",
                                        "MODIFY_VALUE",
                                        "REMOVE_VALUE",
                                        "ADD_VALUE",
                                        "MODIFY_ADMIN",
                                        "REMOVE_ADMIN",
                                        "ADD_ADMIN",
                                        "READ_VALUE",
                                        "LIST_HANDLES"};
    struct onym_hs_admin admin;
    size_t len;
    enum onym_status status = onym_hs_admin_decode(bytes, &admin);

    if (status != ONYM_OK) {
        return status;
    }
    onym_put_int(out, "permissionBits", admin.permissions);
    onym_put_text(out, "adminHandle", admin.handle);
    onym_put_int(out, "adminIndex", admin.index);
    for (unsigned i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        if (admin.permissions == 1U << i) {
            json_object_set_new(out, "slotName", json_string(slots[i]));
        }
    }
    status = onym_hs_admin_encode(&admin, vectors->scratch, ONYM_VECTOR_BYTES_MAX - 2, &len);
    if (status == ONYM_OK) {
        if (admin.legacy_tail) { /* not written by us: put back to compare */
            memset(vectors->scratch + len, 0, 2);
            len += 2;
        }
        *again = onym_span_of(vectors->scratch, len);
    }
    return status;
}

static json_t *
attributes_json(struct onym_attribute_list attributes)
{
    json_t *list = json_array();
    struct onym_attribute attribute;

    while (onym_attribute_next(&attributes.raw, &attribute)) {
        json_t *o = json_object();

        onym_put_text(o, "name", attribute.name);
        onym_put_text(o, "value", attribute.value);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *
interfaces_json(struct onym_interface_list interfaces)
{
    json_t *list = json_array();
    struct onym_interface iface;

    while (onym_interface_next(&interfaces.raw, &iface)) {
        json_t *o = json_object();

        onym_put_int(o, "type", iface.type);
        onym_put_int(o, "protocol", iface.protocol);
        onym_put_int(o, "port", iface.port);
        json_array_append_new(list, o);
    }
    return list;
}

void
onym_describe_site_fields(const struct onym_hs_site *site, json_t *out)
{
    json_t *servers = json_array();
    onym_span cursor = site->servers.raw;
    struct onym_server server;

    onym_put_int(out, "dataVersion", ONYM_SITE_FORMAT);
    onym_put_version(out, "protocol", site->version);
    onym_put_int(out, "serial", site->serial);
    onym_put_bool(out, "primary", (site->flags & ONYM_SITE_PRIMARY) != 0);
    onym_put_bool(out, "multiPrimary", (site->flags & ONYM_SITE_MULTI_PRIMARY) != 0);
    onym_put_int(out, "hashOption", site->hash_option);
    onym_put_text(out, "hashFilter", site->hash_filter);
    json_object_set_new(out, "attributes", attributes_json(site->attributes));
    while (onym_server_next(&cursor, &server)) {
        json_t *o = json_object();

        onym_put_int(o, "id", server.id);
        onym_put_hex(o, "address", server.address);
        onym_put_hex(o, "publicKey", server.public_key);
        json_object_set_new(o, "interfaces", interfaces_json(server.interfaces));
        json_array_append_new(servers, o);
    }
    json_object_set_new(out, "servers", servers);
}

enum onym_status
onym_describe_hs_site(struct onym_vectors *vectors, onym_span bytes, json_t *out, onym_span *again)
{
    struct onym_hs_site site;
    size_t len;
    enum onym_status status = onym_hs_site_decode(bytes, &site);

    if (status != ONYM_OK) {
        return status;
    }
    onym_describe_site_fields(&site, out);
    status = onym_hs_site_encode(&site, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    *again = onym_span_of(vectors->scratch, status == ONYM_OK ? len : 0);
    return status;
}

enum onym_status
onym_describe_hs_vlist(struct onym_vectors *vectors, onym_span bytes, json_t *out, onym_span *again)
{
    struct onym_reference_list list;
    size_t len;
    enum onym_status status = onym_hs_vlist_decode(bytes, &list);

    if (status != ONYM_OK) {
        return status;
    }
    json_object_set_new(out, "refs", onym_references_json(list));
    status = onym_hs_vlist_encode(&list, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    *again = onym_span_of(vectors->scratch, status == ONYM_OK ? len : 0);
    return status;
}

/* Hex without leading zeros, the way numbers are printed. */
static void
put_number(json_t *out, const char *key, onym_span integer)
{
    const char *text;

    while (integer.len > 1 && integer.at[0] == 0) {
        integer = onym_span_from(integer, 1);
    }
    onym_put_hex(out, key, integer);
    text = json_string_value(json_object_get(out, key));
    if (text != NULL && text[0] == '0' && text[1] != '\0') {
        json_t *shorter = json_string(text + 1);

        json_object_set_new(out, key, shorter);
    }
}

static void
describe_key(const struct onym_hs_pubkey *key, json_t *out)
{
    json_object_set_new(out, "keyType", json_string(onym_key_kind_name(key->kind)));
    switch (key->kind) {
    case ONYM_KEY_RSA:
        put_number(out, "e", key->as.rsa.exponent);
        put_number(out, "n", key->as.rsa.modulus);
        break;
    case ONYM_KEY_DSA:
        put_number(out, "q", key->as.dsa.q);
        put_number(out, "p", key->as.dsa.p);
        put_number(out, "g", key->as.dsa.g);
        put_number(out, "y", key->as.dsa.y);
        break;
    case ONYM_KEY_DH:
        put_number(out, "y", key->as.dh.y);
        put_number(out, "p", key->as.dh.p);
        put_number(out, "g", key->as.dh.g);
        break;
    case ONYM_KEY_SM2:
    case ONYM_KEY_SM9:
    case ONYM_KEY_PEM:
        onym_put_text(out, "text", key->as.text);
        break;
    }
}

enum onym_status
onym_describe_hs_pubkey(struct onym_vectors *vectors, onym_span bytes, json_t *out,
                        onym_span *again)
{
    struct onym_hs_pubkey key;
    size_t len;
    enum onym_status status = onym_hs_pubkey_decode(bytes, &key);

    if (status != ONYM_OK) {
        return status;
    }
    describe_key(&key, out);
    status = onym_hs_pubkey_encode(&key, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    if (status == ONYM_OK) {
        if (key.kind == ONYM_KEY_RSA && key.as.rsa.no_tail) {
            len -= 4; /* written by us: taken away to compare */
        }
        *again = onym_span_of(vectors->scratch, len);
    }
    return status;
}

/* Numbers of keys are given as hex with or without leading zeros, in either case of letters. */
void
onym_run_pubkey(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                struct onym_verdict *verdict)
{
    static const char *const numbers[] = {"y", "p", "g", "q", "e", "n"};
    json_t *copy = json_copy(record);

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *text = json_string_value(json_object_get(record, numbers[i]));
        char *lower = text != NULL ? strdup(text) : NULL;
        char *from = lower;

        if (lower == NULL) {
            continue;
        }
        for (char *c = lower; *c != '\0'; c++) {
            *c = *c >= 'A' && *c <= 'F' ? (char)(*c + 32) : *c;
        }
        while (from[0] == '0' && from[1] != '\0') {
            from++;
        }
        json_object_set_new(copy, numbers[i], json_string(from));
        free(lower);
    }
    onym_vector_run_bytes(vectors, kind, copy, verdict);
    json_decref(copy);
}
