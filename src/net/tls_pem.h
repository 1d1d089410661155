/* PEM files of TLS, read with the care that keys need. */
#ifndef ONYM_NET_TLS_PEM_H
#define ONYM_NET_TLS_PEM_H

#include "base/fault.h"

struct stack_st_X509; /* OpenSSL's STACK_OF(X509) */
struct evp_pkey_st;   /* OpenSSL's EVP_PKEY */
struct ssl_ctx_st;    /* OpenSSL's SSL_CTX */

/* Reads a file of 1 to ONYM_TLS_FILE_MAX bytes. `what` names its role in messages, for example
 * "tls.key_file". secret: a file that its group or others may read or write is refused. ONYM_OK
 * with *out (onym_tls_pem_drop) and *len, or ONYM_INVALID, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_pem_read(const char *what, const char *path, bool secret,
                                                 uint8_t **out, size_t *len,
                                                 struct onym_fault *fault);

/* Overwrites and frees what onym_tls_pem_read gave. NULL is fine. */
void onym_tls_pem_drop(uint8_t *bytes, size_t len);

/* All certificates of a file, at least one and at most max. ONYM_OK and *out (sk_X509_pop_free with
 * X509_free); ONYM_INVALID, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_pem_certificates(const char *what, const char *path,
                                                         unsigned max, struct stack_st_X509 **out,
                                                         struct onym_fault *fault);

/* The unencrypted private key of a file for its owner only. ONYM_OK and *out (EVP_PKEY_free);
 * ONYM_INVALID, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_pem_key(const char *what, const char *path,
                                                struct evp_pkey_st **out, struct onym_fault *fault);

/* Makes a certificate, with those that lead from it to its authority behind it, and its key what
 * connections of context show. ONYM_OK; ONYM_INVALID: also when the two are no pair;
 * ONYM_NO_MEMORY; with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_pem_pair(struct ssl_ctx_st *context,
                                                 const char *certificate_what,
                                                 const char *certificate, const char *key_what,
                                                 const char *key_path, struct onym_fault *fault);

/* The reason of OpenSSL's last error in words, for messages; empties its queue. Static. */
const char *onym_tls_pem_reason(void);

#endif
