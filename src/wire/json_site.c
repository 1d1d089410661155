/* HS_SITE and HS_PUBKEY from JSON. */
#include "base/writer.h"
#include "onym/model/hs_pubkey.h"
#include "onym/model/hs_site.h"
#include "wire/json_base64.h"
#include "wire/json_data.h"

#include <arpa/inet.h>

/* A positive number of a JWK as an HS_PUBKEY has it: no leading zeros, but one in front of a high
 * first bit. In scratch. */
static bool
read_number(struct onym_json *json, onym_span *out)
{
    onym_span text;
    size_t len = 0;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    uint8_t *at = onym_json_take(json, text.len / 4 * 3 + 3);

    if (at == NULL || onym_base64_decode(ONYM_BASE64_URL, text, at + 1, &len) != ONYM_OK) {
        return onym_json_fail(json, "not base64url; expected A-Z a-z 0-9 - _ without padding");
    }
    at[0] = 0;
    onym_span number = onym_span_of(at + 1, len);

    while (number.len > 0 && number.at[0] == 0) {
        number = onym_span_from(number, 1);
    }
    if (number.len == 0) {
        return onym_json_fail(json, "zero; expected a positive number in base64url");
    }
    if ((number.at[0] & 0x80) != 0) {
        number = onym_span_of(number.at - 1, number.len + 1);
    }
    *out = number;
    return true;
}

static bool
read_key_type(struct onym_json *json)
{
    onym_span text;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    return onym_span_equal(text, onym_span_text("RSA")) ||
           onym_json_fail(json, "\"%.*s\"; expected RSA (other keys as base64)",
                          text.len < 20 ? (int)text.len : 20, (const char *)text.at);
}

bool
onym_json_key(struct onym_json *json, onym_span *out)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("kty"), ONYM_JSON_NAME("n"),
                                                  ONYM_JSON_NAME("e")};
    size_t mark = json->scratch_len;
    struct onym_hs_pubkey key = {.kind = ONYM_KEY_RSA};
    uint32_t seen = 0;
    size_t len = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 3, &seen)) >= 0) {
        (void)(member == 0   ? read_key_type(json)
               : member == 1 ? read_number(json, &key.as.rsa.modulus)
                             : read_number(json, &key.as.rsa.exponent));
    }
    if (!json->failed && seen != 7) {
        return onym_json_fail(json, "a member is missing; expected \"kty\", \"n\" and \"e\"");
    }

    size_t cap = key.as.rsa.modulus.len + key.as.rsa.exponent.len + 64;
    uint8_t *at = json->failed ? NULL : onym_json_take(json, cap);

    if (at == NULL || onym_hs_pubkey_encode(&key, at, cap, &len) != ONYM_OK) {
        return onym_json_fail(json, "too long");
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}

static bool
read_number_to(struct onym_json *json, int64_t most, uint32_t *out)
{
    int64_t number;

    if (!onym_json_integer(json, 0, most, &number)) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

static bool
read_address(struct onym_json *json, uint8_t out[ONYM_ADDRESS_LEN])
{
    char text[INET6_ADDRSTRLEN] = "";
    onym_span found;

    if (!onym_json_string(json, &found)) {
        return false;
    }
    if (found.len < sizeof text) {
        memcpy(text, found.at, found.len);
    }
    memset(out, 0, ONYM_ADDRESS_LEN);
    if (strlen(text) != found.len ||
        (inet_pton(AF_INET, text, out + 12) != 1 && inet_pton(AF_INET6, text, out) != 1)) {
        return onym_json_fail(json, "\"%.*s\"; expected an IPv4 or IPv6 address",
                              found.len < 50 ? (int)found.len : 50, (const char *)found.at);
    }
    return true;
}

static bool
read_protocol(struct onym_json *json, uint8_t *out)
{
    static const char *const names[] = {"UDP", "TCP", "HTTP", "HTTPS"};
    onym_span text;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    for (uint8_t i = 0; i < 4; i++) {
        if (onym_span_equal(text, onym_span_text(names[i]))) {
            *out = i;
            return true;
        }
    }
    return onym_json_fail(json, "\"%.*s\"; expected UDP, TCP, HTTP or HTTPS",
                          text.len < 20 ? (int)text.len : 20, (const char *)text.at);
}

static bool
read_interface(struct onym_json *json, struct onym_writer *w)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("query"), ONYM_JSON_NAME("admin"),
                                                  ONYM_JSON_NAME("protocol"),
                                                  ONYM_JSON_NAME("port")};
    uint8_t protocol = 0;
    uint32_t port = 0;
    bool query = false;
    bool admin = false;
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 4, &seen)) >= 0) {
        (void)(member == 0   ? onym_json_bool(json, &query)
               : member == 1 ? onym_json_bool(json, &admin)
               : member == 2 ? read_protocol(json, &protocol)
                             : read_number_to(json, UINT32_MAX, &port));
    }
    if (!json->failed && (seen & 12) != 12) {
        return onym_json_fail(json, "a member is missing; expected \"protocol\" and \"port\"");
    }
    onym_writer_u8(
        w, (uint8_t)((admin ? ONYM_INTERFACE_ADMIN : 0) + (query ? ONYM_INTERFACE_QUERY : 0)));
    onym_writer_u8(w, protocol);
    onym_writer_u32(w, port);
    return !json->failed;
}

