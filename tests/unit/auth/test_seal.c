/* What stands under a credential, and nothing else passes. */
#include "auth/seal.h"

#include "auth_test.h"
#include "wire/credential.h"

static const struct onym_auth_policy usual = {.allow_sha1 = true, .allow_md5 = false};
static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};
static const struct onym_auth_policy strict = {.allow_sha1 = false, .allow_md5 = false};

static struct onym_sealed
sample(uint16_t version)
{
    return (struct onym_sealed){.version = version,
                                .suggested = 0x020B,
                                .session_id = 0x01020304,
                                .request_id = 0x05060708,
                                .counter = 0x090A0B0C,
                                .covered = onym_span_text("header and body")};
}

static void
expect_front(uint16_t version, const void *expected, size_t expected_len)
{
    struct onym_sealed message = sample(version);
    uint8_t front[ONYM_SEAL_FRONT_LEN_MAX];
    size_t len = 99;

    assert_int_equal(onym_seal_front(&message, front, &len), ONYM_OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(front, expected, expected_len);
}

static void
the_front_follows_the_version(void **state)
{
    struct onym_sealed message = sample(0x0205);
    uint8_t front[ONYM_SEAL_FRONT_LEN_MAX];
    size_t len;

    (void)state;
    expect_front(0x0200, "", 0);
    expect_front(0x0204, "", 0);
    expect_front(0x0207, "\2\7\1\2\3\4\5\6\7\x8\x9\xA\xB\xC", 14);
    expect_front(0x0208, "\2\x8\2\xB\1\2\3\4\5\6\7\x8\x9\xA\xB\xC", 16);
    expect_front(0x020B, "\2\xB\2\xB\1\2\3\4\5\6\7\x8\x9\xA\xB\xC", 16);
    assert_int_equal(onym_seal_front(&message, front, &len), ONYM_UNSUPPORTED);
    message.version = 0x0206;
    assert_int_equal(onym_seal_front(&message, front, &len), ONYM_UNSUPPORTED);
}

/* A golden message, its credential taken apart. */
static void
cut_vector(void **state, const char *name, struct onym_sealed *sealed,
           struct onym_seal_claim *claim)
{
    onym_span bytes = vector_hex(state, name, "hex");
    struct onym_envelope envelope;
    struct onym_message m;
    struct onym_credential c;

    assert_int_equal(onym_envelope_decode(bytes, &envelope), ONYM_OK);
    assert_int_equal(onym_message_cut(&envelope, onym_span_from(bytes, ONYM_ENVELOPE_LEN), &m),
                     ONYM_OK);
    assert_int_equal(onym_credential_decode(m.credential, &c), ONYM_OK);
    *sealed = (struct onym_sealed){.version = envelope.version,
                                   .suggested = envelope.suggested,
                                   .session_id = envelope.session_id,
                                   .request_id = envelope.request_id,
                                   .counter = c.counter,
                                   .covered = m.digested};
    *claim = (struct onym_seal_claim){.hash_name = c.hash_name, .signature = c.signature};
}

static void
macs_of_the_reference_are_made_and_taken(void **state)
{
    static const char *const names[] = {
        "credential/mac-request/v2.4", "credential/mac-response/v2.7",
        "credential/mac-request/v2.8", "credential/mac-response/v2.11"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        onym_span key = vector_hex(state, names[i], "sessionKey");
        struct onym_sealed sealed;
        struct onym_seal_claim claim;
        struct onym_seal made;
        onym_span mac;

        cut_vector(state, names[i], &sealed, &claim);
        assert_int_equal(onym_seal_mac_check(key, &sealed, &claim, &usual), ONYM_OK);
        assert_int_equal(onym_seal_mac(key, &sealed, &made), ONYM_OK);
        assert_string_equal(made.type, "HS_MAC");
        assert_true(onym_span_equal(made.hash_name, claim.hash_name));
        assert_true(
            onym_span_equal(onym_span_of(made.signature, made.signature_len), claim.signature));
        mac = claim.signature;
        for (size_t bit = 0; bit < 8 * mac.len; bit++) {
            claim.signature = flipped(state, mac, bit);
            assert_int_equal(onym_seal_mac_check(key, &sealed, &claim, &usual),
                             ONYM_SESSION_REJECTED);
        }
        for (size_t cut = 0; cut < mac.len; cut++) {
            claim.signature = onym_span_of(mac.at, cut);
            assert_int_equal(onym_seal_mac_check(key, &sealed, &claim, &usual),
                             ONYM_SESSION_REJECTED);
        }
    }
}

static void
signatures_of_the_reference_are_taken(void **state)
{
    static const char *const names[] = {"credential/rsa-response/v2.4",
                                        "credential/rsa-response/v2.8"};
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(vector_hex(state, "key/test-rsa-2048", "hex"), &key),
                     ONYM_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct onym_sealed sealed;
        struct onym_seal_claim claim;

        cut_vector(state, names[i], &sealed, &claim);
        assert_int_equal(onym_seal_verify(key, &sealed, &claim, &usual), ONYM_OK);
        assert_int_equal(onym_seal_verify(key, &sealed, &claim, &strict),
                         i == 0 ? ONYM_CREDENTIAL_INVALID : ONYM_OK);
        sealed.covered = flipped(state, sealed.covered, 8 * 14); /* the recursion count */
        assert_int_equal(onym_seal_verify(key, &sealed, &claim, &usual), ONYM_AUTH_FAILED);
    }
    onym_key_free(key);
}

