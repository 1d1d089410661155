#include "net/tls_make.h"

#include "base/utf8.h"
#include "net/tls_cert.h"
#include "net/tls_pem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define SKEW_S     300U /* clocks of clients may be late */
#define LABEL_MAX  63U
#define SERIAL_LEN 16U

static enum onym_status
refused(struct onym_fault *fault, const char *doing)
{
    return onym_fault_set(fault, ONYM_ERROR, "OpenSSL cannot make %s: %s", doing,
                          onym_tls_pem_reason());
}

static bool
is_address(const char *text)
{
    uint8_t address[16];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

bool
onym_tls_host_valid(const char *text)
{
    size_t label = 0;
    size_t len = strlen(text);
    bool letter = false; /* something like 1.2.3 is neither a name nor an address */

    if (is_address(text)) {
        return true;
    }
    if (strncmp(text, "*.", 2) == 0) {
        text += 2;
    }
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '.' && label > 0 && at[-1] != '-') {
            label = 0;
        } else if (isalnum(c) || (c == '-' && label > 0)) {
            label++;
            letter = letter || isalpha(c);
        } else {
            return false;
        }
        if (label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0 && letter && len <= ONYM_TLS_HOST_LEN_MAX && text[strlen(text) - 1] != '-';
}

static enum onym_status
check_request(const struct onym_tls_request *request, struct onym_fault *fault)
{
    size_t len = strlen(request->name);

    if (len == 0 || len > ONYM_TLS_COMMON_NAME_MAX ||
        !onym_utf8_valid(onym_span_text(request->name))) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "the name of a certificate is 1 to %u bytes of UTF-8, not \"%.80s\"",
                              ONYM_TLS_COMMON_NAME_MAX, request->name);
    }
    if (request->days < 1 || request->days > ONYM_TLS_DAYS_MAX) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "a certificate is valid for 1 to %u days, not %u", ONYM_TLS_DAYS_MAX,
                              request->days);
    }
    if (request->host_count > ONYM_TLS_HOSTS_MAX) {
        return onym_fault_set(fault, ONYM_INVALID, "a certificate has at most %u hosts, not %zu",
                              ONYM_TLS_HOSTS_MAX, request->host_count);
    }
    for (size_t i = 0; i < request->host_count; i++) {
        if (!onym_tls_host_valid(request->hosts[i])) {
            return onym_fault_set(fault, ONYM_INVALID,
                                  "\"%.260s\" is neither a host name (letters, digits, \"-\", "
                                  "\".\") nor an IP address",
                                  request->hosts[i]);
        }
    }
    return ONYM_OK;
}

static bool
set_serial(X509 *certificate, struct onym_rng rng)
{
    uint8_t bytes[SERIAL_LEN];
    BIGNUM *number;
    bool done;

    for (size_t i = 0; i < sizeof bytes; i += sizeof(uint64_t)) {
        uint64_t random = onym_rng_u64(&rng);

        memcpy(bytes + i, &random, sizeof random);
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x7FU) | 0x40U); /* positive, and never short */
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool
set_time(ASN1_TIME *time, int64_t epoch_s)
{
    time_t at = (time_t)epoch_s;

    return ASN1_TIME_set(time, at) != NULL;
}

static bool
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool done;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* Built as names, not as configuration text, so that no host can say more than its own. */
static bool
add_host(GENERAL_NAMES *names, const char *host)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = is_address(host) ? a2i_IPADDRESS(host) : ASN1_IA5STRING_new();
    int type = is_address(host) ? GEN_IPADD : GEN_DNS;
    bool done = name != NULL && value != NULL;

    if (done && type == GEN_DNS) {
        done = ASN1_STRING_set(value, host, (int)strlen(host)) == 1;
    }
    if (done) {
        GENERAL_NAME_set0_value(name, type, value);
        value = NULL;
        done = sk_GENERAL_NAME_push(names, name) > 0;
    }
    if (!done) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
    }
    return done;
}

static bool
add_hosts(X509 *certificate, const struct onym_tls_request *request)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool done = names != NULL;

    for (size_t i = 0; i < request->host_count && done; i++) {
        done = add_host(names, request->hosts[i]);
    }
    done = done && (request->host_count == 0 ||
                    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
    GENERAL_NAMES_free(names);
    return done;
}

