#include "net/tls_ctx.h"

#include "net/tls_cert.h"
#include "net/tls_pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <uv.h>

/* The profile. The suites of TLS 1.2 that are not here lack forward secrecy or authenticated
 * encryption, or are mended only by care on both sides. */
#define SUITES_1_2                                                                                 \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"   \
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
#define SUITES_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS     "X25519:P-256"
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256:RSA+SHA384"
#define SECURITY_LEVEL 2 /* OpenSSL's: 112 bits, so RSA from 2048 and no SHA-1 */
#define VERIFY_DEPTH   4

struct ticket_key {
    uint8_t name[16];
    uint8_t cipher[32];
    uint8_t mac[32];
};

struct onym_tls_context {
    uv_mutex_t lock; /* of everything below */
    SSL_CTX *ssl;
    uint64_t expiry_s;
    struct onym_rng rng;
    struct ticket_key current, previous;
    bool has_previous;
    uint32_t since_s; /* of the current ticket key */
};

/* ---- tickets ---- */

static void
fill_random(struct onym_rng *rng, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t random = onym_rng_u64(rng);

        memcpy(out + i, &random, len - i < sizeof random ? len - i : sizeof random);
    }
}

static void
make_ticket_key(struct onym_tls_context *context, uint32_t now_s)
{
    fill_random(&context->rng, context->current.name, sizeof context->current.name);
    fill_random(&context->rng, context->current.cipher, sizeof context->current.cipher);
    fill_random(&context->rng, context->current.mac, sizeof context->current.mac);
    context->since_s = now_s;
}

void
onym_tls_context_tick(struct onym_tls_context *context, uint32_t now_s)
{
    uv_mutex_lock(&context->lock);
    if (now_s < context->since_s) {
        context->since_s = now_s; /* the clock was set back */
    } else if (now_s - context->since_s >= ONYM_TLS_TICKET_PERIOD_S) {
        context->previous = context->current;
        context->has_previous = now_s - context->since_s < 2 * ONYM_TLS_TICKET_PERIOD_S;
        make_ticket_key(context, now_s);
    }
    uv_mutex_unlock(&context->lock);
}

/* The key of a new ticket (name is filled) or of one that came. 0 unknown, 1 current, 2 previous */
static int
pick_ticket_key(struct onym_tls_context *context, bool sealing, uint8_t name[16], uint8_t iv[16],
                struct ticket_key *out)
{
    int picked = 0;

    uv_mutex_lock(&context->lock);
    if (sealing) {
        memcpy(name, context->current.name, sizeof context->current.name);
        fill_random(&context->rng, iv, 16);
    }
    if (memcmp(name, context->current.name, sizeof context->current.name) == 0) {
        *out = context->current;
        picked = 1;
    } else if (context->has_previous &&
               memcmp(name, context->previous.name, sizeof context->previous.name) == 0) {
        *out = context->previous;
        picked = 2; /* and OpenSSL gives the client a new ticket */
    }
    uv_mutex_unlock(&context->lock);
    return picked;
}

static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
          EVP_MAC_CTX *mac, int sealing)
{
    struct onym_tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    char digest[] = "SHA256";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                            OSSL_PARAM_construct_end()};
    struct ticket_key key;
    int picked = pick_ticket_key(context, sealing != 0, name, iv, &key);

    if (picked != 0 &&
        (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv, sealing) != 1 ||
         EVP_MAC_init(mac, key.mac, sizeof key.mac, params) != 1)) {
        picked = -1;
    }
    OPENSSL_cleanse(&key, sizeof key);
    return picked;
}

/* ---- clients ---- */

/* Optional clients pass whatever the verdict on their certificate is; the verdict stays with the
 * session, and onym_tls_peer_of reads it there. */
static int
on_verify(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    (void)X509_verify_cert(store);
    return 1;
}