/* Every field that stands under the MAC changes it; the others do not. */
static void
every_covered_field_counts(void **state)
{
    static const uint16_t versions[] = {0x0204, 0x0207, 0x0208, 0x020B};
    const onym_span key = onym_span_text("0123456789abcdef0123456789abcdef");

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct onym_sealed sealed = sample(versions[i]);
        struct onym_sealed others[] = {sealed, sealed, sealed, sealed, sealed};
        const bool covered[] = {versions[i] >= 0x0207, versions[i] >= 0x0207, versions[i] >= 0x0207,
                                versions[i] >= 0x0208, true};
        struct onym_seal made;
        struct onym_seal_claim claim;

        others[0].session_id ^= 1;
        others[1].request_id ^= 0x80000000;
        others[2].counter ^= 1;
        others[3].suggested ^= 1;
        others[4].covered.len--;
        assert_int_equal(onym_seal_mac(key, &sealed, &made), ONYM_OK);
        claim.hash_name = made.hash_name;
        claim.signature = onym_span_of(made.signature, made.signature_len);
        for (size_t j = 0; j < 5; j++) {
            assert_int_equal(onym_seal_mac_check(key, &others[j], &claim, &usual),
                             covered[j] ? ONYM_SESSION_REJECTED : ONYM_OK);
        }
    }
}

static void
mac_names_follow_the_version(void **state)
{
    static const struct {
        uint16_t version;
        const char *name;
        enum onym_status status;
    } cases[] = {{0x020B, "HMAC-SHA256", ONYM_OK},
                 {0x0207, "hmacsha256", ONYM_OK},
                 {0x020B, "Hmac_SHA-256", ONYM_OK},
                 {0x020B, "HMAC-SHA1", ONYM_SESSION_REJECTED},
                 {0x020B, "\3", ONYM_SESSION_REJECTED},
                 {0x020B, "", ONYM_SESSION_REJECTED},
                 {0x020B, "HMAC-SHA256HMAC-SHA256", ONYM_SESSION_REJECTED},
                 {0x0204, "\2", ONYM_OK},
                 {0x0204, "SHA1", ONYM_OK},
                 {0x0204, "SHA-1", ONYM_OK},
                 {0x0204, "SM3", ONYM_SESSION_REJECTED},
                 {0x0204, "HMAC-SHA256", ONYM_SESSION_REJECTED},
                 {0x0205, "HMAC-SHA256", ONYM_UNSUPPORTED},
                 {0x0206, "HMAC-SHA256", ONYM_UNSUPPORTED}};
    const onym_span key = onym_span_text("key");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct onym_sealed sealed = sample(cases[i].version);
        struct onym_seal made = {.signature_len = 0};
        struct onym_seal_claim claim = {.hash_name = onym_span_text(cases[i].name)};

        assert_int_equal(onym_seal_mac(key, &sealed, &made),
                         cases[i].status == ONYM_UNSUPPORTED ? ONYM_UNSUPPORTED : ONYM_OK);
        claim.signature = onym_span_of(made.signature, made.signature_len);
        assert_int_equal(onym_seal_mac_check(key, &sealed, &claim, &usual), cases[i].status);
    }
}

