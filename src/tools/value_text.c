#include "tools/value_text.h"

#include "onym/model/hs_admin.h"
#include "onym/model/hs_pubkey.h"
#include "onym/model/hs_site.h"
#include "onym/model/hs_vlist.h"
#include "onym/model/ident.h"
#include "tools/text.h"
#include "wire/json_time.h"

#include <arpa/inet.h>

#define HEX_BYTES_MAX 32U

void
onym_permissions_print(FILE *out, uint8_t permissions)
{
    (void)fprintf(out, "%c%c%c%c", (permissions & ONYM_PERM_ADMIN_READ) != 0 ? 'r' : '-',
                  (permissions & ONYM_PERM_ADMIN_WRITE) != 0 ? 'w' : '-',
                  (permissions & ONYM_PERM_PUBLIC_READ) != 0 ? 'r' : '-',
                  (permissions & ONYM_PERM_PUBLIC_WRITE) != 0 ? 'w' : '-');
}

void
onym_ttl_print(FILE *out, const struct onym_value *value)
{
    char text[ONYM_TIME_TEXT_MAX];

    if (value->ttl_type != ONYM_TTL_ABSOLUTE) {
        (void)fprintf(out, "%u", (unsigned)value->ttl);
        return;
    }
    onym_time_format((uint64_t)value->ttl * 1000U, text);
    (void)fprintf(out, "@%s", text);
}

bool
onym_type_is_site(onym_span type)
{
    return onym_text_equal_nocase(type, onym_span_text("HS_SITE")) ||
           onym_text_equal_nocase(type, onym_span_text("HS_SITE.6")) ||
           onym_text_equal_nocase(type, onym_span_text("HS_SITE.PREFIX"));
}

static bool
print_admin(FILE *out, onym_span data)
{
    static const char *const name[] = {"add-handle",    "delete-handle", "add-prefix",
                                       "delete-prefix", "modify-value",  "remove-value",
                                       "add-value",     "modify-admin",  "remove-admin",
                                       "add-admin",     "read-value",    "list-handles"};
    struct onym_hs_admin admin;
    const char *between = "";

    if (onym_hs_admin_decode(data, &admin) != ONYM_OK) {
        return false;
    }
    (void)fprintf(out, "%u:", (unsigned)admin.index);
    onym_text_print(out, admin.handle);
    (void)fputs(" may ", out);
    if ((admin.permissions & ONYM_ADMIN_ALL) == ONYM_ADMIN_ALL) {
        (void)fputs("everything", out);
        return true;
    }
    for (unsigned bit = 0; bit < sizeof name / sizeof name[0]; bit++) {
        if ((admin.permissions & (1U << bit)) != 0) {
            (void)fprintf(out, "%s%s", between, name[bit]);
            between = ",";
        }
    }
    (void)fputs(between[0] == '\0' ? "nothing" : "", out);
    return true;
}

static bool
print_vlist(FILE *out, onym_span data)
{
    struct onym_reference_list list;
    struct onym_reference item;
    const char *between = "";

    if (onym_hs_vlist_decode(data, &list) != ONYM_OK) {
        return false;
    }
    (void)fputs(list.count == 0 ? "nobody" : "", out);
    while (onym_reference_next(&list.raw, &item)) {
        (void)fprintf(out, "%s%u:", between, (unsigned)item.index);
        onym_text_print(out, item.handle);
        between = " ";
    }
    return true;
}

/* Bits of a two's-complement integer without its sign byte. */
static size_t
bits_of(onym_span integer)
{
    size_t bits;

    while (integer.len > 0 && integer.at[0] == 0) {
        integer = onym_span_from(integer, 1);
    }
    bits = integer.len * 8;
    for (uint8_t top = integer.len > 0 ? integer.at[0] : 0x80; (top & 0x80) == 0;
         top = (uint8_t)(top << 1)) {
        bits--;
    }
    return bits;
}

