/* The certificates and keys that the settings name: read in one way by a start, a reload and a
 * check of the configuration, so that a check says what a start would say. */
#ifndef ONYM_KEYRING_KEYRING_H
#define ONYM_KEYRING_KEYRING_H

#include "auth/keys.h"
#include "base/fault.h"
#include "config/load.h"
#include "net/tls_ctx.h"

#define ONYM_KEYRING_SITE_BITS_MIN 2048U

/* The files of TLS, borrowed from settings. False when no certificate is named: TLS is off, and the
 * other files are not looked at. */
bool onym_keyring_tls(const struct onym_settings *settings, struct onym_tls_files *out);

/* Reads the key of site.key_file. ONYM_OK and *out, NULL when none is named (onym_key_free);
 * ONYM_INVALID, ONYM_NO_MEMORY with *fault: a file that cannot be read or that others than its
 * owner may read, no private key, not RSA, below ONYM_KEYRING_SITE_BITS_MIN bits. */
ONYM_MUST_USE enum onym_status onym_keyring_site(const struct onym_settings *settings,
                                                 struct onym_key **out, struct onym_fault *fault);

/* Reads all of them and adds an error to report, the one settings were loaded with, for each that a
 * start would refuse. ONYM_OK; ONYM_INVALID when it added any; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_keyring_check(const struct onym_settings *settings,
                                                  struct onym_config_report *report);

#endif
