/* Keys as PEM texts: public ones of records however they are folded, private ones of files. */
#include "auth/keys.h"

#include "key_make.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static onym_span
der_of(void **state, EVP_PKEY *pkey)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    uint8_t *room = vectors_room(state, (size_t)len);

    assert_true(len > 0);
    memcpy(room, der, (size_t)len);
    OPENSSL_free(der);
    return onym_span_of(room, (size_t)len);
}

static onym_span
fresh_der(void **state, const char *type, const char *curve)
{
    EVP_PKEY *pkey = curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, type, curve)
                                   : EVP_PKEY_Q_keygen(NULL, NULL, type);
    onym_span der;

    assert_non_null(pkey);
    der = der_of(state, pkey);
    EVP_PKEY_free(pkey);
    return der;
}

static onym_span
joined(void **state, const char *front, onym_span middle, const char *tail)
{
    size_t front_len = strlen(front);
    size_t tail_len = strlen(tail);
    uint8_t *room = vectors_room(state, front_len + middle.len + tail_len);

    memcpy(room, front, front_len);
    memcpy(room + front_len, middle.at, middle.len);
    memcpy(room + front_len + middle.len, tail, tail_len);
    return onym_span_of(room, front_len + middle.len + tail_len);
}

/* Breaks the text after every width-th character of its base64. */
static onym_span
folded(void **state, onym_span pem, size_t width, const char *newline)
{
    size_t armour = strlen("-----BEGIN PUBLIC KEY-----\n");
    size_t tail = strlen("\n-----END PUBLIC KEY-----");
    size_t step = strlen(newline);
    uint8_t *room = vectors_room(state, pem.len * (step + 1));
    size_t len = 0;

    for (size_t i = 0; i < pem.len; i++) {
        room[len++] = pem.at[i];
        if (i >= armour && i < pem.len - tail && (i - armour + 1) % width == 0) {
            memcpy(room + len, newline, step);
            len += step;
        }
    }
    return onym_span_of(room, len);
}

static void
public_texts_may_be_folded_anyhow(void **state)
{
    onym_span der = fresh_der(state, "EC", "P-256");
    onym_span pem = public_pem(state, der);

    assert_int_equal(judged(pem), ONYM_OK);
    assert_int_equal(judged(joined(state, "", pem, "\n")), ONYM_OK);
    assert_int_equal(judged(joined(state, "", pem, "\r\n\r\ntext behind it")), ONYM_OK);
    for (size_t width = 1; width < 80; width += 13) {
        assert_int_equal(judged(folded(state, pem, width, "\n")), ONYM_OK);
        assert_int_equal(judged(folded(state, pem, width, "\r\n")), ONYM_OK);
        assert_int_equal(judged(folded(state, pem, width, "  \n")), ONYM_OK);
    }
}

static void
public_texts_that_hold_no_key_are_refused(void **state)
{
    onym_span der = fresh_der(state, "EC", "P-256");
    onym_span pem = public_pem(state, der);

    for (size_t cut = 0; cut < pem.len; cut++) {
        assert_int_equal(judged(onym_span_of(pem.at, cut)), ONYM_CREDENTIAL_INVALID);
    }
    for (size_t cut = 0; cut < der.len; cut++) {
        assert_int_equal(judged(public_pem(state, onym_span_of(der.at, cut))),
                         ONYM_CREDENTIAL_INVALID);
    }
    assert_int_equal(judged(public_pem(state, joined(state, "", der, "x"))),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(onym_span_text("-----BEGIN PUBLIC KEY-----\n!!!!\n"
                                           "-----END PUBLIC KEY-----")),
                     ONYM_CREDENTIAL_INVALID);
}

static void
public_texts_are_bounded(void **state)
{
    onym_span pem = public_pem(state, fresh_der(state, "EC", "P-256"));
    uint8_t *room = vectors_room(state, ONYM_KEY_PEM_LEN_MAX + 1);

    memset(room, '\n', ONYM_KEY_PEM_LEN_MAX + 1);
    memcpy(room, pem.at, pem.len);
    assert_int_equal(judged(onym_span_of(room, ONYM_KEY_PEM_LEN_MAX)), ONYM_OK);
    assert_int_equal(judged(onym_span_of(room, ONYM_KEY_PEM_LEN_MAX + 1)), ONYM_CREDENTIAL_INVALID);
}

