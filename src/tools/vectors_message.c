#include "tools/vectors.h"

#include <stdio.h>
#include <stdlib.h>

void
onym_describe_envelope(const struct onym_envelope *envelope, json_t *out)
{
    uint16_t suggested = envelope->suggested;

    if (suggested >> 8 == 0) { /* section 2: major 0 means that of the message */
        suggested = (uint16_t)((envelope->version & 0xFF00U) | (suggested & 0xFFU));
    }
    onym_put_version(out, "version", envelope->version);
    onym_put_version(out, "suggested", suggested);
    onym_put_int(out, "sessionId", envelope->session_id);
    onym_put_int(out, "requestId", envelope->request_id);
}

static void
describe_header(const struct onym_header *header, json_t *out)
{
    static const char *const names[] = {"AT", "CT", "ENC", "REC",       "CA",   "CN",
                                        "KC", "PO", "RD",  "OVERWRITE", "MINT", "DNR"};
    json_t *flags = json_array();

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((header->flags >> (31 - i) & 1) != 0) {
            json_array_append_new(flags, json_string(names[i]));
        }
    }
    onym_put_int(out, "opCode", header->opcode);
    onym_put_int(out, "responseCode", header->response_code);
    json_object_set_new(out, "flags", flags);
    json_object_set_new(out, "opFlags", json_sprintf("%08x", header->flags));
    onym_put_int(out, "siteInfoSerial", header->site_serial);
    onym_put_int(out, "recursionCount", header->recursion);
    onym_put_int(out, "expiration", header->expiration);
}

/* Encodes the body again into out: with the trailing bytes it had, and without unused bytes it did
 * not have, so that it must equal the original. */
static enum onym_status
body_again(const struct onym_body *body, uint16_t version, uint8_t *out, size_t cap, size_t *len)
{
    enum onym_status status = onym_body_encode(body, version, out, cap, len);

    if (status != ONYM_OK) {
        return status;
    }
    if ((body->kind == ONYM_BODY_SESSION_SETUP && body->as.setup.no_tail) ||
        (body->kind == ONYM_BODY_SESSION_REPLY && body->as.session.no_tail)) {
        *len -= 2;
    }
    if (body->trailing.len > cap - *len) {
        return ONYM_NO_SPACE;
    }
    if (body->trailing.len > 0) {
        memcpy(out + *len, body->trailing.at, body->trailing.len);
        *len += body->trailing.len;
    }
    return ONYM_OK;
}

static enum onym_status
describe_credential(const struct onym_message *m, json_t *out, uint8_t *again, size_t cap,
                    size_t *len)
{
    struct onym_credential credential;
    enum onym_status status;

    *len = 0;
    if (m->credential.len == 0) {
        return ONYM_OK;
    }
    status = onym_credential_decode(m->credential, &credential);
    if (status != ONYM_OK) {
        return status;
    }
    onym_put_hex(out, "credential", m->credential);
    onym_put_int(out, "sessionCounter", credential.counter);
    onym_put_text(out, "credentialType", credential.type);
    onym_put_hex(out, "signature", credential.signature);
    return onym_credential_encode(&credential, again, cap, len);
}

enum onym_status
onym_describe_after_envelope(struct onym_vectors *vectors, const struct onym_envelope *envelope,
                             onym_span message, json_t *out, onym_span *again)
{
    uint8_t *spare = malloc(2 * ONYM_VECTOR_BYTES_MAX); /* body, then credential */
    struct onym_message m;
    struct onym_body body;
    size_t body_len = 0;
    size_t credential_len = 0;
    size_t len;
    enum onym_status status = spare != NULL ? ONYM_OK : ONYM_NO_MEMORY;

    if (status == ONYM_OK) {
        status = onym_message_cut(envelope, message, &m);
    }
    if (status == ONYM_OK) {
        status = onym_body_decode(&m, &body);
    }
    if (status == ONYM_OK) {
        describe_header(&m.header, out);
        onym_describe_body(&body, envelope->version, out);
        status = describe_credential(&m, out, spare + ONYM_VECTOR_BYTES_MAX, ONYM_VECTOR_BYTES_MAX,
                                     &credential_len);
    }
    if (status == ONYM_OK) {
        status = body_again(&body, envelope->version, spare, ONYM_VECTOR_BYTES_MAX, &body_len);
    }
    if (status == ONYM_OK) {
        m.body = onym_span_of(spare, body_len);
        m.credential = onym_span_of(spare + ONYM_VECTOR_BYTES_MAX, credential_len);
        status = onym_message_encode(&m, vectors->scratch, ONYM_VECTOR_BYTES_MAX, &len);
    }
    if (status == ONYM_OK) {
        *again = onym_span_of(vectors->scratch + ONYM_ENVELOPE_LEN, len - ONYM_ENVELOPE_LEN);
    }
    free(spare);
    return status;
}

enum onym_status
onym_describe_message(struct onym_vectors *vectors, onym_span bytes, json_t *out, onym_span *again)
{
    struct onym_envelope envelope;
    enum onym_status status = onym_envelope_decode(bytes, &envelope);

    if (status != ONYM_OK) {
        return status;
    }
    onym_describe_envelope(&envelope, out);
    status = onym_describe_after_envelope(vectors, &envelope,
                                          onym_span_from(bytes, ONYM_ENVELOPE_LEN), out, again);
    if (status == ONYM_OK) { /* the envelope was written in front of it */
        *again = onym_span_of(again->at - ONYM_ENVELOPE_LEN, again->len + ONYM_ENVELOPE_LEN);
    }
    return status;
}

/* ---- request digests ---- */