/* [item, ...] whose byte forms `one` writes, into scratch. */
static bool
read_list(struct onym_json *json, bool (*one)(struct onym_json *json, struct onym_writer *w),
          onym_span *raw, uint32_t *count)
{
    size_t mark = json->scratch_len;
    size_t cap;
    uint8_t *at = onym_json_take_list(json, &cap);
    struct onym_writer w;
    uint32_t n = 0;

    if (at == NULL || !onym_json_array(json)) {
        return false;
    }
    w = onym_writer_over(at, cap);
    while (onym_json_item(json)) {
        if (!one(json, &w)) {
            return false;
        }
        n++;
    }
    if (json->failed || w.status != ONYM_OK) {
        return onym_json_fail(json, "too long");
    }
    *raw = onym_json_keep(json, mark, at, w.len);
    *count = n;
    return true;
}

static bool
read_attribute(struct onym_json *json, struct onym_writer *w)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("name"), ONYM_JSON_NAME("value")};
    onym_span text[2] = {{0}};
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 2, &seen)) >= 0) {
        (void)onym_json_string(json, &text[member]);
    }
    if (!json->failed && seen != 3) {
        return onym_json_fail(json, "a member is missing; expected \"name\" and \"value\"");
    }
    onym_writer_counted(w, text[0]);
    onym_writer_counted(w, text[1]);
    return !json->failed;
}

static bool
read_server(struct onym_json *json, struct onym_writer *w)
{
    static const struct onym_json_name names[] = {
        ONYM_JSON_NAME("serverId"), ONYM_JSON_NAME("address"), ONYM_JSON_NAME("publicKey"),
        ONYM_JSON_NAME("interfaces")};
    uint8_t address[ONYM_ADDRESS_LEN] = {0};
    struct onym_interface_list interfaces = {0};
    onym_span key = {0};
    uint32_t id = 0;
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 4, &seen)) >= 0) {
        (void)(member == 0   ? read_number_to(json, UINT32_MAX, &id)
               : member == 1 ? read_address(json, address)
               : member == 2 ? onym_json_key_data(json, &key)
                             : read_list(json, read_interface, &interfaces.raw, &interfaces.count));
    }
    if (!json->failed && (seen & 3) != 3) {
        return onym_json_fail(json, "a member is missing; expected \"serverId\" and \"address\"");
    }
    onym_writer_u32(w, id);
    onym_writer_bytes(w, onym_span_of(address, sizeof address));
    onym_writer_counted(w, key);
    onym_writer_u32(w, interfaces.count);
    onym_writer_bytes(w, interfaces.raw);
    return !json->failed;
}

