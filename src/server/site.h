/* The HS_SITE this node publishes: the answer to get-site-info. */
#ifndef ONYM_SERVER_SITE_H
#define ONYM_SERVER_SITE_H

#include "auth/keys.h"
#include "base/fault.h"
#include "config/settings.h"

#define ONYM_SITE_KEY_BITS_MIN 2048U

/* Reads the key of site.key_file. ONYM_OK and *out, NULL when none is named (onym_key_free);
 * ONYM_INVALID, ONYM_NO_MEMORY with *fault: a file that cannot be read or that others than its
 * owner may read, no private key, not RSA, below ONYM_SITE_KEY_BITS_MIN bits. */
ONYM_MUST_USE enum onym_status onym_site_key(const struct onym_settings *settings,
                                             struct onym_key **out, struct onym_fault *fault);

/* Writes the site of a single primary server to out: TCP for queries and administration first (old
 * clients take the first interface for everything), then UDP for queries only; hash option "whole
 * handle". The address is the one of site.handle_tcp or of the first TCP listener, else that of
 * UDP. ONYM_OK and *len; ONYM_INVALID when nothing listens for the Handle protocol or when the
 * address is a wildcard, which no client can reach. key: its public half is told, NULL = none. */
ONYM_MUST_USE enum onym_status onym_site_make(const struct onym_settings *settings,
                                              const struct onym_key *key, uint8_t *out, size_t cap,
                                              size_t *len, struct onym_fault *fault);

#endif