static enum onym_status
trust_clients(SSL_CTX *ssl, const struct onym_tls_files *files, struct onym_fault *fault)
{
    bool required = files->clients == ONYM_TLS_CLIENTS_REQUIRED;
    STACK_OF(X509) *authorities = NULL;
    enum onym_status status;

    if (files->client_ca[0] == '\0') {
        return required ? onym_fault_set(fault, ONYM_INVALID,
                                         "tls.client_certificates is required, but "
                                         "tls.client_ca_file names no authority")
                        : ONYM_OK;
    }
    status = onym_tls_pem_certificates("tls.client_ca_file", files->client_ca,
                                       ONYM_TLS_CLIENT_CAS_MAX, &authorities, fault);
    for (int i = 0; i < sk_X509_num(authorities) && status == ONYM_OK; i++) {
        X509 *one = sk_X509_value(authorities, i);

        /* named to clients only where others are of no use: Java offers nothing but those */
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), one) != 1 ||
            (required && SSL_CTX_add_client_CA(ssl, one) != 1)) {
            status = onym_fault_set(fault, ONYM_INVALID, "tls.client_ca_file: %s: %s",
                                    files->client_ca, onym_tls_pem_reason());
        }
    }
    sk_X509_pop_free(authorities, X509_free);
    return status;
}

/* A ticket carries what the client showed. It counts for this demand on clients and no other. */
static enum onym_status
bind_sessions(SSL_CTX *ssl, const struct onym_tls_files *files, struct onym_fault *fault)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t mode = (uint8_t)files->clients;
    uint8_t id[EVP_MAX_MD_SIZE];
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum onym_status status = ONYM_OK;

    if (files->clients != ONYM_TLS_CLIENTS_OFF && files->client_ca[0] != '\0') {
        status = onym_tls_pem_read("tls.client_ca_file", files->client_ca, false, &bytes, &len,
                                   fault);
    }
    if (status == ONYM_OK &&
        (digest == NULL || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1 ||
         EVP_DigestUpdate(digest, &mode, 1) != 1 || EVP_DigestUpdate(digest, bytes, len) != 1 ||
         EVP_DigestFinal_ex(digest, id, NULL) != 1 ||
         SSL_CTX_set_session_id_context(ssl, id, 32) != 1)) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "OpenSSL makes no TLS context: %s",
                                onym_tls_pem_reason());
    }
    EVP_MD_CTX_free(digest);
    onym_tls_pem_drop(bytes, len);
    return status;
}

static enum onym_status
ask_clients(SSL_CTX *ssl, const struct onym_tls_files *files, struct onym_fault *fault)
{
    int mode = SSL_VERIFY_NONE;

    if (files->clients == ONYM_TLS_CLIENTS_OPTIONAL) {
        mode = SSL_VERIFY_PEER;
        SSL_CTX_set_cert_verify_callback(ssl, on_verify, NULL);
    } else if (files->clients == ONYM_TLS_CLIENTS_REQUIRED) {
        mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    SSL_CTX_set_verify(ssl, mode, NULL);
    SSL_CTX_set_verify_depth(ssl, VERIFY_DEPTH);
    return mode == SSL_VERIFY_NONE ? ONYM_OK : trust_clients(ssl, files, fault);
}

/* ---- the OpenSSL context ---- */

static bool
set_profile(SSL_CTX *ssl)
{
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    (void)SSL_CTX_clear_options(ssl, SSL_CTX_get_options(ssl));
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                       SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets only */
    (void)SSL_CTX_set_timeout(ssl, (long)ONYM_TLS_TICKET_PERIOD_S);
    (void)SSL_CTX_set_max_cert_list(ssl, (long)ONYM_TLS_PEER_CHAIN_MAX);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, SUITES_1_2) == 1 &&
           SSL_CTX_set_ciphersuites(ssl, SUITES_1_3) == 1 &&
           SSL_CTX_set1_groups_list(ssl, GROUPS) == 1 &&
           SSL_CTX_set1_sigalgs_list(ssl, SIGNATURES) == 1 &&
           SSL_CTX_set_num_tickets(ssl, 1) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket) == 1;
}

/* *out is the caller's whatever the status. */
static enum onym_status
begin(SSL_CTX **out, struct onym_fault *fault)
{
    *out = SSL_CTX_new(TLS_server_method());
    if (*out == NULL || !set_profile(*out)) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "OpenSSL makes no TLS context: %s",
                              onym_tls_pem_reason());
    }
    return ONYM_OK;
}

static enum onym_status
show_certificate(SSL_CTX *ssl, const struct onym_tls_files *files, struct onym_fault *fault)
{
    return onym_tls_pem_pair(ssl, "tls.certificate_file", files->certificate, "tls.key_file",
                             files->key, fault);
}