/* "2.11" */
static bool
read_protocol_version(struct onym_json *json, uint16_t *out)
{
    onym_span text;
    unsigned part[2] = {0, 0};
    unsigned at = 0;
    bool digit = false;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    for (size_t i = 0; i < text.len && at < 2 && part[at] < 256; i++) {
        uint8_t c = text.at[i];

        if (c == '.' && digit) {
            at++;
            digit = false;
        } else if (c >= '0' && c <= '9') {
            part[at] = part[at] * 10 + (unsigned)(c - '0');
            digit = true;
        } else {
            at = 2;
        }
    }
    if (at != 1 || !digit || part[0] > 255 || part[1] > 255) {
        return onym_json_fail(json, "\"%.*s\"; expected a version such as 2.11",
                              text.len < 20 ? (int)text.len : 20, (const char *)text.at);
    }
    *out = (uint16_t)(part[0] << 8 | part[1]);
    return true;
}

enum {
    SITE_VERSION,
    SITE_PROTOCOL,
    SITE_SERIAL,
    SITE_PRIMARY,
    SITE_MULTI,
    SITE_HASH,
    SITE_FILTER,
    SITE_ATTRIBUTES,
    SITE_SERVERS
};

static bool
read_site_version(struct onym_json *json)
{
    int64_t format;

    return onym_json_integer(json, ONYM_SITE_FORMAT, ONYM_SITE_FORMAT, &format);
}

static bool
read_site_flag(struct onym_json *json, uint8_t bit, uint8_t *flags)
{
    bool set = false;

    if (!onym_json_bool(json, &set)) {
        return false;
    }
    *flags = (uint8_t)(set ? *flags | bit : *flags);
    return true;
}

static bool
read_site_member(struct onym_json *json, int member, struct onym_hs_site *site)
{
    uint32_t number = 0;

    switch (member) {
    case SITE_VERSION:
        return read_site_version(json);
    case SITE_PROTOCOL:
        return read_protocol_version(json, &site->version);
    case SITE_SERIAL:
        (void)read_number_to(json, UINT16_MAX, &number);
        site->serial = (uint16_t)number;
        return !json->failed;
    case SITE_PRIMARY:
        return read_site_flag(json, ONYM_SITE_PRIMARY, &site->flags);
    case SITE_MULTI:
        return read_site_flag(json, ONYM_SITE_MULTI_PRIMARY, &site->flags);
    case SITE_HASH:
        (void)read_number_to(json, UINT8_MAX, &number);
        site->hash_option = (uint8_t)number;
        return !json->failed;
    case SITE_FILTER:
        return onym_json_string(json, &site->hash_filter);
    case SITE_ATTRIBUTES:
        return read_list(json, read_attribute, &site->attributes.raw, &site->attributes.count);
    default:
        return read_list(json, read_server, &site->servers.raw, &site->servers.count);
    }
}

bool
onym_json_site(struct onym_json *json, onym_span *out)
{
    static const struct onym_json_name names[] = {
        [SITE_VERSION] = ONYM_JSON_NAME("version"),
        [SITE_PROTOCOL] = ONYM_JSON_NAME("protocolVersion"),
        [SITE_SERIAL] = ONYM_JSON_NAME("serialNumber"),
        [SITE_PRIMARY] = ONYM_JSON_NAME("primarySite"),
        [SITE_MULTI] = ONYM_JSON_NAME("multiPrimary"),
        [SITE_HASH] = ONYM_JSON_NAME("hashOption"),
        [SITE_FILTER] = ONYM_JSON_NAME("hashFilter"),
        [SITE_ATTRIBUTES] = ONYM_JSON_NAME("attributes"),
        [SITE_SERVERS] = ONYM_JSON_NAME("servers")};
    size_t mark = json->scratch_len;
    struct onym_hs_site site = {.version = 0x020B, .hash_option = 2};
    uint32_t seen = 0;
    size_t len = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 9, &seen)) >= 0) {
        (void)read_site_member(json, member, &site);
    }
    if (!json->failed && (seen & 1U << SITE_SERVERS) == 0) {
        return onym_json_fail(json, "a member is missing; expected \"servers\"");
    }

    size_t cap = 32 + site.hash_filter.len + site.attributes.raw.len + site.servers.raw.len;
    uint8_t *at = json->failed ? NULL : onym_json_take(json, cap);

    if (at == NULL || onym_hs_site_encode(&site, at, cap, &len) != ONYM_OK) {
        return onym_json_fail(json, "too long");
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}
