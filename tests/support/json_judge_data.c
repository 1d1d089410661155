#include "support/json_judge_data.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

void
judge_put(struct judge_build *b, const void *bytes, size_t len)
{
    if (b->bad || len > sizeof b->at - b->len) {
        b->bad = true;
        return;
    }
    if (len > 0) {
        memcpy(b->at + b->len, bytes, len);
    }
    b->len += len;
}

void
judge_put_number(struct judge_build *b, unsigned long long v, unsigned size)
{
    for (unsigned i = size; i > 0; i--) {
        uint8_t byte = (uint8_t)(v >> ((i - 1) * 8));
        judge_put(b, &byte, 1);
    }
}

void
judge_put_counted(struct judge_build *b, const void *bytes, size_t len)
{
    judge_put_number(b, len, 4);
    judge_put(b, bytes, len);
}

bool
judge_only(const json_t *object, const char *const *names)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            return false;
        }
    }
    return true;
}

bool
judge_number(const json_t *value, long long least, long long most, long long *out)
{
    if (!json_is_integer(value)) {
        return false;
    }
    *out = json_integer_value(value);
    return *out >= least && *out <= most;
}

bool
judge_put_text(struct judge_build *b, const json_t *value, size_t most)
{
    if (!json_is_string(value) || json_string_length(value) > most) {
        return false;
    }
    judge_put_counted(b, json_string_value(value), json_string_length(value));
    return true;
}

/* The digits of base64 in either alphabet, without padding, into b. */
static bool
put_base64(struct judge_build *b, const char *text, size_t len, const char *two)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    unsigned bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] != '\0' ? strchr(common, text[i]) : NULL;
        unsigned digit = found != NULL       ? (unsigned)(found - common)
                         : text[i] == two[0] ? 62
                         : text[i] == two[1] ? 63
                                             : 64;
        if (digit == 64) {
            return false;
        }
        bits = (bits << 6 | digit) & 0xFFFF;
        have += 6;
        if (have >= 8) {
            uint8_t byte = (uint8_t)(bits >> (have - 8));
            judge_put(b, &byte, 1);
            have -= 8;
        }
    }
    return have < 6 && (bits & ((1U << have) - 1)) == 0;
}

static bool
put_hex(struct judge_build *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i += 2) {
        char pair[3] = {text[i], i + 1 < len ? text[i + 1] : 'x', '\0'};

        if (strspn(pair, "0123456789abcdefABCDEF") != 2) {
            return false;
        }
        uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        judge_put(b, &byte, 1);
    }
    return true;
}

static bool
put_index(struct judge_build *b, const json_t *value)
{
    long long n;

    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t len = json_string_length(value);

        if (len == 0 || len > 10 || strspn(text, "0123456789") != len) {
            return false;
        }
        n = strtoll(text, NULL, 10);
        judge_put_number(b, (unsigned long long)n, 4);
        return n <= 0xFFFFFFFFLL;
    }
    if (!judge_number(value, 0, 0xFFFFFFFFLL, &n)) {
        return false;
    }
    judge_put_number(b, (unsigned long long)n, 4);
    return true;
}

bool
judge_put_references(struct judge_build *b, const json_t *list)
{
    static const char *const names[] = {"handle", "index", NULL};
    size_t i;
    json_t *item;

    if (!json_is_array(list)) {
        return false;
    }
    judge_put_number(b, json_array_size(list), 4);
    json_array_foreach(list, i, item)
    {
        if (!judge_only(item, names) || !judge_put_text(b, json_object_get(item, "handle"), 2048) ||
            !put_index(b, json_object_get(item, "index"))) {
            return false;
        }
    }
    return true;
}

static bool
put_admin(struct judge_build *b, const json_t *value)
{
    static const char *const names[] = {"handle", "index", "permissions", "legacyByteLength", NULL};
    const json_t *permissions = json_object_get(value, "permissions");
    const json_t *legacy = json_object_get(value, "legacyByteLength");
    long long bits = 0;

    if (!judge_only(value, names) || (legacy != NULL && !json_is_boolean(legacy))) {
        return false;
    }
    if (json_is_string(permissions)) {
        const char *text = json_string_value(permissions);
        size_t len = json_string_length(permissions);

        if (len == 1 && text[0] == '*') {
            bits = 0xFFF;
        } else {
            if (len > 16 || strspn(text, "01") != len) {
                return false;
            }
            bits = strtoll(len > 0 ? text : "0", NULL, 2);
        }
    } else if (json_is_boolean(permissions)) {
        bits = json_is_true(permissions) ? 0xFFF : 0;
    } else if (!judge_number(permissions, 0, 0xFFFF, &bits)) {
        return false;
    }
    judge_put_number(b, (unsigned long long)bits, 2);
    if (!judge_put_text(b, json_object_get(value, "handle"), 2048) ||
        !put_index(b, json_object_get(value, "index"))) {
        return false;
    }
    judge_put_number(b, 0, json_is_true(legacy) ? 2 : 0);
    return true;
}

