/* Client certificates: who is taken, who is trusted, and what a protocol is told of them. */
#include "unit/net/tls_play.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* A certificate for clients, signed by the authority of the play, or by itself. */
static void
make_client(struct play *p, bool by_itself, X509 **out, EVP_PKEY **key)
{
    FILE *f = fopen(p->file[PLAY_CA], "r");
    X509 *ca = PEM_read_X509(f, NULL, NULL, NULL);
    FILE *g = fopen(p->file[PLAY_CA_KEY], "r");
    EVP_PKEY *ca_key = PEM_read_PrivateKey(g, NULL, NULL, NULL);
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                                "DNS:mes.example.cn,IP:192.0.2.9");

    *key = EVP_EC_gen("P-256");
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 77), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const uint8_t *)"M\xc3\xa9s, line 1", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, by_itself ? name : X509_get_subject_name(ca)), 1);
    assert_int_equal(X509_set_pubkey(x, *key), 1);
    assert_int_equal(X509_add_ext(x, names, -1), 1);
    assert_true(X509_sign(x, by_itself ? *key : ca_key, EVP_sha256()) > 0);
    X509_EXTENSION_free(names);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    (void)fclose(f);
    (void)fclose(g);
    *out = x;
}

/* What the server sees of a client with such a certificate (NULL: none); false: it was refused. */
static bool
seen(struct play *p, X509 *certificate, EVP_PKEY *key, struct onym_tls_peer *out)
{
    SSL_CTX *client = play_client(p);
    enum play_end ended;
    char heard[8] = "";
    bool taken;
    SSL *ssl;

    if (certificate != NULL) {
        assert_int_equal(SSL_CTX_use_certificate(client, certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(client, key), 1);
    }
    p->last = NULL;
    ssl = play_connect(p, client, NULL);
    assert_non_null(ssl); /* TLS 1.3: the client is done before the server judges it */
    (void)SSL_write(ssl, "x\n", 2);
    taken = play_hear(p, ssl, 3, heard, &ended) == 3;
    if (taken) {
        assert_non_null(p->last);
        onym_tls_peer_of(p->last, out);
    }
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    return taken;
}

static void
clients_are_judged_as_configured(void **state)
{
    static const struct onym_tcp_limits roomy = PLAY_ROOMY;
    /* off, optional without and with authority, required: a client without certificate, with its
     * own, with one of the authority */
    static const struct {
        enum onym_tls_clients clients;
        bool authority;
        const char
            *expected; /* per client: '-' refused, 'n' none seen, 'u' untrusted, 't' trusted */
    } rows[] = {{ONYM_TLS_CLIENTS_OFF, true, "nnn"},
                {ONYM_TLS_CLIENTS_OPTIONAL, false, "nuu"},
                {ONYM_TLS_CLIENTS_OPTIONAL, true, "nut"},
                {ONYM_TLS_CLIENTS_REQUIRED, true, "--t"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct play *p = play_files();
        struct onym_tls_files files = play_first(p);
        X509 *certificate[3] = {NULL};
        EVP_PKEY *key[3] = {NULL};

        files.clients = rows[i].clients;
        files.client_ca = rows[i].authority ? p->file[PLAY_CA] : "";
        play_serve(p, &files, &roomy);
        make_client(p, true, &certificate[1], &key[1]);
        make_client(p, false, &certificate[2], &key[2]);
        for (size_t k = 0; k < 3; k++) {
            struct onym_tls_peer peer = {.present = false};
            bool taken = seen(p, certificate[k], key[k], &peer);
            char got = !taken ? '-' : !peer.present ? 'n' : peer.trusted ? 't' : 'u';

            if (got != rows[i].expected[k]) {
                fail_msg("row %zu client %zu: %c", i, k, got);
            }
            if (peer.present) {
                uint8_t digest[32];
                uint8_t *der = NULL;
                int len = i2d_PUBKEY(key[k], &der);

                assert_int_equal(EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
                assert_memory_equal(peer.key_sha256, digest, 32);
                assert_string_equal(peer.subject, "CN=M\\C3\\A9s\\, line 1");
                assert_string_equal(peer.names, "DNS:mes.example.cn, IP:192.0.2.9");
                OPENSSL_free(der);
            }
        }
        for (size_t k = 1; k < 3; k++) {
            X509_free(certificate[k]);
            EVP_PKEY_free(key[k]);
        }
        play_end(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_judged_as_configured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