static void
only_known_curves_and_points_on_them_are_keys(void **state)
{
    onym_span der = fresh_der(state, "EC", "P-256");
    /* SubjectPublicKeyInfo on P-256 whose point is the one byte 00, infinity */
    onym_span infinity = hex_bytes(state, "3019301306072a8648ce3d020106082a8648ce3d03010703020000");

    assert_int_equal(judged(public_pem(state, fresh_der(state, "EC", "P-384"))), ONYM_OK);
    assert_int_equal(judged(public_pem(state, fresh_der(state, "EC", "P-521"))), ONYM_OK);
    assert_int_equal(judged(public_pem(state, fresh_der(state, "EC", "P-224"))),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(public_pem(state, fresh_der(state, "EC", "secp256k1"))),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(public_pem(state, fresh_der(state, "ED25519", NULL))),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(public_pem(state, fresh_der(state, "X25519", NULL))),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(public_pem(state, infinity)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(public_pem(state, flipped(state, der, 8 * der.len - 1))),
                     ONYM_CREDENTIAL_INVALID);
}

static void
sm2_data_holds_an_sm2_key(void **state)
{
    onym_span sm2 = public_pem(state, fresh_der(state, "SM2", NULL));
    onym_span ec = public_pem(state, fresh_der(state, "EC", "P-256"));
    struct onym_key *key = NULL;

    assert_int_equal(judged(hs_pubkey(state, "SM2_PUB_KEY", &sm2, 1)), ONYM_OK);
    assert_int_equal(judged(hs_pubkey(state, "SM2_PUB_KEY", &ec, 1)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_key_from_hs_pubkey(sm2, &key), ONYM_OK);
    assert_int_equal(onym_key_family(key), ONYM_FAMILY_SM2);
    onym_key_free(key);
}

/* ---- private ---- */

static onym_span
taken(void **state, BIO *bio)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    uint8_t *room = vectors_room(state, (size_t)len);

    assert_true(len > 0);
    memcpy(room, text, (size_t)len);
    BIO_free(bio);
    return onym_span_of(room, (size_t)len);
}

static enum onym_status
read_private(onym_span file, const char **why)
{
    struct onym_key *key = NULL;
    enum onym_status status = onym_key_from_private_pem(file, &key, why);

    onym_key_free(key);
    return status;
}

static void
expect_refused(onym_span file, const char *word)
{
    const char *why = NULL;

    assert_int_equal(read_private(file, &why), ONYM_INVALID);
    assert_non_null(why);
    if (strstr(why, word) == NULL) {
        fail_msg("\"%s\" does not speak of \"%s\"", why, word);
    }
    assert_int_equal(read_private(file, NULL), ONYM_INVALID);
}

static void
private_keys_come_back_from_their_file(void **state)
{
    static const enum onym_key_family families[] = {ONYM_FAMILY_RSA, ONYM_FAMILY_EC,
                                                    ONYM_FAMILY_SM2};

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        uint8_t *text = vectors_room(state, 4096);
        uint8_t a[ONYM_FINGERPRINT_LEN];
        uint8_t b[ONYM_FINGERPRINT_LEN];
        size_t len = 0;
        struct onym_key *key = NULL;
        struct onym_key *again = NULL;

        assert_int_equal(onym_key_generate(families[i], i == 0 ? 2048 : 256, &key), ONYM_OK);
        assert_int_equal(onym_key_to_private_pem(key, text, 4096, &len), ONYM_OK);
        assert_int_equal(onym_key_to_private_pem(key, text, len - 1, &len), ONYM_NO_SPACE);
        assert_int_equal(onym_key_from_private_pem(onym_span_of(text, len), &again, NULL), ONYM_OK);
        assert_true(onym_key_is_private(again));
        assert_int_equal(onym_key_family(again), families[i]);
        assert_int_equal(onym_key_fingerprint(key, a), ONYM_OK);
        assert_int_equal(onym_key_fingerprint(again, b), ONYM_OK);
        assert_memory_equal(a, b, sizeof a);
        onym_key_free(again);
        onym_key_free(key);
    }
}