static bool
put_key_number(struct judge_build *b, const json_t *value)
{
    struct judge_build *n = calloc(1, sizeof *n);
    size_t zeros = 0;
    bool good = json_is_string(value) &&
                put_base64(n, json_string_value(value), json_string_length(value), "-_");

    while (good && zeros < n->len && n->at[zeros] == 0) {
        zeros++;
    }
    good = good && !n->bad && zeros < n->len;
    if (good) {
        unsigned sign = n->at[zeros] >> 7;

        judge_put_number(b, n->len - zeros + sign, 4);
        judge_put_number(b, 0, sign);
        judge_put(b, n->at + zeros, n->len - zeros);
    }
    free(n);
    return good;
}

static bool
put_key(struct judge_build *b, const json_t *value)
{
    static const char *const names[] = {"kty", "n", "e", NULL};
    const json_t *kty = json_object_get(value, "kty");

    if (!judge_only(value, names) || !json_is_string(kty) || json_string_length(kty) != 3 ||
        strcmp(json_string_value(kty), "RSA") != 0) {
        return false;
    }
    judge_put_counted(b, "RSA_PUB_KEY", 11);
    judge_put_number(b, 0, 2);
    if (!put_key_number(b, json_object_get(value, "e")) ||
        !put_key_number(b, json_object_get(value, "n"))) {
        return false;
    }
    judge_put_number(b, 0, 4);
    return true;
}

static bool
put_interface(struct judge_build *b, const json_t *item)
{
    static const char *const names[] = {"query", "admin", "protocol", "port", NULL};
    static const char *const protocols[] = {"UDP", "TCP", "HTTP", "HTTPS"};
    const json_t *query = json_object_get(item, "query");
    const json_t *admin = json_object_get(item, "admin");
    const char *protocol = json_string_value(json_object_get(item, "protocol"));
    unsigned at = 0;
    long long port;

    if (!judge_only(item, names) || (query != NULL && !json_is_boolean(query)) ||
        (admin != NULL && !json_is_boolean(admin)) || protocol == NULL ||
        strlen(protocol) != json_string_length(json_object_get(item, "protocol")) ||
        !judge_number(json_object_get(item, "port"), 0, 0xFFFFFFFFLL, &port)) {
        return false;
    }
    while (at < 4 && strcmp(protocols[at], protocol) != 0) {
        at++;
    }
    judge_put_number(b, (json_is_true(query) ? 2U : 0U) + (json_is_true(admin) ? 1U : 0U), 1);
    judge_put_number(b, at, 1);
    judge_put_number(b, (unsigned long long)port, 4);
    return at < 4;
}

static bool
put_server(struct judge_build *b, const json_t *item)
{
    static const char *const names[] = {"serverId", "address", "publicKey", "interfaces", NULL};
    const json_t *address = json_object_get(item, "address");
    const json_t *key = json_object_get(item, "publicKey");
    const json_t *interfaces = json_object_get(item, "interfaces");
    struct judge_build *data = calloc(1, sizeof *data);
    uint8_t raw[16] = {0};
    long long id;
    size_t i;
    json_t *one;
    bool good = judge_only(item, names) &&
                judge_number(json_object_get(item, "serverId"), 0, 0xFFFFFFFFLL, &id) &&
                json_is_string(address) &&
                strlen(json_string_value(address)) == json_string_length(address) &&
                (inet_pton(AF_INET, json_string_value(address), raw + 12) == 1 ||
                 inet_pton(AF_INET6, json_string_value(address), raw) == 1) &&
                (key == NULL || judge_put_data(data, key, true)) &&
                (interfaces == NULL || json_is_array(interfaces));

    if (good) {
        judge_put_number(b, (unsigned long long)id, 4);
        judge_put(b, raw, sizeof raw);
        judge_put_counted(b, data->at, data->len);
        judge_put_number(b, json_array_size(interfaces), 4);
        json_array_foreach(interfaces, i, one)
        {
            good = good && put_interface(b, one);
        }
    }
    free(data);
    return good;
}

