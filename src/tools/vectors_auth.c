/* Records that hold arithmetic: answers, session keys, hashed secrets, encrypted messages. */
#include "auth/secret.h"
#include "auth/session.h"
#include "tools/vectors.h"

#include <stdio.h>
#include <stdlib.h>

static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};

/* A hex field as a span over memory that *memory owns; empty when it is not there. */
static onym_span
field(json_t *record, const char *name, uint8_t **memory)
{
    size_t len = 0;

    return onym_hex_field(record, name, memory, &len) ? onym_span_of(*memory, len)
                                                      : onym_span_of(NULL, 0);
}

/* As `field`, for a number that may have an odd count of digits. */
static onym_span
number_field(json_t *record, const char *name, uint8_t **memory)
{
    const char *digits = json_string_value(json_object_get(record, name));
    json_t *even = digits != NULL && strlen(digits) % 2 != 0 ? json_sprintf("0%s", digits) : NULL;
    size_t len = 0;
    bool found = even != NULL ? onym_hex_json(even, memory, &len)
                              : onym_hex_field(record, name, memory, &len);

    json_decref(even);
    return onym_span_of(*memory, found ? len : 0);
}

static uint32_t
count_field(json_t *record, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(record, name));
}

/* ---- secret-answer ---- */

static void
answer_again(struct onym_vectors *vectors, json_t *record, onym_span secret,
             const struct onym_challenged *about, struct onym_verdict *verdict)
{
    uint8_t *salt = NULL;
    uint8_t *bytes = NULL;
    onym_span expected = field(record, "hex", &bytes);
    struct onym_secret_answer how = {
        .form = (enum onym_secret_form)json_integer_value(json_object_get(record, "algCode")),
        .salt = field(record, "salt", &salt),
        .iterations = count_field(record, "iterations"),
        .key_bits = count_field(record, "keyBits"),
    };
    size_t len = 0;
    enum onym_status status = onym_secret_answer_compute(secret, about, &how, vectors->scratch,
                                                         ONYM_VECTOR_BYTES_MAX, &len);

    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "cannot be computed: %s", onym_status_name(status));
    } else {
        onym_compare_bytes(expected, onym_span_of(vectors->scratch, len), verdict);
        status = onym_secret_answer_verify(secret, about, expected, &everything);
        if (status != ONYM_OK) {
            onym_verdict_fail(verdict, "does not verify: %s", onym_status_name(status));
        }
    }
    free(salt);
    free(bytes);
}

void
onym_run_secret_answer(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                       json_t *record, struct onym_verdict *verdict)
{
    const char *text = json_string_value(json_object_get(record, "secret_utf8"));
    uint8_t *secret = NULL;
    uint8_t *nonce = NULL;
    uint8_t *digest = NULL;
    onym_span bytes = field(record, "secret_hex", &secret);
    const struct onym_challenged about = {
        .nonce = field(record, "nonce", &nonce),
        .digest = field(record, "digest", &digest),
        .version = json_object_get(record, "algCode") != NULL ? ONYM_VERSION_OWN
                                                              : ONYM_VERSION(2, 0),
    };

    (void)kind;
    if (bytes.len == 0 && text != NULL) {
        bytes = onym_span_text(text);
    }
    answer_again(vectors, record, bytes, &about, verdict);
    free(secret);
    free(nonce);
    free(digest);
}

/* ---- pubkey-answer ---- */

void
onym_run_pubkey_answer(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                       json_t *record, struct onym_verdict *verdict)
{
    const char *user = json_string_value(json_object_get(record, "userHandle"));
    uint8_t *nonce = NULL;
    uint8_t *digest = NULL;
    uint8_t *data = NULL;
    uint8_t *bytes = NULL;
    struct onym_key *key = NULL;
    const struct onym_challenged about = {
        .nonce = field(record, "nonce", &nonce),
        .digest = field(record, "digest", &digest),
        .user = onym_span_text(user != NULL ? user : ""),
        .version = ONYM_VERSION_OWN,
    };
    enum onym_status status = onym_key_from_hs_pubkey(field(record, "publicKey", &data), &key);

    (void)vectors;
    (void)kind;
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "publicKey: %s", onym_status_name(status));
    } else {
        status = onym_pubkey_answer_verify(key, &about, field(record, "hex", &bytes), &everything);
        if (status != ONYM_OK) {
            onym_verdict_fail(verdict, "does not verify: %s", onym_status_name(status));
        }
    }
    onym_key_free(key);
    free(nonce);
    free(digest);
    free(data);
    free(bytes);
}

/* ---- session-key ---- */

struct half {
    onym_span public_key; /* DH_PUB_KEY */
    onym_span number;     /* the private one; may be empty */
};

/* From one side's private number: its public half, and the key agreed with the other. */
static void
agree(struct onym_vectors *vectors, const struct half *ours, const struct half *theirs,
      onym_span expected, struct onym_verdict *verdict)
{
    struct onym_dh *dh = NULL;
    struct onym_session_secret secret = {{0}};
    size_t len = 0;
    enum onym_status status = onym_dh_fixed(ours->public_key, ours->number, &dh);

    if (status == ONYM_OK) {
        status = onym_dh_public(dh, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    }
    if (status == ONYM_OK) {
        onym_compare_bytes(ours->public_key, onym_span_of(vectors->scratch, len), verdict);
        status = onym_dh_secret(dh, theirs->public_key, &secret);
    }
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "cannot be computed: %s", onym_status_name(status));
    } else {
        onym_compare_bytes(expected, onym_span_of(secret.bytes, sizeof secret.bytes), verdict);
    }
    onym_dh_free(dh);
}

