/* A private authority and certificates from it, for nodes without a public-key infrastructure of
 * their own. Keys are EC P-256, signatures ECDSA with SHA-256. Everything is PEM in memory; whoever
 * asked writes it to files. */
#ifndef ONYM_NET_TLS_MAKE_H
#define ONYM_NET_TLS_MAKE_H

#include "base/fault.h"
#include "base/rng.h"

#define ONYM_TLS_COMMON_NAME_MAX 64U  /* bytes of UTF-8; RFC 5280 */
#define ONYM_TLS_HOST_LEN_MAX    253U /* bytes of a host name */
#define ONYM_TLS_HOSTS_MAX       64U
#define ONYM_TLS_DAYS_MAX        3650U

struct onym_tls_pair {
    uint8_t *certificate; /* PEM, owned; onym_tls_pair_drop */
    size_t certificate_len;
    uint8_t *key; /* PEM, unencrypted, owned */
    size_t key_len;
};

struct onym_tls_request {
    const char *name;         /* common name, 1 to ONYM_TLS_COMMON_NAME_MAX bytes of UTF-8 */
    const char *const *hosts; /* host names and IP addresses, for a server */
    size_t host_count;        /* at most ONYM_TLS_HOSTS_MAX */
    uint32_t days;            /* valid from now, 1 to ONYM_TLS_DAYS_MAX */
    uint64_t now_s;           /* epoch seconds */
    struct onym_rng rng;      /* for serial numbers; keys come from OpenSSL's own source */
};

/* Whether text is an IPv4 or IPv6 address, or a host name of letters, digits, "-" and ".", perhaps
 * with "*." in front. */
bool onym_tls_host_valid(const char *text);

/* A self-signed authority; hosts are not used. ONYM_OK and *out; ONYM_INVALID for a field outside
 * its limits, ONYM_ERROR when OpenSSL refuses, both with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_make_authority(const struct onym_tls_request *request,
                                                       struct onym_tls_pair *out,
                                                       struct onym_fault *fault);

/* A server's certificate from the authority in the two PEM files; it ends with the authority's at
 * the latest. ONYM_OK and *out; ONYM_INVALID for a field outside its limits, files that do not
 * belong together and an authority that has ended; ONYM_ERROR; all with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_make_server(const struct onym_tls_request *request,
                                                    const char *authority_file,
                                                    const char *authority_key_file,
                                                    struct onym_tls_pair *out,
                                                    struct onym_fault *fault);

/* Overwrites and frees both texts. An empty pair is fine. */
void onym_tls_pair_drop(struct onym_tls_pair *pair);

#endif
