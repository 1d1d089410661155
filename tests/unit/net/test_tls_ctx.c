/* What TLS listeners accept: the profile counted out, files, reload, tickets, client certificates.
 */
#include "unit/net/tls_play.h"

#include <openssl/pem.h>

/* ---- the profile ---- */

/* Whether a client that can do nothing else gets a connection. */
static bool
accepted(struct play *p, SSL_CTX *client)
{
    SSL *ssl = play_connect(p, client, NULL);

    if (ssl == NULL) {
        play_turn(p, 3);
        return false;
    }
    play_talk(p, ssl, "x\n", ">x\n");
    play_hang_up(p, ssl);
    return true;
}

static void
exactly_three_suites_of_tls_1_2_are_accepted(void **state)
{
    static const char *const expected[] = {"ECDHE-ECDSA-AES256-GCM-SHA384",
                                           "ECDHE-ECDSA-CHACHA20-POLY1305",
                                           "ECDHE-ECDSA-AES128-GCM-SHA256"};
    struct play *p = play_new();
    SSL_CTX *all = play_client(p);
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(all);
    unsigned tried = 0;
    unsigned taken = 0;

    (void)state;
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *name = SSL_CIPHER_get_name(cipher);
        SSL_CTX *client = play_client(p);
        bool wanted = false;

        assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION), 1);
        if (strncmp(name, "TLS_", 4) != 0 && SSL_CTX_set_cipher_list(client, name) == 1) {
            for (size_t k = 0; k < 3; k++) {
                wanted = wanted || strcmp(name, expected[k]) == 0;
            }
            tried++;
            taken += wanted;
            if (accepted(p, client) != wanted) {
                fail_msg("%s is %s", name, wanted ? "refused" : "accepted");
            }
        }
        SSL_CTX_free(client);
    }
    assert_int_equal(taken, 3);
    assert_true(tried > 50); /* or the client could not offer what must be refused */
    SSL_CTX_free(all);
    play_end(p);
}

static void
exactly_three_suites_of_tls_1_3_are_accepted(void **state)
{
    static const struct {
        const char *name;
        bool accepted;
    } suites[] = {{"TLS_AES_128_GCM_SHA256", true},
                  {"TLS_AES_256_GCM_SHA384", true},
                  {"TLS_CHACHA20_POLY1305_SHA256", true},
                  {"TLS_AES_128_CCM_SHA256", false},
                  {"TLS_AES_128_CCM_8_SHA256", false}};
    struct play *p = play_new();

    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        SSL_CTX *client = play_client(p);

        assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_3_VERSION), 1);
        assert_int_equal(SSL_CTX_set_ciphersuites(client, suites[i].name), 1);
        assert_int_equal(accepted(p, client), suites[i].accepted);
        SSL_CTX_free(client);
    }
    play_end(p);
}

static void
exactly_two_versions_and_two_groups_are_accepted(void **state)
{
    static const struct {
        int version;
        bool accepted;
    } versions[] = {{TLS1_VERSION, false},
                    {TLS1_1_VERSION, false},
                    {TLS1_2_VERSION, true},
                    {TLS1_3_VERSION, true}};
    /* not const: OpenSSL's macro passes the name as a char * */
    struct {
        char name[12];
        bool accepted;
    } groups[] = {{"X25519", true}, {"P-256", true},  {"P-384", false},    {"P-521", false},
                  {"X448", false},  {"K-163", false}, {"ffdhe2048", false}};
    struct play *p = play_new();

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        SSL_CTX *client = play_client(p);

        assert_int_equal(SSL_CTX_set_min_proto_version(client, versions[i].version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, versions[i].version), 1);
        assert_int_equal(accepted(p, client), versions[i].accepted);
        SSL_CTX_free(client);
    }
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        SSL_CTX *client = play_client(p);

        assert_int_equal(SSL_CTX_set1_groups_list(client, groups[i].name), 1);
        if (accepted(p, client) != groups[i].accepted) {
            fail_msg("%s is %s", groups[i].name, groups[i].accepted ? "refused" : "accepted");
        }
        SSL_CTX_free(client);
    }
    play_end(p);
}

static void
renegotiation_is_refused(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl;
    char byte;
    int n = 1;

    (void)state;
    assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION), 1);
    ssl = play_connect(p, client, NULL);
    assert_non_null(ssl);
    play_talk(p, ssl, "x\n", ">x\n");
    assert_int_equal(SSL_renegotiate(ssl), 1);
    (void)SSL_do_handshake(ssl);
    for (unsigned i = 0; i < 200 && SSL_renegotiate_pending(ssl) != 0; i++) {
        play_turn(p, 2);
        ERR_clear_error();
        n = SSL_read(ssl, &byte, 1);
        if (n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ) {
            break;
        }
    }
    /* OpenSSL's client takes the refusal for the end; no second handshake was made */
    assert_true(n <= 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_FULL], 1);
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

/* ---- tickets ---- */