void
onym_run_session_key(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                     json_t *record, struct onym_verdict *verdict)
{
    uint8_t *memory[5] = {NULL};
    const struct half client = {.public_key = field(record, "client_public", &memory[0]),
                                .number = number_field(record, "client_x", &memory[1])};
    const struct half server = {.public_key = field(record, "server_public", &memory[2]),
                                .number = number_field(record, "server_x", &memory[3])};
    onym_span expected = field(record, "hex", &memory[4]);

    (void)kind;
    if (client.number.len == 0 && server.number.len == 0) {
        onym_verdict_fail(verdict, "client_x, server_x: one of them is needed");
    }
    if (client.number.len > 0) {
        agree(vectors, &client, &server, expected, verdict);
    }
    if (server.number.len > 0) {
        agree(vectors, &server, &client, expected, verdict);
    }
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        free(memory[i]);
    }
}

/* ---- secret-key ---- */

void
onym_run_secret_key(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                    json_t *record, struct onym_verdict *verdict)
{
    const char *secret = json_string_value(json_object_get(record, "secret_utf8"));
    char hashed[ONYM_SECRET_HASHED_LEN];
    uint8_t *bytes = NULL;
    enum onym_status status = secret != NULL ? onym_secret_hashed(onym_span_text(secret), hashed)
                                             : ONYM_INVALID;

    (void)vectors;
    (void)kind;
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "secret_utf8: %s", onym_status_name(status));
    } else {
        onym_compare_bytes(field(record, "hex", &bytes), onym_span_of(hashed, sizeof hashed),
                           verdict);
    }
    free(bytes);
}

/* ---- encrypted-message ---- */

/* Decrypts into the second half of scratch; an empty span (and a failure) when that does not go. */
static onym_span
decrypted(struct onym_vectors *vectors, json_t *record, const struct onym_envelope *envelope,
          onym_span cipher, struct onym_verdict *verdict)
{
    uint8_t *out = vectors->scratch + ONYM_VECTOR_BYTES_MAX;
    struct onym_session_secret secret = {{0}};
    uint8_t *memory = NULL;
    onym_span key = field(record, "sessionKey", &memory);
    size_t len = 0;
    enum onym_status status = ONYM_INVALID;

    if (key.len == sizeof secret.bytes) {
        memcpy(secret.bytes, key.at, key.len);
        status = onym_session_decrypt(&secret, envelope->version, cipher, out + ONYM_ENVELOPE_LEN,
                                      ONYM_VECTOR_BYTES_MAX - ONYM_ENVELOPE_LEN, &len);
    }
    free(memory);
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "sessionKey: cannot decrypt: %s", onym_status_name(status));
        return onym_span_of(NULL, 0);
    }
    return onym_span_of(out + ONYM_ENVELOPE_LEN, len);
}

static void
run_plain(struct onym_vectors *vectors, json_t *record, struct onym_envelope *envelope,
          onym_span plain, struct onym_verdict *verdict)
{
    json_t *found = json_object();
    onym_span again;
    enum onym_status status;

    onym_describe_envelope(envelope, found);
    envelope->flags = 0;
    envelope->message_len = (uint32_t)plain.len;
    status = onym_describe_after_envelope(vectors, envelope, plain, found, &again);
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "plaintext: refused: %s", onym_status_name(status));
    } else {
        onym_compare_fields(record, found, true, verdict);
        onym_compare_bytes(plain, again, verdict);
    }
    json_decref(found);
}

/* The plain message with an envelope in front, for the check of its credential. */
static void
check_sealed(struct onym_vectors *vectors, json_t *record, const struct onym_envelope *envelope,
             onym_span plain, struct onym_verdict *verdict)
{
    uint8_t *out = vectors->scratch;

    if (plain.len <= ONYM_MESSAGE_LEN_MAX) {
        onym_envelope_encode(envelope, out);
        memmove(out + ONYM_ENVELOPE_LEN, plain.at, plain.len);
        onym_check_credential(vectors, record, onym_span_of(out, ONYM_ENVELOPE_LEN + plain.len),
                              verdict);
    }
}

void
onym_run_encrypted(struct onym_vectors *vectors, const struct onym_vector_kind *kind,
                   json_t *record, struct onym_verdict *verdict)
{
    uint8_t *memory[2] = {NULL};
    onym_span bytes = field(record, "hex", &memory[0]);
    onym_span plain = field(record, "plaintext", &memory[1]);
    struct onym_envelope envelope;

    (void)kind;
    if (onym_envelope_decode(bytes, &envelope) != ONYM_OK) {
        onym_verdict_fail(verdict, "hex: no envelope");
    } else if (envelope.flags != ONYM_ENVELOPE_ENCRYPTED ||
               envelope.message_len != bytes.len - ONYM_ENVELOPE_LEN) {
        onym_verdict_fail(verdict, "envelope: not an encrypted message of that length");
    } else if (json_object_get(record, "sessionKey") == NULL && plain.len > 0) {
        run_plain(vectors, record, &envelope, plain, verdict);
    } else if (json_object_get(record, "sessionKey") == NULL) {
        json_t *found = json_object();

        onym_describe_envelope(&envelope, found);
        onym_compare_fields(record, found, false, verdict);
        onym_verdict_skip(verdict, "ciphertext: no sessionKey; the envelope is right");
        json_decref(found);
    } else {
        onym_span message = decrypted(vectors, record, &envelope,
                                      onym_span_from(bytes, ONYM_ENVELOPE_LEN), verdict);

        if (plain.len > 0) {
            onym_compare_bytes(plain, message, verdict);
        }
        if (message.len > 0) {
            run_plain(vectors, record, &envelope, message, verdict);
            check_sealed(vectors, record, &envelope, message, verdict);
        }
    }
    free(memory[0]);
    free(memory[1]);
}