/* MD5("key" | covered | "key") and SHA-256 of the same are made by nobody we know, but named. */
static void
old_macs_follow_policy(void **state)
{
    struct onym_sealed sealed = sample(0x0204);
    const onym_span key = onym_span_text("key");
    struct onym_seal made;
    struct onym_seal_claim claim;
    struct onym_seal_claim md5 = {
        .hash_name = onym_span_text("\1"),
        .signature = hex_bytes(state, "8ad66173da8a7e399dfdd3d25cf4a23c")};

    assert_int_equal(onym_seal_mac(key, &sealed, &made), ONYM_OK);
    claim.hash_name = made.hash_name;
    claim.signature = onym_span_of(made.signature, made.signature_len);
    assert_int_equal(onym_seal_mac_check(key, &sealed, &claim, &strict), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_seal_mac_check(key, &sealed, &md5, &usual), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_seal_mac_check(key, &sealed, &md5, &everything), ONYM_OK);
}

static void
mac_keys_are_bounded(void **state)
{
    struct onym_sealed sealed = sample(0x020B);
    uint8_t *key = vectors_room(state, ONYM_SEAL_MAC_KEY_LEN_MAX + 1);
    struct onym_seal made;
    struct onym_seal_claim claim;

    assert_int_equal(onym_seal_mac(onym_span_of(key, 0), &sealed, &made), ONYM_INVALID);
    assert_int_equal(
        onym_seal_mac(onym_span_of(key, ONYM_SEAL_MAC_KEY_LEN_MAX + 1), &sealed, &made),
        ONYM_INVALID);
    assert_int_equal(onym_seal_mac(onym_span_of(key, ONYM_SEAL_MAC_KEY_LEN_MAX), &sealed, &made),
                     ONYM_OK);
    claim.hash_name = made.hash_name;
    claim.signature = onym_span_of(made.signature, made.signature_len);
    assert_int_equal(
        onym_seal_mac_check(onym_span_of(key, ONYM_SEAL_MAC_KEY_LEN_MAX), &sealed, &claim, &usual),
        ONYM_OK);
    assert_int_equal(onym_seal_mac_check(onym_span_of(key, 0), &sealed, &claim, &usual),
                     ONYM_SESSION_REJECTED);
    assert_int_equal(onym_seal_mac_check(onym_span_of(key, ONYM_SEAL_MAC_KEY_LEN_MAX + 1), &sealed,
                                         &claim, &usual),
                     ONYM_SESSION_REJECTED);
}

static void
signatures_are_made_by_version(void **state)
{
    static const uint16_t versions[] = {0x0203, 0x0204, 0x0207, 0x0208, 0x020B};
    struct onym_key *key = NULL;
    struct onym_sealed sealed = sample(0x0205);
    struct onym_seal made;
    struct onym_seal_claim claim = {.hash_name = onym_span_text("SHA-256")};

    (void)state;
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 2048, &key), ONYM_OK);
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct onym_sealed other = sample(versions[i]);

        assert_int_equal(onym_seal_sign(key, &other, &made), ONYM_OK);
        assert_string_equal(made.type, "HS_SIGNED");
        assert_true(onym_span_equal(made.hash_name,
                                    onym_span_text(versions[i] >= 0x0207 ? "SHA-256" : "SHA1")));
        claim.hash_name = made.hash_name;
        claim.signature = onym_span_of(made.signature, made.signature_len);
        assert_int_equal(onym_seal_verify(key, &other, &claim, &usual), ONYM_OK);
        other.covered.len--;
        assert_int_equal(onym_seal_verify(key, &other, &claim, &usual), ONYM_AUTH_FAILED);
    }
    for (sealed.version = 0x0205; sealed.version < 0x0207; sealed.version++) {
        assert_int_equal(onym_seal_sign(key, &sealed, &made), ONYM_UNSUPPORTED);
        assert_int_equal(onym_seal_verify(key, &sealed, &claim, &usual), ONYM_UNSUPPORTED);
    }
    onym_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_follows_the_version),
        cmocka_unit_test(macs_of_the_reference_are_made_and_taken),
        cmocka_unit_test(signatures_of_the_reference_are_taken),
        cmocka_unit_test(every_covered_field_counts),
        cmocka_unit_test(mac_names_follow_the_version),
        cmocka_unit_test(old_macs_follow_policy),
        cmocka_unit_test(mac_keys_are_bounded),
        cmocka_unit_test(signatures_are_made_by_version),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
