#include "config/units.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/* A unit and what one of it is worth; largest first, ended by a NULL name. */
struct unit {
    const char *name;
    uint64_t worth;
};

static const struct unit sizes[] = {{"TiB", UINT64_C(1) << 40},
                                    {"GiB", UINT64_C(1) << 30},
                                    {"MiB", UINT64_C(1) << 20},
                                    {"KiB", UINT64_C(1) << 10},
                                    {NULL, 0}};
static const struct unit durations[] = {
    {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit rates[] = {{"/s", 1}, {NULL, 0}};

static size_t
digits(onym_span text)
{
    size_t n = 0;

    while (n < text.len && isdigit(text.at[n])) {
        n++;
    }
    return n;
}

enum onym_unit_result
onym_number_parse(onym_span text, uint64_t *out)
{
    uint64_t v = 0;

    if (text.len == 0 || digits(text) != text.len) {
        return ONYM_UNIT_SYNTAX;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (__builtin_mul_overflow(v, 10U, &v) ||
            __builtin_add_overflow(v, (unsigned)(text.at[i] - '0'), &v)) {
            return ONYM_UNIT_HUGE;
        }
    }
    *out = v;
    return ONYM_UNIT_OK;
}

static enum onym_unit_result
with_unit(onym_span text, const struct unit *units, uint64_t *out)
{
    size_t n = digits(text);
    onym_span name = onym_span_from(text, n);
    enum onym_unit_result result;
    uint64_t v = 0;

    if (n == 0) {
        return ONYM_UNIT_SYNTAX;
    }
    if (name.len == 0) {
        return ONYM_UNIT_NO_UNIT;
    }
    while (units->name != NULL && !onym_span_equal(name, onym_span_text(units->name))) {
        units++;
    }
    if (units->name == NULL) {
        return ONYM_UNIT_SYNTAX;
    }
    result = onym_number_parse(onym_span_front(text, n), &v);
    if (result == ONYM_UNIT_OK && __builtin_mul_overflow(v, units->worth, &v)) {
        result = ONYM_UNIT_HUGE;
    }
    if (result == ONYM_UNIT_OK) {
        *out = v;
    }
    return result;
}

enum onym_unit_result
onym_size_parse(onym_span text, uint64_t *out)
{
    return with_unit(text, sizes, out);
}

enum onym_unit_result
onym_duration_parse(onym_span text, uint64_t *ms)
{
    return with_unit(text, durations, ms);
}

enum onym_unit_result
onym_rate_parse(onym_span text, uint64_t *per_s)
{
    return with_unit(text, rates, per_s);
}

bool
onym_size_guess(onym_span text, char out[ONYM_UNIT_TEXT_MAX])
{
    size_t n = digits(text);
    onym_span name = onym_span_from(text, n);
    int letter;

    if (n == 0 || n > 19 || name.len == 0 || name.len > 3) {
        return false;
    }
    letter = toupper(name.at[0]);
    if (strchr("KMGT", letter) == NULL || (name.len > 1 && toupper(name.at[name.len - 1]) != 'B') ||
        (name.len == 3 && toupper(name.at[1]) != 'I')) {
        return false;
    }
    (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "%.*s%ciB", (int)n, (const char *)text.at, letter);
    return true;
}

/* The text as a C string when it is short enough to be an address at all. */
static bool
to_string(onym_span text, char out[ONYM_UNIT_TEXT_MAX])
{
    if (text.len == 0 || text.len >= ONYM_UNIT_TEXT_MAX || memchr(text.at, 0, text.len) != NULL) {
        return false;
    }
    memcpy(out, text.at, text.len);
    out[text.len] = 0;
    return true;
}

static bool
looks_like_name(onym_span text)
{
    bool letter = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        letter = letter || isalpha(c);
        if (!isalnum(c) && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return letter;
}

static bool
parse_port(onym_span text, in_port_t *out)
{
    uint64_t port;

    if (onym_number_parse(text, &port) != ONYM_UNIT_OK || port > UINT16_MAX) {
        return false;
    }
    *out = htons((uint16_t)port);
    return true;
}

static enum onym_unit_result
parse_v6(const char *host, onym_span port, struct onym_address *out)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1) {
        return ONYM_UNIT_SYNTAX;
    }
    if (!parse_port(port, &in6.sin6_port)) {
        return ONYM_UNIT_BAD_PORT;
    }
    *out = (struct onym_address){.len = sizeof in6};
    memcpy(&out->at, &in6, sizeof in6);
    return ONYM_UNIT_OK;
}

static enum onym_unit_result
parse_v4(const char *host, onym_span port, struct onym_address *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) {
        bool name = looks_like_name(onym_span_text(host)) && parse_port(port, &in.sin_port);
        return name ? ONYM_UNIT_NAME : ONYM_UNIT_SYNTAX;
    }
    if (!parse_port(port, &in.sin_port)) {
        return ONYM_UNIT_BAD_PORT;
    }
    *out = (struct onym_address){.len = sizeof in};
    memcpy(&out->at, &in, sizeof in);
    return ONYM_UNIT_OK;
}

