#include "net/tls_cert.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define CUT "..."

/* A text that is filled piece by piece and ends with CUT when it did not fit. */
struct text {
    char *at;
    size_t cap, len;
    bool cut;
};

static void
put_char(struct text *t, uint8_t c)
{
    if (t->cut) {
        return;
    }
    if (t->len + 1 == t->cap) {
        t->cut = true;
        memcpy(t->at + t->len - strlen(CUT), CUT, strlen(CUT));
        return;
    }
    t->at[t->len++] = (char)c;
    t->at[t->len] = '\0';
}

static void
put_text(struct text *t, const char *text)
{
    for (; *text != '\0'; text++) {
        put_char(t, (uint8_t)*text);
    }
}

/* Bytes of a stranger: what is not plain ASCII, and what would part two names, is escaped. */
static void
put_bytes(struct text *t, onym_span bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];

        if (c > ' ' && c < 0x7F && c != ',' && c != '\\') {
            put_char(t, c);
        } else {
            put_char(t, '\\');
            put_char(t, (uint8_t)digits[c >> 4]);
            put_char(t, (uint8_t)digits[c & 15U]);
        }
    }
}

static void
print_name(const X509_NAME *name, char *out, size_t cap)
{
    struct text t = {.at = out, .cap = cap};
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    out[0] = '\0';
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(bio, &data);
    }
    for (long i = 0; i < len; i++) {
        put_char(&t, (uint8_t)data[i]);
    }
    BIO_free(bio);
}

void
onym_tls_certificate_subject(const struct x509_st *certificate, char *out, size_t cap)
{
    print_name(X509_get_subject_name(certificate), out, cap);
}

static void
put_general_name(struct text *t, const GENERAL_NAME *name)
{
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    static const struct {
        int type;
        const char *label;
    } texts[] = {{GEN_DNS, "DNS:"}, {GEN_URI, "URI:"}, {GEN_EMAIL, "email:"}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (type == texts[i].type) {
            put_text(t, texts[i].label);
            put_bytes(
                t, onym_span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
            return;
        }
    }
    if (type == GEN_IPADD) {
        char address[INET6_ADDRSTRLEN] = "?";
        int len = ASN1_STRING_length(value);

        if (len == 4 || len == 16) {
            (void)inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address,
                            sizeof address);
        }
        put_text(t, "IP:");
        put_text(t, address);
        return;
    }
    put_text(t, "other");
}

void
onym_tls_certificate_names(const struct x509_st *certificate, char *out, size_t cap)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct text t = {.at = out, .cap = cap};

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (i > 0) {
            put_text(&t, ", ");
        }
        put_general_name(&t, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
}

void
onym_tls_certificate_key_sha256(const struct x509_st *certificate, uint8_t out[32])
{
    uint8_t *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

    memset(out, 0, 32);
    if (len > 0) {
        (void)EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL);
    }
    OPENSSL_free(der);
    ERR_clear_error();
}

static int64_t
epoch_s(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;

    if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1) {
        days = seconds = 0;
    }
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

int64_t
onym_tls_certificate_not_after_s(const struct x509_st *certificate)
{
    return epoch_s(X509_get0_notAfter(certificate));
}

static void
describe_key(const X509 *certificate, char *out, size_t cap)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    char group[32] = "";

    out[0] = '\0';
    if (key == NULL) {
        ERR_clear_error(); /* a kind of key this OpenSSL does not know */
    } else if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1) {
        (void)snprintf(out, cap, "%s %s", EVP_PKEY_get0_type_name(key), group);
    } else {
        (void)snprintf(out, cap, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
        ERR_clear_error();
    }
}

void
onym_tls_certificate_describe(const struct x509_st *certificate, struct onym_tls_certificate *out)
{
    memset(out, 0, sizeof *out);
    print_name(X509_get_subject_name(certificate), out->subject, sizeof out->subject);
    print_name(X509_get_issuer_name(certificate), out->issuer, sizeof out->issuer);
    onym_tls_certificate_names(certificate, out->names, sizeof out->names);
    describe_key(certificate, out->key_type, sizeof out->key_type);
    out->not_before_s = epoch_s(X509_get0_notBefore(certificate));
    out->not_after_s = epoch_s(X509_get0_notAfter(certificate));
    (void)X509_digest(certificate, EVP_sha256(), out->sha256, NULL);
    onym_tls_certificate_key_sha256(certificate, out->key_sha256);
    out->is_ca = (X509_get_extension_flags((X509 *)(uintptr_t)certificate) & EXFLAG_CA) != 0;
}