/* A connection, said something, so that TLS 1.3 has sent its ticket; the session it leaves. */
static SSL_SESSION *
session_of(struct play *p, SSL_CTX *client, SSL_SESSION *from, bool *reused)
{
    SSL *ssl = play_connect(p, client, from);
    SSL_SESSION *session;

    assert_non_null(ssl);
    play_talk(p, ssl, "x\n", ">x\n");
    *reused = SSL_session_reused(ssl) == 1;
    session = SSL_get1_session(ssl);
    play_hang_up(p, ssl);
    return session;
}

static void
tickets_survive_one_change_of_key_and_not_two(void **state)
{
    struct play *p = play_new();
    uint32_t now_s = PLAY_NOW_S;

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *client = play_client(p);
        SSL_SESSION *first;
        SSL_SESSION *session;
        bool reused;

        assert_int_equal(SSL_CTX_set_min_proto_version(client, version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, version), 1);
        first = session_of(p, client, NULL, &reused);
        assert_false(reused);
        session = session_of(p, client, first, &reused);
        assert_true(reused);
        SSL_SESSION_free(session);

        onym_tls_context_tick(p->context, now_s + ONYM_TLS_TICKET_PERIOD_S - 1); /* not yet */
        onym_tls_context_tick(p->context, now_s - 5000); /* a clock set back */
        now_s -= 5000;
        now_s += ONYM_TLS_TICKET_PERIOD_S;
        onym_tls_context_tick(p->context, now_s);
        session = session_of(p, client, first, &reused);
        assert_true(reused);
        SSL_SESSION_free(session);

        now_s += ONYM_TLS_TICKET_PERIOD_S;
        onym_tls_context_tick(p->context, now_s);
        session = session_of(p, client, first, &reused);
        assert_false(reused);
        SSL_SESSION_free(session);
        SSL_SESSION_free(first);
        SSL_CTX_free(client);
    }
    assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_RESUMED], 4);
    play_end(p);
}

/* ---- files and reload ---- */

static void
the_certificate_can_be_changed_under_open_connections(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    struct onym_tls_files second = play_first(p);
    struct onym_fault fault = {0};
    SSL *old = play_connect(p, client, NULL);
    char name[64] = "";
    SSL *fresh;

    (void)state;
    second.certificate = p->file[PLAY_CERT_2];
    assert_int_equal(onym_tls_context_reload(p->context, &second, &fault), ONYM_INVALID);
    assert_non_null(strstr(fault.text, "server.key is not the key of the first certificate"));
    second.key = p->file[PLAY_KEY_2];
    assert_int_equal(onym_tls_context_reload(p->context, &second, &fault), ONYM_OK);
    play_talk(p, old, "still\n", ">still\n");
    fresh = play_connect(p, client, NULL);
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(fresh)),
                                    NID_commonName, name, sizeof name);
    assert_string_equal(name, "second");
    play_talk(p, old, "on\n", ">on\n");
    play_hang_up(p, old);
    play_hang_up(p, fresh);
    SSL_CTX_free(client);
    play_end(p);
}

static void
expect_refusal(struct play *p, const struct onym_tls_files *files, const char *part)
{
    struct onym_fault faults[ONYM_TLS_FAULTS_MAX];
    struct onym_fault fault = {0};
    struct onym_tls_context *context = NULL;

    assert_int_equal(onym_tls_context_new(files, onym_rng_system(), PLAY_NOW_S, &context, &fault),
                     ONYM_INVALID);
    assert_null(context);
    assert_null(strchr(fault.text, '\n'));
    if (strstr(fault.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, part);
    }
    assert_in_range(onym_tls_files_check(files, faults), 1, ONYM_TLS_FAULTS_MAX);
    assert_string_equal(faults[0].text, fault.text); /* a check begins with what a start says */
    (void)p;
}

static void
expect_taken(const struct onym_tls_files *files)
{
    struct onym_fault faults[ONYM_TLS_FAULTS_MAX];
    struct onym_fault fault = {0};
    struct onym_tls_context *context = NULL;

    assert_int_equal(onym_tls_files_check(files, faults), 0);
    if (onym_tls_context_new(files, onym_rng_system(), PLAY_NOW_S, &context, &fault) != ONYM_OK) {
        fail_msg("%s", fault.text);
    }
    onym_tls_context_free(context);
}

static void
a_key_open_to_others_is_refused(void **state)
{
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);
    static const unsigned bad[] = {0640, 0604, 0660, 0610, 0601, 0644};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(p->file[PLAY_KEY], (mode_t)bad[i]), 0);
        expect_refusal(p, &files, "chmod 600");
    }
    assert_int_equal(chmod(p->file[PLAY_KEY], 0400), 0);
    expect_taken(&files);
    assert_int_equal(chmod(p->file[PLAY_CERT], 0644), 0); /* which is no secret */
    expect_taken(&files);
    play_end(p);
}