enum onym_unit_result
onym_address_parse(onym_span text, struct onym_address *out)
{
    char whole[ONYM_UNIT_TEXT_MAX];
    char *colon;
    struct in6_addr ignored;

    if (!to_string(text, whole)) {
        return ONYM_UNIT_SYNTAX;
    }
    if (whole[0] == '[') {
        char *end = strchr(whole, ']');
        if (end == NULL || (end[1] != 0 && end[1] != ':')) {
            return ONYM_UNIT_SYNTAX;
        }
        if (end[1] == 0) {
            return ONYM_UNIT_NO_PORT;
        }
        *end = 0;
        return parse_v6(whole + 1, onym_span_text(end + 2), out);
    }
    colon = strrchr(whole, ':');
    if (colon == NULL) {
        struct in_addr v4;
        return inet_pton(AF_INET, whole, &v4) == 1 || looks_like_name(text) ? ONYM_UNIT_NO_PORT
                                                                            : ONYM_UNIT_SYNTAX;
    }
    if (strchr(whole, ':') != colon) {
        bool v6 = inet_pton(AF_INET6, whole, &ignored) == 1;
        *colon = 0;
        v6 = v6 || inet_pton(AF_INET6, whole, &ignored) == 1;
        return v6 ? ONYM_UNIT_NO_BRACKETS : ONYM_UNIT_SYNTAX;
    }
    *colon = 0;
    return parse_v4(whole, onym_span_text(colon + 1), out);
}

/* Clears the bits behind the prefix; true when one of them was set. */
static bool
clear_host_bits(struct onym_network *network)
{
    size_t len = network->is_v6 ? 16 : 4;
    bool any = false;

    for (size_t i = 0; i < len; i++) {
        size_t first = i * 8;
        unsigned kept = first >= network->bits       ? 0U
                        : first + 8 <= network->bits ? 8U
                                                     : (unsigned)(network->bits - first);
        uint8_t keep = (uint8_t)(0xFF00U >> kept);

        any = any || (network->address[i] & ~keep) != 0;
        network->address[i] &= keep;
    }
    return any;
}

enum onym_unit_result
onym_network_parse(onym_span text, struct onym_network *out)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct onym_network n = {.is_v6 = false};
    char host[ONYM_UNIT_TEXT_MAX];
    char *slash;
    uint64_t bits;
    uint64_t most;

    if (!to_string(text, host)) {
        return ONYM_UNIT_SYNTAX;
    }
    slash = strchr(host, '/');
    if (slash != NULL) {
        *slash = 0;
    }
    n.is_v6 = strchr(host, ':') != NULL;
    if (inet_pton(n.is_v6 ? AF_INET6 : AF_INET, host, n.address) != 1) {
        return looks_like_name(onym_span_text(host)) ? ONYM_UNIT_NAME : ONYM_UNIT_SYNTAX;
    }
    most = n.is_v6 ? 128 : 32;
    bits = most;
    if (slash != NULL && onym_number_parse(onym_span_text(slash + 1), &bits) != ONYM_UNIT_OK) {
        return ONYM_UNIT_SYNTAX;
    }
    if (bits > most) {
        return ONYM_UNIT_BITS;
    }
    n.bits = (uint8_t)bits;
    if (n.is_v6 && bits >= 96 && memcmp(n.address, mapped, sizeof mapped) == 0) {
        *out = (struct onym_network){.bits = (uint8_t)(bits - 96)};
        memcpy(out->address, n.address + 12, 4);
        (void)clear_host_bits(out);
        return ONYM_UNIT_MAPPED;
    }
    *out = n;
    return clear_host_bits(out) ? ONYM_UNIT_HOST_BITS : ONYM_UNIT_OK;
}

static void
format_unit(uint64_t v, const struct unit *units, const char *zero, char out[ONYM_UNIT_TEXT_MAX])
{
    for (; units->name != NULL && v != 0; units++) {
        if (v % units->worth == 0) {
            (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "%" PRIu64 "%s", v / units->worth, units->name);
            return;
        }
    }
    (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "%s", zero);
}

void
onym_size_format(uint64_t bytes, char out[ONYM_UNIT_TEXT_MAX])
{
    format_unit(bytes, sizes, "0KiB", out);
}

void
onym_duration_format(uint64_t ms, char out[ONYM_UNIT_TEXT_MAX])
{
    format_unit(ms, durations, "0s", out);
}

void
onym_address_format(const struct onym_address *address, char out[ONYM_UNIT_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->at.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &address->at, sizeof in6);
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "[%s]:%u", host, ntohs(in6.sin6_port));
    } else {
        struct sockaddr_in in;
        memcpy(&in, &address->at, sizeof in);
        (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "%s:%u", host, ntohs(in.sin_port));
    }
}

void
onym_network_format(const struct onym_network *network, char out[ONYM_UNIT_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(network->is_v6 ? AF_INET6 : AF_INET, network->address, host, sizeof host);
    (void)snprintf(out, ONYM_UNIT_TEXT_MAX, "%s/%u", host, network->bits);
}
