/* What proves who sent a message: credentials, and answers to challenges.
 *
 * Challenges wait under "sequence/session id", where the sequence is a captured client or a group
 * of records; what we think of an answer waits under "sequence/request id" for the peer's verdict
 * on it. */
#include "auth/seal.h"
#include "auth/secret.h"
#include "tools/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_LEN 256U

/* Whoever wrote the vectors was free to use weak forms. */
static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};

/* A message cut apart, and nothing when it is none: that is reported elsewhere. */
static bool
cut(onym_span bytes, struct onym_message *out)
{
    struct onym_envelope envelope;

    return onym_envelope_decode(bytes, &envelope) == ONYM_OK &&
           onym_message_cut(&envelope, onym_span_from(bytes, ONYM_ENVELOPE_LEN), out) == ONYM_OK;
}

/* The name under which the key of a captured server is kept. */
static bool
site_key_name(json_t *record, char out[NAME_MAX_LEN])
{
    const char *client = json_string_value(json_object_get(record, "client"));

    return client != NULL && snprintf(out, NAME_MAX_LEN, "site of %.200s", client) > 0;
}

/* The key of the first server in site information that a captured server gave. */
static void
learn_site(struct onym_vectors *vectors, json_t *record)
{
    char name[NAME_MAX_LEN];
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct onym_message m;
    struct onym_body body;
    struct onym_server server;

    if (site_key_name(record, name) && onym_hex_field(record, "hex", &bytes, &len) &&
        cut(onym_span_of(bytes, len), &m) && onym_body_decode(&m, &body) == ONYM_OK &&
        body.kind == ONYM_BODY_SITE && onym_server_next(&body.as.site.servers.raw, &server)) {
        onym_put_hex(vectors->keys, name, server.public_key);
    }
    free(bytes);
}

void
onym_vectors_learn(struct onym_vectors *vectors, json_t *record)
{
    const char *kind = json_string_value(json_object_get(record, "kind"));
    const char *name = json_string_value(json_object_get(record, "name"));
    const char *secret = json_string_value(json_object_get(record, "secret_utf8"));

    if (kind != NULL && name != NULL && strcmp(kind, "key") == 0) {
        json_object_set(vectors->keys, name, json_object_get(record, "hex"));
    }
    if (secret != NULL) {
        json_object_set_new(vectors->secrets, secret, json_true());
    }
    if (json_integer_value(json_object_get(record, "opCode")) == ONYM_OP_SITE_INFO &&
        json_integer_value(json_object_get(record, "responseCode")) == 1) {
        learn_site(vectors, record);
    }
}

/* The key of a name; NULL when the records hold no usable one. */
static struct onym_key *
named_key(struct onym_vectors *vectors, const char *name)
{
    struct onym_key *key = NULL;
    uint8_t *data = NULL;
    size_t len = 0;

    if (onym_hex_json(json_object_get(vectors->keys, name), &data, &len) &&
        onym_key_from_hs_pubkey(onym_span_of(data, len), &key) != ONYM_OK) {
        key = NULL;
    }
    free(data);
    return key;
}

/* ---- credentials ---- */

static void
check_mac(json_t *record, const struct onym_sealed *sealed, const struct onym_seal_claim *claim,
          struct onym_verdict *verdict)
{
    uint8_t *key = NULL;
    size_t len = 0;
    enum onym_status status;

    if (!onym_hex_field(record, "sessionKey", &key, &len)) {
        onym_verdict_note(verdict, "credential: no sessionKey, MAC not checked");
        return;
    }
    status = onym_seal_mac_check(onym_span_of(key, len), sealed, claim, &everything);
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "credential: MAC: %s", onym_status_name(status));
    }
    free(key);
}