/* A certificate with everything but its extensions and signature. */
static X509 *
draft(const struct onym_tls_request *request, EVP_PKEY *key, const X509 *issuer, int64_t not_after)
{
    X509 *certificate = X509_new();
    X509_NAME *name;

    if (certificate == NULL) {
        return NULL;
    }
    name = X509_get_subject_name(certificate);
    if (X509_set_version(certificate, 2) != 1 || !set_serial(certificate, request->rng) ||
        !set_time(X509_getm_notBefore(certificate), (int64_t)request->now_s - SKEW_S) ||
        !set_time(X509_getm_notAfter(certificate), not_after) ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)request->name, -1,
                                   -1, 0) != 1 ||
        X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : name) !=
            1 ||
        X509_set_pubkey(certificate, key) != 1) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static uint8_t *
copy_of(BIO *bio, size_t *len)
{
    char *data = NULL;
    long n = BIO_get_mem_data(bio, &data);
    uint8_t *copy = n > 0 ? OPENSSL_malloc((size_t)n) : NULL;

    if (copy != NULL) {
        memcpy(copy, data, (size_t)n);
        *len = (size_t)n;
    }
    return copy;
}

static bool
as_pem(X509 *certificate, EVP_PKEY *key, struct onym_tls_pair *out)
{
    BIO *text = BIO_new(BIO_s_mem());
    BIO *secret = BIO_new(BIO_s_secmem());
    struct onym_tls_pair pair = {.key = NULL};
    bool done = text != NULL && secret != NULL && PEM_write_bio_X509(text, certificate) == 1 &&
                PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1;

    if (done) {
        pair.certificate = copy_of(text, &pair.certificate_len);
        pair.key = copy_of(secret, &pair.key_len);
        done = pair.certificate != NULL && pair.key != NULL;
    }
    if (done) {
        *out = pair;
    } else {
        onym_tls_pair_drop(&pair);
    }
    BIO_free(text);
    BIO_free(secret);
    return done;
}

void
onym_tls_pair_drop(struct onym_tls_pair *pair)
{
    OPENSSL_free(pair->certificate);
    OPENSSL_clear_free(pair->key, pair->key_len);
    *pair = (struct onym_tls_pair){.key = NULL};
}

enum onym_status
onym_tls_make_authority(const struct onym_tls_request *request, struct onym_tls_pair *out,
                        struct onym_fault *fault)
{
    enum onym_status status = check_request(request, fault);
    int64_t not_after = (int64_t)request->now_s + (int64_t)request->days * 86400;
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;

    if (status != ONYM_OK) {
        return status;
    }
    key = EVP_EC_gen("P-256");
    certificate = key != NULL ? draft(request, key, NULL, not_after) : NULL;
    if (certificate == NULL ||
        !add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        X509_sign(certificate, key, EVP_sha256()) <= 0 || !as_pem(certificate, key, out)) {
        status = refused(fault, "an authority");
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}

static enum onym_status
sign_server(const struct onym_tls_request *request, X509 *issuer, EVP_PKEY *issuer_key,
            struct onym_tls_pair *out, struct onym_fault *fault)
{
    int64_t issuer_end = onym_tls_certificate_not_after_s(issuer);
    int64_t not_after = (int64_t)request->now_s + (int64_t)request->days * 86400;
    enum onym_status status = ONYM_OK;
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;

    if (issuer_end <= (int64_t)request->now_s) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "the authority's certificate has ended; make a new authority and "
                              "hand it to the clients");
    }
    key = EVP_EC_gen("P-256");
    certificate = key != NULL
                      ? draft(request, key, issuer, not_after < issuer_end ? not_after : issuer_end)
                      : NULL;
    if (certificate == NULL ||
        !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
        !add_hosts(certificate, request) || X509_sign(certificate, issuer_key, EVP_sha256()) <= 0 ||
        !as_pem(certificate, key, out)) {
        status = refused(fault, "a server certificate");
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}

enum onym_status
onym_tls_make_server(const struct onym_tls_request *request, const char *authority_file,
                     const char *authority_key_file, struct onym_tls_pair *out,
                     struct onym_fault *fault)
{
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = NULL;
    enum onym_status status = check_request(request, fault);

    if (status == ONYM_OK) {
        status = onym_tls_pem_certificates("authority", authority_file, 1, &chain, fault);
    }
    if (status == ONYM_OK) {
        status = onym_tls_pem_key("authority's key", authority_key_file, &key, fault);
    }
    if (status == ONYM_OK && X509_check_private_key(sk_X509_value(chain, 0), key) != 1) {
        status = onym_fault_set(fault, ONYM_INVALID, "%s is not the key of %s", authority_key_file,
                                authority_file);
    }
    if (status == ONYM_OK) {
        status = sign_server(request, sk_X509_value(chain, 0), key, out, fault);
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return status;
}
