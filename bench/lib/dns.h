/* TXT questions of DNS for the same names the node is asked for, and the check of the answers. A
 * name is one label, byte for byte, below the zone "bench.": what names longer than 63 bytes
 * cannot be. Source: RFC 1035 sections 3.1, 4.1. */
#ifndef BENCH_LIB_DNS_H
#define BENCH_LIB_DNS_H

#include "onym/span.h"

#define BENCH_DNS_NAME_LEN_MAX 63U
#define BENCH_DNS_QUERY_MAX    (12U + 1U + BENCH_DNS_NAME_LEN_MAX + 7U + 4U)

/* Writes the question for name (1 to BENCH_DNS_NAME_LEN_MAX bytes); returns its length. */
size_t bench_dns_query_write(onym_span name, uint16_t id, uint8_t out[BENCH_DNS_QUERY_MAX]);

/* Whether the packet answers the question for name with one TXT record: QR and no error, not cut
 * off, the question echoed byte for byte, the record as long as the packet has room for at most.
 * The id is the caller's to check. *code: the response code, 0 when the packet has none. */
bool bench_dns_is_answer(onym_span packet, onym_span name, uint32_t *code);

#endif