static void
check_signed(struct onym_vectors *vectors, json_t *record, const struct onym_sealed *sealed,
             const struct onym_seal_claim *claim, struct onym_verdict *verdict)
{
    const char *name = json_string_value(json_object_get(record, "key"));
    char site[NAME_MAX_LEN];
    struct onym_key *key;
    enum onym_status status;

    if (name == NULL && site_key_name(record, site) &&
        json_object_get(vectors->keys, site) != NULL) {
        name = site;
    }
    if (name == NULL) {
        onym_verdict_note(verdict, "credential: no key named, signature not checked");
        return;
    }
    key = named_key(vectors, name);
    if (key == NULL) {
        onym_verdict_skip(verdict, "credential: %.100s is not among the records", name);
        return;
    }
    status = onym_seal_verify(key, sealed, claim, &everything);
    if (status != ONYM_OK) {
        onym_verdict_fail(verdict, "credential: signature: %s", onym_status_name(status));
    }
    onym_key_free(key);
}

void
onym_check_credential(struct onym_vectors *vectors, json_t *record, onym_span bytes,
                      struct onym_verdict *verdict)
{
    struct onym_message m;
    struct onym_credential c;
    struct onym_sealed sealed;
    struct onym_seal_claim claim;

    if (!cut(bytes, &m) || m.credential.len == 0 ||
        onym_credential_decode(m.credential, &c) != ONYM_OK) {
        return;
    }
    sealed = (struct onym_sealed){.version = m.envelope.version,
                                  .suggested = m.envelope.suggested,
                                  .session_id = m.envelope.session_id,
                                  .request_id = m.envelope.request_id,
                                  .counter = c.counter,
                                  .covered = m.digested};
    claim = (struct onym_seal_claim){.hash_name = c.hash_name, .signature = c.signature};
    if (onym_span_equal(c.type, onym_span_text("HS_MAC"))) {
        check_mac(record, &sealed, &claim, verdict);
    } else if (onym_span_equal(c.type, onym_span_text("HS_SIGNED"))) {
        check_signed(vectors, record, &sealed, &claim, verdict);
    } else {
        onym_verdict_note(verdict, "credential: of a type that is not known");
    }
}

/* ---- challenges and answers ---- */

static void
slot_name(json_t *record, uint32_t number, char out[NAME_MAX_LEN])
{
    const char *client = json_string_value(json_object_get(record, "client"));
    const char *group = json_string_value(json_object_get(record, "group"));
    const char *sequence = client != NULL ? client : group != NULL ? group : "";

    (void)snprintf(out, NAME_MAX_LEN, "%.200s/%u", sequence, number);
}

static void
remember_challenge(struct onym_vectors *vectors, json_t *record, const struct onym_message *m)
{
    struct onym_body body;
    uint16_t suggested = m->envelope.suggested;
    char name[NAME_MAX_LEN];
    json_t *challenge;

    if (onym_body_decode(m, &body) != ONYM_OK || body.kind != ONYM_BODY_CHALLENGE) {
        return;
    }
    challenge = json_object();
    onym_put_hex(challenge, "nonce", body.as.challenge.nonce);
    onym_put_hex(challenge, "digest", body.digest.len > 0 ? body.digest : body.as.challenge.digest);
    if (suggested >> 8 == 0 || suggested > m->envelope.version) {
        suggested = m->envelope.version;
    }
    onym_put_int(challenge, "version", suggested);
    slot_name(record, m->envelope.session_id, name);
    json_object_set_new(vectors->challenges, name, challenge);
}

/* Whether one of the keys or secrets proves the answer: the one the record names, or any. */
static bool
pubkey_proves(struct onym_vectors *vectors, json_t *record, const struct onym_challenged *about,
              onym_span answer)
{
    const char *wanted = json_string_value(json_object_get(record, "key"));
    const char *name;
    json_t *hex;
    bool proved = false;

    json_object_foreach(vectors->keys, name, hex)
    {
        struct onym_key *key = wanted == NULL || strcmp(wanted, name) == 0
                                   ? named_key(vectors, name)
                                   : NULL;

        if (key != NULL) {
            proved = proved ||
                     onym_pubkey_answer_verify(key, about, answer, &everything) == ONYM_OK;
            onym_key_free(key);
        }
    }
    return proved;
}

static bool
secret_proves(struct onym_vectors *vectors, json_t *record, const struct onym_challenged *about,
              onym_span answer)
{
    const char *wanted = json_string_value(json_object_get(record, "secret_utf8"));
    const char *secret;
    json_t *seen;
    bool proved = false;

    json_object_foreach(vectors->secrets, secret, seen)
    {
        if (wanted == NULL || strcmp(wanted, secret) == 0) {
            proved = proved || onym_secret_answer_verify(onym_span_text(secret), about, answer,
                                                         &everything) == ONYM_OK;
        }
    }
    return proved;
}

