/* The HS_SITE this node publishes: the answer to get-site-info. */
#ifndef ONYM_SERVER_SITE_H
#define ONYM_SERVER_SITE_H

#include "auth/keys.h"
#include "base/fault.h"
#include "config/settings.h"

/* Writes the site of a single primary server to out: TCP for queries and administration first (old
 * clients take the first interface for everything), then UDP for queries only; hash option "whole
 * handle". The address is the one of site.handle_tcp or of the first TCP listener, else that of
 * UDP. ONYM_OK and *len; ONYM_INVALID when nothing listens for the Handle protocol or when the
 * address is a wildcard, which no client can reach. key: its public half is told, NULL = none. */
ONYM_MUST_USE enum onym_status onym_site_make(const struct onym_settings *settings,
                                              const struct onym_key *key, uint8_t *out, size_t cap,
                                              size_t *len, struct onym_fault *fault);

#endif