static bool
cut_bytes(onym_span bytes, struct onym_message *out)
{
    struct onym_envelope envelope;

    return onym_envelope_decode(bytes, &envelope) == ONYM_OK &&
           onym_message_cut(&envelope, onym_span_from(bytes, ONYM_ENVELOPE_LEN), out) == ONYM_OK;
}

/* Section 7: header and body of the request as received. Code 0 is MD5, as before 2.1. */
static bool
digest_matches(struct onym_vectors *vectors, uint8_t code, onym_span digest, onym_span request)
{
    static const enum onym_digest algorithms[] = {ONYM_MD5, ONYM_MD5, ONYM_SHA1, ONYM_SHA256};
    uint8_t computed[ONYM_DIGEST_BYTES_MAX];
    size_t len = onym_digest(vectors->digester, algorithms[code], &request, 1, computed);

    return onym_span_equal(digest, onym_span_of(computed, len));
}

/* The digest a reply carries; false when it carries none. */
static bool
reply_digest(onym_span reply, uint8_t *code, onym_span *digest)
{
    struct onym_message m;
    struct onym_body body;

    if (!cut_bytes(reply, &m) || onym_body_decode(&m, &body) != ONYM_OK) {
        return false;
    }
    *code = body.digest_code;
    *digest = body.digest;
    if (body.kind == ONYM_BODY_CHALLENGE && m.envelope.version < ONYM_VERSION(2, 1)) {
        *digest = body.as.challenge.digest;
    }
    return digest->len > 0;
}

static void
check_request_hex(struct onym_vectors *vectors, json_t *record, uint8_t code, onym_span digest,
                  struct onym_verdict *verdict)
{
    uint8_t *request = NULL;
    size_t len = 0;
    struct onym_message m;

    if (!onym_hex_field(record, "requestHex", &request, &len) ||
        !cut_bytes(onym_span_of(request, len), &m)) {
        onym_verdict_fail(verdict, "requestHex: not a message in hex");
    } else if (!digest_matches(vectors, code, digest, m.digested)) {
        onym_verdict_fail(verdict, "requestDigest: is not the digest of requestHex");
    }
    free(request);
}

/* Files show a request and its reply under one group. A reply whose request is not among them is
 * not checked; nor is one that repeats the digest of an operation answered through opcode 200. */
static void
check_group(struct onym_vectors *vectors, const char *group, uint32_t request_id, uint8_t code,
            onym_span digest, struct onym_verdict *verdict)
{
    const json_t *requests = json_object_get(vectors->requests, group);
    bool tried = false;

    for (size_t i = json_array_size(requests); i-- > 0;) {
        uint8_t *request = NULL;
        size_t len = 0;
        struct onym_message m;
        bool matches = false;

        if (onym_hex_json(json_array_get(requests, i), &request, &len) &&
            cut_bytes(onym_span_of(request, len), &m) && m.envelope.request_id == request_id &&
            m.header.opcode != ONYM_OP_CHALLENGE_ANSWER) {
            tried = true;
            matches = digest_matches(vectors, code, digest, m.digested);
        }
        free(request);
        if (matches) {
            return;
        }
    }
    if (tried) {
        onym_verdict_fail(verdict, "requestDigest: is not the digest of request %u of the group",
                          request_id);
    }
}

static void
remember_request(struct onym_vectors *vectors, const char *group, json_t *record)
{
    json_t *requests = json_object_get(vectors->requests, group);

    if (requests == NULL) {
        requests = json_array();
        json_object_set_new(vectors->requests, group, requests);
    }
    json_array_append(requests, json_object_get(record, "hex"));
}

static void
check_digest(struct onym_vectors *vectors, json_t *record, struct onym_verdict *verdict)
{
    const char *group = json_string_value(json_object_get(record, "group"));
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct onym_message m;
    uint8_t code;
    onym_span digest;

    if (!onym_hex_field(record, "hex", &bytes, &len) || !cut_bytes(onym_span_of(bytes, len), &m)) {
        free(bytes);
        return; /* reported already */
    }
    if (m.header.response_code == 0) {
        if (group != NULL) {
            remember_request(vectors, group, record);
        }
    } else if (reply_digest(onym_span_of(bytes, len), &code, &digest)) {
        if (json_object_get(record, "requestHex") != NULL) {
            check_request_hex(vectors, record, code, digest, verdict);
        } else if (group != NULL) {
            check_group(vectors, group, m.envelope.request_id, code, digest, verdict);
        }
    }
    free(bytes);
}

static void
check_direction(json_t *record, struct onym_verdict *verdict)
{
    const char *direction = json_string_value(json_object_get(record, "direction"));
    json_int_t code = json_integer_value(json_object_get(record, "responseCode"));

    if (direction != NULL && json_object_get(record, "responseCode") != NULL &&
        (strcmp(direction, "request") == 0) != (code == 0)) {
        onym_verdict_fail(verdict, "direction: %s with response code %lld", direction,
                          (long long)code);
    }
}

void
onym_run_message(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                 struct onym_verdict *verdict)
{
    json_t *copy = json_copy(record);
    const char *version = json_string_value(json_object_get(record, "version"));
    uint8_t *bytes = NULL;
    size_t len = 0;

    /* the code of the digest is not on the wire before 2.1 */
    if (version != NULL && strcmp(version, "2.0") == 0) {
        json_object_del(copy, "digestAlgCode");
    }
    onym_vector_run_bytes(vectors, kind, copy, verdict);
    check_direction(record, verdict);
    check_digest(vectors, record, verdict);
    if (onym_hex_field(record, "hex", &bytes, &len)) {
        onym_check_credential(vectors, record, onym_span_of(bytes, len), verdict);
        onym_check_answer(vectors, record, onym_span_of(bytes, len), verdict);
        free(bytes);
    }
    json_decref(copy);
}