static bool
proves(struct onym_vectors *vectors, json_t *record, json_t *challenge,
       const struct onym_challenge_answer *answer)
{
    struct onym_challenged about = {
        .user = answer->user,
        .version = (uint16_t)json_integer_value(json_object_get(challenge, "version"))};
    uint8_t *nonce = NULL;
    uint8_t *digest = NULL;
    bool proved = false;

    if (onym_hex_field(challenge, "nonce", &nonce, &about.nonce.len) &&
        onym_hex_field(challenge, "digest", &digest, &about.digest.len)) {
        about.nonce.at = nonce;
        about.digest.at = digest;
        proved = onym_span_equal(answer->type, onym_span_text("HS_PUBKEY"))
                     ? pubkey_proves(vectors, record, &about, answer->answer)
                     : secret_proves(vectors, record, &about, answer->answer);
    }
    free(nonce);
    free(digest);
    return proved;
}

/* Whether the key the record names, or any key or secret at all, has been seen. */
static bool
can_judge(struct onym_vectors *vectors, json_t *record)
{
    const char *wanted = json_string_value(json_object_get(record, "key"));

    return wanted != NULL
               ? json_object_get(vectors->keys, wanted) != NULL
               : json_object_size(vectors->keys) > 0 || json_object_size(vectors->secrets) > 0;
}

/* A record that says what it was proved with must be right; a captured one is judged by the reply
 * of its peer. */
static void
judge_answer(struct onym_vectors *vectors, json_t *record, const struct onym_message *m,
             struct onym_verdict *verdict)
{
    bool captured = json_object_get(record, "client") != NULL;
    struct onym_body body;
    char name[NAME_MAX_LEN];
    json_t *challenge;
    bool proved;

    slot_name(record, m->envelope.session_id, name);
    challenge = json_object_get(vectors->challenges, name);
    if (challenge == NULL || onym_body_decode(m, &body) != ONYM_OK) {
        onym_verdict_note(verdict, "answer: its challenge is not among the records");
        return;
    }
    if (!can_judge(vectors, record)) {
        onym_verdict_skip(verdict, "signedResponse: its key is not among the records");
        return;
    }
    proved = proves(vectors, record, challenge, &body.as.answer);
    if (!captured) {
        if (!proved) {
            onym_verdict_fail(verdict, "signedResponse: does not answer the challenge");
        }
        return;
    }
    json_object_del(vectors->challenges, name); /* one answer each */
    slot_name(record, m->envelope.request_id, name);
    json_object_set_new(vectors->answered, name, json_boolean(proved));
}

static void
judge_peer(struct onym_vectors *vectors, json_t *record, const struct onym_message *m,
           struct onym_verdict *verdict)
{
    char name[NAME_MAX_LEN];
    const json_t *proved;
    bool refused = m->header.response_code == onym_status_wire(ONYM_AUTH_FAILED);

    slot_name(record, m->envelope.request_id, name);
    proved = json_object_get(vectors->answered, name);
    if (proved != NULL && json_is_true(proved) == refused) {
        onym_verdict_fail(verdict, refused ? "the peer refused an answer that proves a key we have"
                                           : "the peer took an answer that proves no key we have");
    }
    json_object_del(vectors->answered, name);
}

void
onym_check_answer(struct onym_vectors *vectors, json_t *record, onym_span bytes,
                  struct onym_verdict *verdict)
{
    struct onym_message m;

    if (!cut(bytes, &m)) {
        return;
    }
    if (m.header.response_code == 0) {
        if (m.header.opcode == ONYM_OP_CHALLENGE_ANSWER) {
            judge_answer(vectors, record, &m, verdict);
        }
    } else if (m.header.response_code == onym_status_wire(ONYM_AUTH_NEEDED)) {
        remember_challenge(vectors, record, &m);
    } else {
        judge_peer(vectors, record, &m, verdict);
    }
}