static void
files_that_are_no_pem_are_refused_with_their_name(void **state)
{
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);
    uint8_t *big = calloc(1, ONYM_TLS_FILE_MAX + 1);

    (void)state;
    files.certificate = p->file[PLAY_ANY];
    expect_refusal(p, &files, "any cannot be read: No such file");
    play_write(p->file[PLAY_ANY], (const uint8_t *)"x", 0, 0600);
    expect_refusal(p, &files, "has 0 bytes");
    play_write(p->file[PLAY_ANY], (const uint8_t *)"hello\n", 6, 0600);
    expect_refusal(p, &files, "holds no certificate");
    play_write(p->file[PLAY_ANY],
               (const uint8_t *)"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
               57, 0600);
    expect_refusal(p, &files, "is damaged");
    assert_non_null(big);
    memset(big, '\n', ONYM_TLS_FILE_MAX + 1);
    play_write(p->file[PLAY_ANY], big, ONYM_TLS_FILE_MAX, 0600);
    expect_refusal(p, &files, "holds no certificate");
    play_write(p->file[PLAY_ANY], big, ONYM_TLS_FILE_MAX + 1, 0600);
    expect_refusal(p, &files, "has 262145 bytes");
    files.certificate = p->dir;
    expect_refusal(p, &files, "is not a file");
    files = play_first(p);
    files.key = p->file[PLAY_CERT];
    expect_refusal(p, &files, "holds no usable private key");
    free(big);
    play_end(p);
}

static size_t
slurp(const char *path, uint8_t *out, size_t cap)
{
    FILE *f = fopen(path, "r");
    size_t len;

    assert_non_null(f);
    len = fread(out, 1, cap, f);
    assert_int_equal(fclose(f), 0);
    return len;
}

static void
a_chain_has_at_most_eight_certificates(void **state)
{
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);
    uint8_t text[ONYM_TLS_FILE_MAX];
    size_t len = slurp(p->file[PLAY_CERT], text, sizeof text);

    (void)state;
    files.certificate = p->file[PLAY_ANY];
    for (unsigned i = 1; i < ONYM_TLS_CHAIN_MAX; i++) {
        len += slurp(p->file[PLAY_CA], text + len, sizeof text - len);
    }
    play_write(p->file[PLAY_ANY], text, len, 0600);
    expect_taken(&files);
    len += slurp(p->file[PLAY_CA], text + len, sizeof text - len);
    play_write(p->file[PLAY_ANY], text, len, 0600);
    expect_refusal(p, &files, "more than 8 certificates");
    play_end(p);
}

static void
an_encrypted_key_is_refused_without_asking(void **state)
{
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *f = fopen(p->file[PLAY_ANY], "w");

    (void)state;
    assert_non_null(f);
    assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL),
                     1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(p->file[PLAY_ANY], 0600), 0);
    files.key = p->file[PLAY_ANY];
    expect_refusal(p, &files, "is encrypted");
    EVP_PKEY_free(key);
    play_end(p);
}

static void
required_clients_need_an_authority(void **state)
{
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);

    (void)state;
    files.clients = ONYM_TLS_CLIENTS_REQUIRED;
    expect_refusal(p, &files, "tls.client_ca_file names no authority");
    files.client_ca = p->file[PLAY_KEY];
    expect_refusal(p, &files, "tls.client_ca_file");
    play_end(p);
}

/* A ticket of a client that nobody asked for a certificate must not open a door that asks. */
static void
a_new_demand_on_clients_ends_their_tickets(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    struct onym_tls_files files = play_first(p);
    struct onym_fault fault = {0};
    bool reused;
    SSL_SESSION *session = session_of(p, client, NULL, &reused);
    enum play_end ended;
    SSL *ssl;

    (void)state;
    files.clients = ONYM_TLS_CLIENTS_REQUIRED;
    files.client_ca = p->file[PLAY_CA];
    assert_int_equal(onym_tls_context_reload(p->context, &files, &fault), ONYM_OK);
    ssl = play_connect(p, client, session);
    if (ssl != NULL) {
        assert_int_equal(SSL_session_reused(ssl), 0);
        (void)SSL_write(ssl, "x\n", 2);
        assert_int_equal(play_hear(p, ssl, 3, NULL, &ended), 0);
        play_hang_up(p, ssl);
    }
    assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_RESUMED], 0);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    play_end(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_three_suites_of_tls_1_2_are_accepted),
        cmocka_unit_test(exactly_three_suites_of_tls_1_3_are_accepted),
        cmocka_unit_test(exactly_two_versions_and_two_groups_are_accepted),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(tickets_survive_one_change_of_key_and_not_two),
        cmocka_unit_test(the_certificate_can_be_changed_under_open_connections),
        cmocka_unit_test(a_key_open_to_others_is_refused),
        cmocka_unit_test(files_that_are_no_pem_are_refused_with_their_name),
        cmocka_unit_test(a_chain_has_at_most_eight_certificates),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
        cmocka_unit_test(required_clients_need_an_authority),
        cmocka_unit_test(a_new_demand_on_clients_ends_their_tickets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
