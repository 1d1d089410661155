/* A certificate in words: for status commands, logs, and for the protocol that wants to know its
 * peer. Texts are ASCII whatever the certificate says, so that they can go to terminals and logs.
 */
#ifndef ONYM_NET_TLS_CERT_H
#define ONYM_NET_TLS_CERT_H

#include "onym/span.h"

#define ONYM_TLS_NAME_MAX     256U
#define ONYM_TLS_SANS_MAX     2048U
#define ONYM_TLS_KEY_TYPE_MAX 48U

struct x509_st; /* OpenSSL's X509 */

struct onym_tls_certificate {
    char subject[ONYM_TLS_NAME_MAX]; /* RFC 2253; a text that was cut ends with "..." */
    char issuer[ONYM_TLS_NAME_MAX];
    char names[ONYM_TLS_SANS_MAX];        /* "DNS:a, IP:192.0.2.1", empty when there are none */
    char key_type[ONYM_TLS_KEY_TYPE_MAX]; /* "EC prime256v1", "RSA 2048" */
    int64_t not_before_s, not_after_s;    /* epoch seconds */
    uint8_t sha256[32];                   /* of the certificate */
    uint8_t key_sha256[32];               /* of its public key as SubjectPublicKeyInfo */
    bool is_ca;
};

/* Fills *out; what the certificate lacks stays empty. Needs: certificate is not NULL. */
void onym_tls_certificate_describe(const struct x509_st *certificate,
                                   struct onym_tls_certificate *out);

/* The parts of it, for callers that want no more. */
void onym_tls_certificate_subject(const struct x509_st *certificate, char *out, size_t cap);
void onym_tls_certificate_names(const struct x509_st *certificate, char *out, size_t cap);
void onym_tls_certificate_key_sha256(const struct x509_st *certificate, uint8_t out[32]);
int64_t onym_tls_certificate_not_after_s(const struct x509_st *certificate);

#endif