static bool
put_site_lists(struct judge_build *b, const json_t *value)
{
    static const char *const names[] = {"name", "value", NULL};
    const json_t *attributes = json_object_get(value, "attributes");
    const json_t *servers = json_object_get(value, "servers");
    size_t i;
    json_t *one;
    bool good = json_is_array(servers) && (attributes == NULL || json_is_array(attributes));

    judge_put_number(b, json_array_size(attributes), 4);
    json_array_foreach(attributes, i, one)
    {
        good = good && judge_only(one, names) &&
               judge_put_text(b, json_object_get(one, "name"), JUDGE_BYTES_MAX) &&
               judge_put_text(b, json_object_get(one, "value"), JUDGE_BYTES_MAX);
    }
    judge_put_number(b, json_array_size(servers), 4);
    json_array_foreach(servers, i, one)
    {
        good = good && put_server(b, one);
    }
    return good;
}

static bool
put_site_version(struct judge_build *b, const json_t *version)
{
    const char *text = json_string_value(version);
    unsigned long major = 2;
    unsigned long minor = 11;

    if (version != NULL) {
        char *end;

        if (text == NULL || strlen(text) != json_string_length(version) || strlen(text) > 64 ||
            text[strspn(text, "0123456789.")] != '\0' || *text < '0' || *text > '9') {
            return false;
        }
        major = strtoul(text, &end, 10);
        if (*end != '.' || end[1] < '0' || end[1] > '9') {
            return false;
        }
        minor = strtoul(end + 1, &end, 10);
        if (*end != '\0' || major > 255 || minor > 255) {
            return false;
        }
    }
    judge_put_number(b, major, 1);
    judge_put_number(b, minor, 1);
    return true;
}

static bool
put_site(struct judge_build *b, const json_t *value)
{
    static const char *const names[] = {
        "version",    "protocolVersion", "serialNumber", "primarySite", "multiPrimary",
        "hashOption", "hashFilter",      "attributes",   "servers",     NULL};
    const json_t *version = json_object_get(value, "version");
    const json_t *serial = json_object_get(value, "serialNumber");
    const json_t *primary = json_object_get(value, "primarySite");
    const json_t *multi = json_object_get(value, "multiPrimary");
    const json_t *option = json_object_get(value, "hashOption");
    const json_t *filter = json_object_get(value, "hashFilter");
    long long one;
    long long n = 0;
    long long hash = 2;

    if (!judge_only(value, names) || (version != NULL && !judge_number(version, 1, 1, &one)) ||
        (serial != NULL && !judge_number(serial, 0, 65535, &n)) ||
        (primary != NULL && !json_is_boolean(primary)) ||
        (multi != NULL && !json_is_boolean(multi)) ||
        (option != NULL && !judge_number(option, 0, 255, &hash)) ||
        (filter != NULL && !json_is_string(filter))) {
        return false;
    }
    judge_put_number(b, 1, 2);
    if (!put_site_version(b, json_object_get(value, "protocolVersion"))) {
        return false;
    }
    judge_put_number(b, (unsigned long long)n, 2);
    judge_put_number(b, (json_is_true(primary) ? 0x80U : 0U) | (json_is_true(multi) ? 0x40U : 0U),
                     1);
    judge_put_number(b, (unsigned long long)hash, 1);
    judge_put_counted(b, json_string_value(filter), json_string_length(filter));
    return put_site_lists(b, value);
}

bool
judge_put_data(struct judge_build *b, const json_t *data, bool in_site)
{
    static const char *const names[] = {"format", "value", NULL};
    const json_t *format = json_object_get(data, "format");
    const json_t *value = json_object_get(data, "value");
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (json_is_string(data)) {
        judge_put(b, json_string_value(data), json_string_length(data));
        return true;
    }
    const char *name = json_string_value(format);

    if (!judge_only(data, names) || name == NULL || strlen(name) != json_string_length(format) ||
        value == NULL) {
        return false;
    }
    if (strcmp(name, "string") == 0 && text != NULL) {
        judge_put(b, text, len);
        return true;
    }
    if (strcmp(name, "base64") == 0 && text != NULL) {
        size_t digits = len;

        while (digits > 0 && digits + 2 > len && text[digits - 1] == '=') {
            digits--;
        }
        return len % 4 == 0 && put_base64(b, text, digits, "+/");
    }
    if (strcmp(name, "hex") == 0 && text != NULL) {
        return put_hex(b, text, len);
    }
    if (strcmp(name, "key") == 0) {
        return put_key(b, value);
    }
    if (in_site) {
        return false;
    }
    return strcmp(name, "admin") == 0   ? put_admin(b, value)
           : strcmp(name, "vlist") == 0 ? judge_put_references(b, value)
                                        : strcmp(name, "site") == 0 && put_site(b, value);
}
