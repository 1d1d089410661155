/* Numbers, sizes, durations, addresses and networks as text. Reading is strict: no blanks, no
 * signs, no fractions, units exactly as written here. Pure. */
#ifndef ONYM_CONFIG_UNITS_H
#define ONYM_CONFIG_UNITS_H

#include "config/settings.h"
#include "onym/span.h"

#define ONYM_UNIT_TEXT_MAX 80U

/* What reading came to. */
enum onym_unit_result {
    ONYM_UNIT_OK,
    ONYM_UNIT_SYNTAX,      /* not of that form at all */
    ONYM_UNIT_NO_UNIT,     /* a bare number where a unit is needed */
    ONYM_UNIT_HUGE,        /* beyond what any range allows */
    ONYM_UNIT_NO_PORT,     /* an address without its port */
    ONYM_UNIT_NO_BRACKETS, /* an IPv6 address and port without brackets */
    ONYM_UNIT_BAD_PORT,    /* a port above 65535 or not a number */
    ONYM_UNIT_NAME,        /* a host name where an address is needed */
    ONYM_UNIT_HOST_BITS,   /* a network with bits set behind its prefix; *out has them cleared */
    ONYM_UNIT_MAPPED,      /* an IPv4 network written as IPv6; *out has the IPv4 one */
    ONYM_UNIT_BITS         /* a prefix length beyond the address */
};

/* Decimal digits. *out is set on ONYM_UNIT_OK; SYNTAX and HUGE otherwise. */
enum onym_unit_result onym_number_parse(onym_span text, uint64_t *out);

/* "64KiB" in bytes. SYNTAX, NO_UNIT, HUGE. */
enum onym_unit_result onym_size_parse(onym_span text, uint64_t *out);

/* The size somebody meant who wrote "64KB", "64k" or "64K": writes "64KiB" and returns true. */
bool onym_size_guess(onym_span text, char out[ONYM_UNIT_TEXT_MAX]);

/* "250ms", "5s", "10m", "24h" in milliseconds. SYNTAX, NO_UNIT, HUGE. */
enum onym_unit_result onym_duration_parse(onym_span text, uint64_t *ms);

/* "20000/s". SYNTAX, NO_UNIT, HUGE. */
enum onym_unit_result onym_rate_parse(onym_span text, uint64_t *per_s);

/* "127.0.0.1:2641" or "[::1]:2641". SYNTAX, NO_PORT, NO_BRACKETS, BAD_PORT, NAME. */
enum onym_unit_result onym_address_parse(onym_span text, struct onym_address *out);

/* "10.0.0.0/8", "::1/128", or an address alone for the whole of it. SYNTAX, BITS, NAME,
 * HOST_BITS, MAPPED. */
enum onym_unit_result onym_network_parse(onym_span text, struct onym_network *out);

/* The same values as text with the largest unit that divides them. */
void onym_size_format(uint64_t bytes, char out[ONYM_UNIT_TEXT_MAX]);
void onym_duration_format(uint64_t ms, char out[ONYM_UNIT_TEXT_MAX]);
void onym_address_format(const struct onym_address *address, char out[ONYM_UNIT_TEXT_MAX]);
void onym_network_format(const struct onym_network *network, char out[ONYM_UNIT_TEXT_MAX]);

#endif
