/* HS_SITE: the servers of a site; also the body of a get-site-info reply, and the data of
 * HS_SITE.6 and HS_SITE.PREFIX. Source: proto/handle.md 10.2.
 *
 *   u2 format 1 | u1 u1 protocol version | u2 serial | u1 flags | u1 hash option |
 *   str hash filter | u4 n, n x (str name, str value) | u4 n, n x server
 *   server: u4 id | 16 bytes address | str public key | u4 m, m x (u1 type, u1 protocol, u4 port)
 *
 * Old clients take the protocol of the first interface of the first server for everything, so the
 * order of servers and interfaces means something and is kept. */
#ifndef ONYM_MODEL_HS_SITE_H
#define ONYM_MODEL_HS_SITE_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

#define ONYM_SITE_FORMAT        1U
#define ONYM_SITE_PRIMARY       0x80U
#define ONYM_SITE_MULTI_PRIMARY 0x40U
#define ONYM_ADDRESS_LEN        16U
#define ONYM_INTERFACE_LEN      6U /* bytes of an interface */

enum onym_interface_type {
    ONYM_INTERFACE_OUT_OF_SERVICE = 0,
    ONYM_INTERFACE_ADMIN = 1,
    ONYM_INTERFACE_QUERY = 2,
    ONYM_INTERFACE_BOTH = 3
};

enum onym_interface_protocol {
    ONYM_INTERFACE_UDP = 0,
    ONYM_INTERFACE_TCP = 1,
    ONYM_INTERFACE_HTTP = 2,
    ONYM_INTERFACE_HTTPS = 3
};

/* Lists in byte form, checked when they were decoded. */
struct onym_attribute_list {
    onym_span raw;
    uint32_t count;
};
struct onym_server_list {
    onym_span raw;
    uint32_t count;
};
struct onym_interface_list {
    onym_span raw; /* count * ONYM_INTERFACE_LEN bytes */
    uint32_t count;
};

struct onym_attribute {
    onym_span name; /* "desc", "domain", "domain.<server id>", "alt_addr.<server id>", "path" */
    onym_span value;
};

struct onym_interface {
    uint8_t type;     /* enum onym_interface_type; the decoder accepts any */
    uint8_t protocol; /* enum onym_interface_protocol; the decoder accepts any */
    uint32_t port;
};

struct onym_server {
    uint32_t id;
    onym_span address;    /* ONYM_ADDRESS_LEN bytes; IPv4 right-aligned behind twelve zero bytes */
    onym_span public_key; /* HS_PUBKEY data; not checked here */
    struct onym_interface_list interfaces;
};

struct onym_hs_site {
    uint16_t version;    /* protocol of the site: major * 256 + minor */
    uint16_t serial;     /* one more with each change of the site */
    uint8_t flags;       /* ONYM_SITE_PRIMARY, ONYM_SITE_MULTI_PRIMARY; further bits are kept */
    uint8_t hash_option; /* 0 prefix, 1 suffix, 2 whole handle; the decoder accepts any */
    onym_span hash_filter;
    struct onym_attribute_list attributes;
    struct onym_server_list servers; /* in hash order */
};

/* Decodes a site; everything borrows from data. ONYM_OK; ONYM_UNSUPPORTED for another format than
 * ONYM_SITE_FORMAT; ONYM_MALFORMED: short, a count or length over ONYM_COUNT_MAX, bytes behind.
 * *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_hs_site_decode(onym_span data, struct onym_hs_site *out);

/* Writes the data. ONYM_OK and *len set, or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_hs_site_encode(const struct onym_hs_site *site, uint8_t *out,
                                                   size_t cap, size_t *len);

/* The next item; moves *cursor (start with list.raw). False at the end. */
bool onym_attribute_next(onym_span *cursor, struct onym_attribute *out);
bool onym_server_next(onym_span *cursor, struct onym_server *out);
bool onym_interface_next(onym_span *cursor, struct onym_interface *out);

/* Write one item to out, to put a raw list together from its items; list lengths are the caller's
 * to count. address must be ONYM_ADDRESS_LEN bytes (else ONYM_INVALID). ONYM_OK and *len set, or
 * ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_attribute_encode(const struct onym_attribute *attribute,
                                                     uint8_t *out, size_t cap, size_t *len);
ONYM_MUST_USE enum onym_status onym_interface_encode(const struct onym_interface *iface,
                                                     uint8_t *out, size_t cap, size_t *len);
ONYM_MUST_USE enum onym_status onym_server_encode(const struct onym_server *server, uint8_t *out,
                                                  size_t cap, size_t *len);

#endif
