/* HS_SITE and HS_PUBKEY as JSON. */
#include "base/utf8.h"
#include "onym/model/hs_pubkey.h"
#include "onym/model/hs_site.h"
#include "wire/json_write.h"

#include <arpa/inet.h>

/* A positive number without superfluous sign bytes, as onym_json_key makes them. */
static bool
is_canonical(onym_span number)
{
    if (number.len == 0 || (number.at[0] & 0x80) != 0) {
        return false;
    }
    return number.at[0] != 0 || (number.len > 1 && (number.at[1] & 0x80) != 0);
}

static void
put_number(struct onym_writer *w, onym_span number)
{
    onym_json_put_base64(w, ONYM_BASE64_URL, onym_span_from(number, number.at[0] == 0 ? 1 : 0));
}

bool
onym_json_put_key(struct onym_writer *w, onym_span data)
{
    struct onym_hs_pubkey key;

    if (onym_hs_pubkey_decode(data, &key) != ONYM_OK || key.kind != ONYM_KEY_RSA ||
        key.as.rsa.no_tail || !is_canonical(key.as.rsa.exponent) ||
        !is_canonical(key.as.rsa.modulus)) {
        return false;
    }
    onym_json_put(w, "{\"format\":\"key\",\"value\":{\"kty\":\"RSA\",\"n\":");
    put_number(w, key.as.rsa.modulus);
    onym_json_put(w, ",\"e\":");
    put_number(w, key.as.rsa.exponent);
    onym_json_put(w, "}}");
    return true;
}

static bool
servers_fit(struct onym_server_list list)
{
    struct onym_server server;
    struct onym_interface iface;

    while (onym_server_next(&list.raw, &server)) {
        while (onym_interface_next(&server.interfaces.raw, &iface)) {
            if (iface.type > ONYM_INTERFACE_BOTH || iface.protocol > ONYM_INTERFACE_HTTPS) {
                return false;
            }
        }
    }
    return true;
}

static bool
attributes_fit(struct onym_attribute_list list)
{
    struct onym_attribute attribute;

    while (onym_attribute_next(&list.raw, &attribute)) {
        if (!onym_utf8_valid(attribute.name) || !onym_utf8_valid(attribute.value)) {
            return false;
        }
    }
    return true;
}

static void
put_attributes(struct onym_writer *w, struct onym_attribute_list list)
{
    struct onym_attribute attribute;
    const char *before = ",\"attributes\":[{\"name\":";

    while (onym_attribute_next(&list.raw, &attribute)) {
        onym_json_put(w, before);
        onym_json_put_string(w, attribute.name);
        onym_json_put(w, ",\"value\":");
        onym_json_put_string(w, attribute.value);
        onym_json_put(w, "}");
        before = ",{\"name\":";
    }
    if (list.count > 0) {
        onym_json_put(w, "]");
    }
}

static void
put_interfaces(struct onym_writer *w, struct onym_interface_list list)
{
    static const char *const protocol[] = {"UDP", "TCP", "HTTP", "HTTPS"};
    struct onym_interface iface;
    const char *before = "";

    onym_json_put(w, ",\"interfaces\":[");
    while (onym_interface_next(&list.raw, &iface)) {
        onym_json_put(w, before);
        onym_json_put(w, (iface.type & ONYM_INTERFACE_QUERY) != 0 ? "{\"query\":true"
                                                                  : "{\"query\":false");
        onym_json_put(w, (iface.type & ONYM_INTERFACE_ADMIN) != 0 ? ",\"admin\":true"
                                                                  : ",\"admin\":false");
        onym_json_put(w, ",\"protocol\":\"");
        onym_json_put(w, protocol[iface.protocol]);
        onym_json_put(w, "\",\"port\":");
        onym_json_put_u64(w, iface.port);
        onym_json_put(w, "}");
        before = ",";
    }
    onym_json_put(w, "]");
}

static void
put_server(struct onym_writer *w, const struct onym_server *server)
{
    static const uint8_t zeros[12];
    char text[INET6_ADDRSTRLEN] = "";
    bool v4 = memcmp(server->address.at, zeros, sizeof zeros) == 0;

    (void)inet_ntop(v4 ? AF_INET : AF_INET6, server->address.at + (v4 ? 12 : 0), text, sizeof text);
    onym_json_put(w, "{\"serverId\":");
    onym_json_put_u64(w, server->id);
    onym_json_put(w, ",\"address\":\"");
    onym_json_put(w, text);
    onym_json_put(w, "\"");
    if (server->public_key.len > 0) {
        onym_json_put(w, ",\"publicKey\":");
        if (!onym_json_put_key(w, server->public_key)) {
            onym_json_put_data(w, server->public_key);
        }
    }
    put_interfaces(w, server->interfaces);
    onym_json_put(w, "}");
}

static void
put_servers(struct onym_writer *w, struct onym_server_list list)
{
    struct onym_server server;
    const char *before = "";

    onym_json_put(w, ",\"servers\":[");
    while (onym_server_next(&list.raw, &server)) {
        onym_json_put(w, before);
        put_server(w, &server);
        before = ",";
    }
    onym_json_put(w, "]");
}

bool
onym_json_put_site(struct onym_writer *w, onym_span data)
{
    struct onym_hs_site site;

    if (onym_hs_site_decode(data, &site) != ONYM_OK ||
        (site.flags & ~(ONYM_SITE_PRIMARY | ONYM_SITE_MULTI_PRIMARY)) != 0 ||
        !onym_utf8_valid(site.hash_filter) || !attributes_fit(site.attributes) ||
        !servers_fit(site.servers)) {
        return false;
    }
    onym_json_put(w, "{\"format\":\"site\",\"value\":{\"version\":1,\"protocolVersion\":\"");
    onym_json_put_u64(w, site.version >> 8);
    onym_json_put(w, ".");
    onym_json_put_u64(w, site.version & 255);
    onym_json_put(w, "\",\"serialNumber\":");
    onym_json_put_u64(w, site.serial);
    onym_json_put(w, (site.flags & ONYM_SITE_PRIMARY) != 0 ? ",\"primarySite\":true"
                                                           : ",\"primarySite\":false");
    onym_json_put(w, (site.flags & ONYM_SITE_MULTI_PRIMARY) != 0 ? ",\"multiPrimary\":true"
                                                                 : ",\"multiPrimary\":false");
    if (site.hash_option != 2) {
        onym_json_put(w, ",\"hashOption\":");
        onym_json_put_u64(w, site.hash_option);
    }
    if (site.hash_filter.len > 0) {
        onym_json_put(w, ",\"hashFilter\":");
        onym_json_put_string(w, site.hash_filter);
    }
    put_attributes(w, site.attributes);
    put_servers(w, site.servers);
    onym_json_put(w, "}}");
    return true;
}