static enum onym_status
build(struct onym_tls_context *context, const struct onym_tls_files *files, SSL_CTX **out,
      struct onym_fault *fault)
{
    SSL_CTX *ssl = NULL;
    enum onym_status status = begin(&ssl, fault);

    if (status == ONYM_OK) {
        SSL_CTX_set_app_data(ssl, context);
        status = show_certificate(ssl, files, fault);
    }
    if (status == ONYM_OK) {
        status = ask_clients(ssl, files, fault);
    }
    if (status == ONYM_OK) {
        status = bind_sessions(ssl, files, fault);
    }
    if (status != ONYM_OK) {
        SSL_CTX_free(ssl);
        return status;
    }
    *out = ssl;
    return ONYM_OK;
}

size_t
onym_tls_files_check(const struct onym_tls_files *files,
                     struct onym_fault faults[ONYM_TLS_FAULTS_MAX])
{
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = NULL;
    SSL_CTX *ssl = NULL;
    size_t count = 0;

    if (begin(&ssl, &faults[0]) != ONYM_OK) {
        SSL_CTX_free(ssl);
        return 1;
    }
    /* each by itself, since a pair stops at the first of the two */
    if (onym_tls_pem_certificates("tls.certificate_file", files->certificate, ONYM_TLS_CHAIN_MAX,
                                  &chain, &faults[count]) != ONYM_OK) {
        count++;
    }
    if (onym_tls_pem_key("tls.key_file", files->key, &key, &faults[count]) != ONYM_OK) {
        count++;
    }
    if (count == 0 && show_certificate(ssl, files, &faults[count]) != ONYM_OK) {
        count++;
    }
    if (ask_clients(ssl, files, &faults[count]) != ONYM_OK ||
        bind_sessions(ssl, files, &faults[count]) != ONYM_OK) {
        count++;
    }
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    SSL_CTX_free(ssl);
    return count;
}

/* ---- life ---- */

static void
publish(struct onym_tls_context *context, SSL_CTX *ssl)
{
    SSL_CTX *old;

    uv_mutex_lock(&context->lock);
    old = context->ssl;
    context->ssl = ssl;
    context->expiry_s = (uint64_t)onym_tls_certificate_not_after_s(SSL_CTX_get0_certificate(ssl));
    uv_mutex_unlock(&context->lock);
    SSL_CTX_free(old);
}

enum onym_status
onym_tls_context_new(const struct onym_tls_files *files, struct onym_rng rng, uint32_t now_s,
                     struct onym_tls_context **out, struct onym_fault *fault)
{
    struct onym_tls_context *context = calloc(1, sizeof *context);
    SSL_CTX *ssl = NULL;
    enum onym_status status;

    if (context == NULL || uv_mutex_init(&context->lock) != 0) {
        free(context);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for TLS");
    }
    context->rng = rng;
    make_ticket_key(context, now_s);
    status = build(context, files, &ssl, fault);
    if (status != ONYM_OK) {
        onym_tls_context_free(context);
        return status;
    }
    publish(context, ssl);
    *out = context;
    return ONYM_OK;
}

enum onym_status
onym_tls_context_reload(struct onym_tls_context *context, const struct onym_tls_files *files,
                        struct onym_fault *fault)
{
    SSL_CTX *ssl = NULL;
    enum onym_status status = build(context, files, &ssl, fault);

    if (status == ONYM_OK) {
        publish(context, ssl);
    }
    return status;
}

uint64_t
onym_tls_context_expiry_s(struct onym_tls_context *context)
{
    uint64_t expiry_s;

    uv_mutex_lock(&context->lock);
    expiry_s = context->expiry_s;
    uv_mutex_unlock(&context->lock);
    return expiry_s;
}

struct ssl_ctx_st *
onym_tls_context_take(struct onym_tls_context *context)
{
    SSL_CTX *ssl;

    uv_mutex_lock(&context->lock);
    ssl = context->ssl;
    (void)SSL_CTX_up_ref(ssl);
    uv_mutex_unlock(&context->lock);
    return ssl;
}

void
onym_tls_context_free(struct onym_tls_context *context)
{
    if (context == NULL) {
        return;
    }
    SSL_CTX_free(context->ssl);
    uv_mutex_destroy(&context->lock);
    OPENSSL_cleanse(context, sizeof *context);
    free(context);
}