static void
older_forms_of_files_are_read(void **state)
{
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    const char *why = NULL;

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, rsa, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(read_private(taken(state, bio), &why), ONYM_OK);
    bio = BIO_new(BIO_s_mem()); /* as "openssl ecparam -genkey" writes it */
    assert_true(BIO_puts(bio, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                              "-----END EC PARAMETERS-----\n") > 0);
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, ec, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(read_private(taken(state, bio), &why), ONYM_OK);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void
protected_keys_are_refused_by_name(void **state)
{
    static char word[] = "word";
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, rsa, EVP_aes_128_cbc(), word, 4, NULL, NULL), 1);
    expect_refused(taken(state, bio), "passphrase");
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, rsa, EVP_aes_128_cbc(),
                                                          (unsigned char *)word, 4, NULL, NULL),
                     1);
    expect_refused(taken(state, bio), "passphrase");
    EVP_PKEY_free(rsa);
}

static onym_span
private_pem(void **state, const char *type, int bits)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_true(bits == 0 || EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1);
    assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(context);
    return taken(state, bio);
}

static void
unfit_keys_are_refused_by_name(void **state)
{
    expect_refused(private_pem(state, "ED25519", 0), "kind or size");
    expect_refused(private_pem(state, "RSA", 512), "kind or size");
    expect_refused(private_pem(state, "RSA-PSS", 1024), "kind or size");
}

static void
other_files_are_refused_by_name(void **state)
{
    onym_span key = private_pem(state, "RSA", 1024);
    uint8_t *large = vectors_room(state, ONYM_KEY_PEM_LEN_MAX + 1);
    const char *why = NULL;

    expect_refused(onym_span_of(NULL, 0), "no private key");
    expect_refused(onym_span_text("secret"), "no private key");
    expect_refused(public_pem(state, fresh_der(state, "EC", "P-256")), "public key");
    expect_refused(onym_span_text("-----BEGIN CERTIFICATE-----\n"), "certificate");
    expect_refused(onym_span_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
                   "damaged");
    for (size_t cut = 30; cut < key.len - 30; cut += 7) {
        assert_int_equal(read_private(onym_span_of(key.at, cut), NULL), ONYM_INVALID);
    }
    memset(large, '\n', ONYM_KEY_PEM_LEN_MAX + 1);
    memcpy(large, key.at, key.len);
    assert_int_equal(read_private(onym_span_of(large, ONYM_KEY_PEM_LEN_MAX), &why), ONYM_OK);
    expect_refused(onym_span_of(large, ONYM_KEY_PEM_LEN_MAX + 1), "larger");
}

static void
a_public_key_writes_no_private_text(void **state)
{
    uint8_t out[1024];
    size_t len = 0;
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(vector_hex(state, "key/test-rsa-2048", "hex"), &key),
                     ONYM_OK);
    assert_int_equal(onym_key_to_private_pem(key, out, sizeof out, &len), ONYM_INVALID);
    assert_int_equal(onym_key_to_public_pem(key, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(judged(onym_span_of(out, len)), ONYM_OK);
    assert_int_equal(onym_key_to_public_pem(key, out, len - 1, &len), ONYM_NO_SPACE);
    onym_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_texts_may_be_folded_anyhow),
        cmocka_unit_test(public_texts_that_hold_no_key_are_refused),
        cmocka_unit_test(public_texts_are_bounded),
        cmocka_unit_test(only_known_curves_and_points_on_them_are_keys),
        cmocka_unit_test(sm2_data_holds_an_sm2_key),
        cmocka_unit_test(private_keys_come_back_from_their_file),
        cmocka_unit_test(older_forms_of_files_are_read),
        cmocka_unit_test(protected_keys_are_refused_by_name),
        cmocka_unit_test(unfit_keys_are_refused_by_name),
        cmocka_unit_test(other_files_are_refused_by_name),
        cmocka_unit_test(a_public_key_writes_no_private_text),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
