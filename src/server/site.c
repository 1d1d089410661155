#include "server/site.h"

#include "net/address.h"
#include "onym/model/hs_site.h"

#define SITE_SERIAL 1U

/* What clients are told: the published address, else the first one listened on. */
static const struct sockaddr *
told(const struct onym_address_list *published, const struct onym_address_list *listened)
{
    const struct onym_address_list *list = published->count > 0 ? published : listened;

    return list->count > 0 ? (const struct sockaddr *)&list->item[0].at : NULL;
}

static size_t
add_interface(uint8_t *out, size_t len, uint8_t protocol, const struct sockaddr *at, uint8_t type)
{
    struct onym_interface iface = {.type = type, .protocol = protocol};
    size_t written = 0;

    if (at == NULL) {
        return len;
    }
    iface.port = onym_address_port(at);
    if (onym_interface_encode(&iface, out + len, ONYM_INTERFACE_LEN, &written) != ONYM_OK) {
        return len;
    }
    return len + written;
}

enum onym_status
onym_site_make(const struct onym_settings *settings, const struct onym_key *key, uint8_t *out,
               size_t cap, size_t *len, struct onym_fault *fault)
{
    const struct sockaddr *tcp = told(&settings->site_tcp, &settings->handle_tcp);
    const struct sockaddr *udp = told(&settings->site_udp, &settings->handle_udp);
    uint8_t address[ONYM_ADDRESS_LEN] = {0};
    uint8_t interfaces[2 * ONYM_INTERFACE_LEN];
    uint8_t description[128];
    uint8_t servers[128 + ONYM_KEY_HS_PUBKEY_LEN_MAX];
    uint8_t public_key[ONYM_KEY_HS_PUBKEY_LEN_MAX];
    size_t interfaces_len = 0;
    size_t description_len = 0;
    size_t servers_len = 0;
    size_t public_key_len = 0;
    onym_span bytes;
    struct onym_attribute desc = {.name = onym_span_text("desc"),
                                  .value = onym_span_text(settings->node_id)};
    struct onym_server server = {.id = 1};
    struct onym_hs_site site = {.version = 2 * 256 + 11,
                                .serial = SITE_SERIAL,
                                .flags = ONYM_SITE_PRIMARY,
                                .hash_option = 2};

    if (tcp == NULL && udp == NULL) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "nothing listens for the Handle protocol; set listen.handle_tcp or "
                              "listen.handle_udp");
    }
    if (onym_address_is_any(tcp != NULL ? tcp : udp)) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "HS_SITE cannot tell clients a wildcard address; set site.handle_tcp "
                              "and site.handle_udp to addresses they reach");
    }
    bytes = onym_address_bytes(tcp != NULL ? tcp : udp);
    memcpy(address + ONYM_ADDRESS_LEN - bytes.len, bytes.at, bytes.len);
    interfaces_len = add_interface(interfaces, 0, ONYM_INTERFACE_TCP, tcp, ONYM_INTERFACE_BOTH);
    interfaces_len = add_interface(interfaces, interfaces_len, ONYM_INTERFACE_UDP, udp,
                                   ONYM_INTERFACE_QUERY);
    if (key != NULL &&
        onym_key_to_hs_pubkey(key, public_key, sizeof public_key, &public_key_len) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the public key of the site");
    }
    server.address = onym_span_of(address, sizeof address);
    server.public_key = onym_span_of(public_key, public_key_len);
    server.interfaces = (struct onym_interface_list){
        .raw = onym_span_of(interfaces, interfaces_len),
        .count = (uint32_t)(interfaces_len / ONYM_INTERFACE_LEN)};
    if (onym_server_encode(&server, servers, sizeof servers, &servers_len) != ONYM_OK ||
        onym_attribute_encode(&desc, description, sizeof description, &description_len) !=
            ONYM_OK) {
        return onym_fault_set(fault, ONYM_NO_SPACE, "node.id is too long for the site's name");
    }
    site.attributes = (struct onym_attribute_list){
        .raw = onym_span_of(description, description_len), .count = 1};
    site.servers = (struct onym_server_list){.raw = onym_span_of(servers, servers_len), .count = 1};
    return onym_hs_site_encode(&site, out, cap, len);
}