static bool
print_key(FILE *out, onym_span data)
{
    struct onym_hs_pubkey key;

    if (onym_hs_pubkey_decode(data, &key) != ONYM_OK) {
        return false;
    }
    (void)fputs(onym_key_kind_name(key.kind), out);
    switch (key.kind) {
    case ONYM_KEY_RSA:
        (void)fprintf(out, " %zu bits, exponent ", bits_of(key.as.rsa.modulus));
        onym_hex_print(out, key.as.rsa.exponent);
        (void)fputs(", modulus ", out);
        onym_hex_print(out, key.as.rsa.modulus);
        break;
    case ONYM_KEY_DSA:
        (void)fprintf(out, " %zu bits, y ", bits_of(key.as.dsa.p));
        onym_hex_print(out, key.as.dsa.y);
        break;
    case ONYM_KEY_DH:
        (void)fprintf(out, " %zu bits, y ", bits_of(key.as.dh.p));
        onym_hex_print(out, key.as.dh.y);
        break;
    case ONYM_KEY_SM2:
    case ONYM_KEY_SM9:
    case ONYM_KEY_PEM:
    default:
        (void)fputc(' ', out);
        onym_text_print(out, key.as.text);
        break;
    }
    return true;
}

static void
print_server(FILE *out, const struct onym_server *server)
{
    static const char *const kind[] = {"out of service", "admin", "query", "query+admin"};
    static const char *const protocol[] = {"UDP", "TCP", "HTTP", "HTTPS"};
    static const uint8_t v4_front[12] = {0};
    bool is_v4 = memcmp(server->address.at, v4_front, sizeof v4_front) == 0;
    char address[INET6_ADDRSTRLEN] = "?";
    onym_span cursor = server->interfaces.raw;
    struct onym_interface face;

    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, server->address.at + (is_v4 ? 12 : 0), address,
                    sizeof address);
    (void)fprintf(out, "; server %u %s", (unsigned)server->id, address);
    while (onym_interface_next(&cursor, &face)) {
        (void)fprintf(out, ", %s %u %s", face.protocol < 4 ? protocol[face.protocol] : "protocol ?",
                      (unsigned)face.port, face.type < 4 ? kind[face.type] : "of unknown use");
    }
}

static bool
print_site(FILE *out, onym_span data)
{
    static const char *const hash[] = {"prefix", "suffix", "whole"};
    struct onym_hs_site site;
    struct onym_attribute attribute;
    struct onym_server server;

    if (onym_hs_site_decode(data, &site) != ONYM_OK) {
        return false;
    }
    (void)fprintf(out, "version %u.%u serial %u %s%s hash %s", (unsigned)(site.version >> 8),
                  (unsigned)(site.version & 0xFF), (unsigned)site.serial,
                  (site.flags & ONYM_SITE_PRIMARY) != 0 ? "primary" : "mirror",
                  (site.flags & ONYM_SITE_MULTI_PRIMARY) != 0 ? " multi-primary" : "",
                  site.hash_option < 3 ? hash[site.hash_option] : "?");
    while (onym_attribute_next(&site.attributes.raw, &attribute)) {
        (void)fputc(' ', out);
        onym_text_print(out, attribute.name);
        (void)fputs("=\"", out);
        onym_text_print(out, attribute.value);
        (void)fputc('"', out);
    }
    while (onym_server_next(&site.servers.raw, &server)) {
        print_server(out, &server);
    }
    return true;
}

static bool
print_special(FILE *out, const struct onym_value *value)
{
    if (onym_text_equal_nocase(value->type, onym_span_text("HS_ADMIN"))) {
        return print_admin(out, value->data);
    }
    if (onym_text_equal_nocase(value->type, onym_span_text("HS_VLIST"))) {
        return print_vlist(out, value->data);
    }
    if (onym_text_equal_nocase(value->type, onym_span_text("HS_PUBKEY"))) {
        return print_key(out, value->data);
    }
    return onym_type_is_site(value->type) && print_site(out, value->data);
}

void
onym_value_text_print(FILE *out, const struct onym_value *value)
{
    if (print_special(out, value)) {
        return;
    }
    if (onym_text_readable(value->data)) {
        onym_text_print(out, value->data);
    } else if (value->data.len <= HEX_BYTES_MAX) {
        (void)fputs("hex:", out);
        onym_hex_print(out, value->data);
    } else {
        (void)fputs("base64:", out);
        onym_base64_print(out, value->data);
    }
}
