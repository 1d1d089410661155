#include "support/roundtrip.h"

#include "onym/model/hs_admin.h"
#include "onym/model/hs_pubkey.h"
#include "onym/model/hs_vlist.h"

#include <stdlib.h>

/* Encoding adds at most the unused bytes that were missing. */
#define SLACK 16U

static bool
same_list(onym_span a, uint32_t a_count, onym_span b, uint32_t b_count)
{
    return a_count == b_count && onym_span_equal(a, b);
}

static bool
same_site(const struct onym_hs_site *a, const struct onym_hs_site *b)
{
    return a->version == b->version && a->serial == b->serial && a->flags == b->flags &&
           a->hash_option == b->hash_option && onym_span_equal(a->hash_filter, b->hash_filter) &&
           same_list(a->attributes.raw, a->attributes.count, b->attributes.raw,
                     b->attributes.count) &&
           same_list(a->servers.raw, a->servers.count, b->servers.raw, b->servers.count);
}

static bool
same_setup(const struct onym_session_setup *a, const struct onym_session_setup *b)
{
    return a->mode == b->mode && a->timeout_s == b->timeout_s &&
           onym_span_equal(a->identity, b->identity) && a->identity_index == b->identity_index &&
           onym_span_equal(a->public_key, b->public_key) &&
           onym_span_equal(a->key_name, b->key_name) && a->key_index == b->key_index;
}

static bool
same_verify(const struct onym_verify_request *a, const struct onym_verify_request *b)
{
    return onym_span_equal(a->user, b->user) && a->index == b->index &&
           onym_span_equal(a->nonce, b->nonce) && a->digest_code == b->digest_code &&
           onym_span_equal(a->digest, b->digest) && onym_span_equal(a->answer, b->answer);
}

static bool
same_log(const struct onym_log_request *a, const struct onym_log_request *b)
{
    return a->by_source == b->by_source && a->last_id == b->last_id &&
           a->last_query_ms == b->last_query_ms && onym_span_equal(a->states, b->states) &&
           a->hash_option == b->hash_option && a->servers == b->servers && a->server == b->server;
}

static bool
same_dump(const struct onym_dump_request *a, const struct onym_dump_request *b)
{
    return a->hash_option == b->hash_option && a->servers == b->servers && a->server == b->server &&
           a->has_start == b->has_start && onym_span_equal(a->start, b->start) &&
           a->start_kind == b->start_kind;
}

static bool
same_answer(const struct onym_challenge_answer *a, const struct onym_challenge_answer *b)
{
    return onym_span_equal(a->type, b->type) && onym_span_equal(a->user, b->user) &&
           a->index == b->index && onym_span_equal(a->answer, b->answer);
}

static bool
same_referral(const struct onym_referral_reply *a, const struct onym_referral_reply *b)
{
    return onym_span_equal(a->name, b->name) && a->has_values == b->has_values &&
           same_list(a->values.raw, a->values.count, b->values.raw, b->values.count);
}

static bool
same_query(const struct onym_query *a, const struct onym_query *b)
{
    return onym_span_equal(a->name, b->name) &&
           same_list(a->indexes.raw, a->indexes.count, b->indexes.raw, b->indexes.count) &&
           same_list(a->types.raw, a->types.count, b->types.raw, b->types.count);
}

static bool
same_named_values(onym_span a_name, const struct onym_value_list *a, onym_span b_name,
                  const struct onym_value_list *b)
{
    return onym_span_equal(a_name, b_name) && same_list(a->raw, a->count, b->raw, b->count);
}

static bool
same_kind(const struct onym_body *a, const struct onym_body *b)
{
    switch (a->kind) {
    case ONYM_BODY_EMPTY:
        return true;
    case ONYM_BODY_NAME:
        return onym_span_equal(a->as.name, b->as.name);
    case ONYM_BODY_QUERY:
        return same_query(&a->as.query, &b->as.query);
    case ONYM_BODY_VALUES:
        return same_named_values(a->as.values.name, &a->as.values.values, b->as.values.name,
                                 &b->as.values.values);
    case ONYM_BODY_INDEXES:
        return onym_span_equal(a->as.indexes.name, b->as.indexes.name) &&
               same_list(a->as.indexes.indexes.raw, a->as.indexes.indexes.count,
                         b->as.indexes.indexes.raw, b->as.indexes.indexes.count);
    case ONYM_BODY_CHALLENGE_ANSWER:
        return same_answer(&a->as.answer, &b->as.answer);
    case ONYM_BODY_VERIFY:
        return same_verify(&a->as.verify, &b->as.verify);
    case ONYM_BODY_SESSION_SETUP:
        return same_setup(&a->as.setup, &b->as.setup);
    case ONYM_BODY_SESSION_EXCHANGE:
        return onym_span_equal(a->as.session_key, b->as.session_key);
    case ONYM_BODY_LOG_REQUEST:
        return same_log(&a->as.log, &b->as.log);
    case ONYM_BODY_DUMP_REQUEST:
        return same_dump(&a->as.dump, &b->as.dump);
    case ONYM_BODY_KEY_LOGIN:
        return onym_span_equal(a->as.login.user, b->as.login.user) &&
               a->as.login.index == b->as.login.index;
    case ONYM_BODY_RESOLVED:
        return same_named_values(a->as.resolved.name, &a->as.resolved.values, b->as.resolved.name,
                                 &b->as.resolved.values);
    case ONYM_BODY_SITE:
        return same_site(&a->as.site, &b->as.site);
    case ONYM_BODY_NAMES:
        return same_list(a->as.names.raw, a->as.names.count, b->as.names.raw, b->as.names.count);
    case ONYM_BODY_VERIFIED:
        return a->as.valid == b->as.valid;
    case ONYM_BODY_SESSION_REPLY:
        return a->as.session.mode == b->as.session.mode &&
               onym_span_equal(a->as.session.data, b->as.session.data);
    case ONYM_BODY_NEXT_TXN_ID:
        return a->as.next_txn_id == b->as.next_txn_id;
    case ONYM_BODY_LOG_REPLY:
        return a->as.keep_alive == b->as.keep_alive;
    case ONYM_BODY_CHALLENGE:
        return onym_span_equal(a->as.challenge.nonce, b->as.challenge.nonce) &&
               onym_span_equal(a->as.challenge.digest, b->as.challenge.digest);
    case ONYM_BODY_REFERRAL:
        return same_referral(&a->as.referral, &b->as.referral);
    case ONYM_BODY_ERROR:
        return onym_span_equal(a->as.error_text, b->as.error_text);
    case ONYM_BODY_KINDS:
        break;
    }
    return false;
}

bool
roundtrip_same_body(const struct onym_body *a, const struct onym_body *b)
{
    return a->kind == b->kind && a->digest_code == b->digest_code &&
           onym_span_equal(a->digest, b->digest) && same_kind(a, b);
}

size_t
roundtrip_optional_tail(const struct onym_body *body)
{
    size_t tail = body->trailing.len;

    if (body->kind == ONYM_BODY_SESSION_SETUP) {
        tail += body->as.setup.no_tail ? 0 : 2;
    } else if (body->kind == ONYM_BODY_SESSION_REPLY) {
        tail += body->as.session.no_tail ? 0 : 2;
    } else if (body->kind == ONYM_BODY_DUMP_REQUEST && body->as.dump.has_start) {
        tail += 4 + body->as.dump.start.len + 4;
    } else if (body->kind == ONYM_BODY_REFERRAL && body->as.referral.has_values) {
        tail += 4 + body->as.referral.values.raw.len;
    }
    return tail;
}

struct decoded {
    struct onym_message message;
    struct onym_body body;
    struct onym_credential credential; /* when message.credential is not empty */
};

static bool
decode(onym_span bytes, struct decoded *out)
{
    struct onym_envelope envelope;

    return onym_envelope_decode(bytes, &envelope) == ONYM_OK &&
           onym_message_cut(&envelope, onym_span_from(bytes, ONYM_ENVELOPE_LEN), &out->message) ==
               ONYM_OK &&
           onym_body_decode(&out->message, &out->body) == ONYM_OK &&
           (out->message.credential.len == 0 ||
            onym_credential_decode(out->message.credential, &out->credential) == ONYM_OK);
}

static bool
same_front(const struct onym_message *a, const struct onym_message *b)
{
    return a->envelope.version == b->envelope.version &&
           a->envelope.suggested == b->envelope.suggested &&
           a->envelope.flags == b->envelope.flags &&
           a->envelope.session_id == b->envelope.session_id &&
           a->envelope.request_id == b->envelope.request_id &&
           a->envelope.sequence == b->envelope.sequence && a->header.opcode == b->header.opcode &&
           a->header.response_code == b->header.response_code &&
           a->header.flags == b->header.flags && a->header.site_serial == b->header.site_serial &&
           a->header.recursion == b->header.recursion && a->header.reserved == b->header.reserved &&
           a->header.expiration == b->header.expiration && a->has_credential == b->has_credential;
}

static bool
same_credential(const struct onym_credential *a, const struct onym_credential *b)
{
    return a->version == b->version && a->reserved == b->reserved && a->options == b->options &&
           onym_span_equal(a->signer, b->signer) && a->counter == b->counter &&
           onym_span_equal(a->type, b->type) && onym_span_equal(a->hash_name, b->hash_name) &&
           onym_span_equal(a->signature, b->signature);
}

/* Encodes first into room[3 * cap] and decodes it into second. */
static bool
again(const struct decoded *first, uint8_t *room, size_t cap, struct decoded *second)
{
    struct onym_message m = first->message;
    size_t body_len;
    size_t credential_len = 0;
    size_t len;

    if (onym_body_encode(&first->body, m.envelope.version, room, cap, &body_len) != ONYM_OK) {
        return false;
    }
    if (m.credential.len > 0 &&
        onym_credential_encode(&first->credential, room + cap, cap, &credential_len) != ONYM_OK) {
        return false;
    }
    m.body = onym_span_of(room, body_len);
    m.credential = onym_span_of(room + cap, credential_len);
    return onym_message_encode(&m, room + 2 * cap, cap, &len) == ONYM_OK &&
           decode(onym_span_of(room + 2 * cap, len), second);
}

enum roundtrip
roundtrip_message(onym_span bytes)
{
    struct decoded first = {0};
    struct decoded second = {0};
    size_t cap = bytes.len + SLACK;
    uint8_t *room;
    bool same;

    if (!decode(bytes, &first)) {
        return ROUNDTRIP_REFUSED;
    }
    room = malloc(3 * cap);
    same = room != NULL && again(&first, room, cap, &second) &&
           same_front(&first.message, &second.message) &&
           roundtrip_same_body(&first.body, &second.body) &&
           (first.message.credential.len == 0) == (second.message.credential.len == 0) &&
           (first.message.credential.len == 0 ||
            same_credential(&first.credential, &second.credential));
    free(room);
    return same ? ROUNDTRIP_SAME : ROUNDTRIP_DIFFERENT;
}

static bool
same_value(const struct onym_value *a, const struct onym_value *b)
{
    return a->index == b->index && a->timestamp == b->timestamp && a->ttl_type == b->ttl_type &&
           a->ttl == b->ttl && a->permissions == b->permissions &&
           onym_span_equal(a->type, b->type) && onym_span_equal(a->data, b->data) &&
           same_list(a->references.raw, a->references.count, b->references.raw,
                     b->references.count);
}

enum roundtrip
roundtrip_value(onym_span bytes)
{
    struct onym_value first;
    struct onym_value second;
    onym_span left = bytes;
    uint8_t *room;
    size_t len;
    bool same;

    if (onym_value_decode(&left, &first) != ONYM_OK || left.len > 0) {
        return ROUNDTRIP_REFUSED;
    }
    room = malloc(bytes.len);
    same = room != NULL && onym_value_len(&first) == bytes.len &&
           onym_value_encode(&first, room, bytes.len, &len) == ONYM_OK &&
           onym_span_equal(bytes, onym_span_of(room, len));
    left = onym_span_of(room, bytes.len);
    same = same && onym_value_decode(&left, &second) == ONYM_OK && same_value(&first, &second);
    free(room);
    return same ? ROUNDTRIP_SAME : ROUNDTRIP_DIFFERENT;
}

enum roundtrip
roundtrip_hs_admin(onym_span data)
{
    struct onym_hs_admin first;
    struct onym_hs_admin second;
    uint8_t room[ONYM_NAME_LEN_MAX + 10];
    size_t len;

    if (onym_hs_admin_decode(data, &first) != ONYM_OK) {
        return ROUNDTRIP_REFUSED;
    }
    if (onym_hs_admin_encode(&first, room, sizeof room, &len) == ONYM_OK &&
        onym_hs_admin_decode(onym_span_of(room, len), &second) == ONYM_OK &&
        first.permissions == second.permissions && first.index == second.index &&
        onym_span_equal(first.handle, second.handle) && !second.legacy_tail) {
        return ROUNDTRIP_SAME;
    }
    return ROUNDTRIP_DIFFERENT;
}

/* Walks every list of a site: each must end exactly where its bytes do. */
static bool
site_walks(const struct onym_hs_site *site)
{
    onym_span attributes = site->attributes.raw;
    onym_span servers = site->servers.raw;
    struct onym_attribute attribute;
    struct onym_server server;
    struct onym_interface iface;
    uint32_t count = 0;

    while (onym_attribute_next(&attributes, &attribute)) {
        count++;
    }
    if (count != site->attributes.count || attributes.len > 0) {
        return false;
    }
    for (count = 0; onym_server_next(&servers, &server); count++) {
        uint32_t interfaces = 0;

        while (onym_interface_next(&server.interfaces.raw, &iface)) {
            interfaces++;
        }
        if (interfaces != server.interfaces.count || server.interfaces.raw.len > 0) {
            return false;
        }
    }
    return count == site->servers.count && servers.len == 0;
}

enum roundtrip
roundtrip_hs_site(onym_span data)
{
    struct onym_hs_site first;
    struct onym_hs_site second;
    uint8_t *room;
    size_t len;
    bool same;

    if (onym_hs_site_decode(data, &first) != ONYM_OK) {
        return ROUNDTRIP_REFUSED;
    }
    room = malloc(data.len);
    same = room != NULL && onym_hs_site_encode(&first, room, data.len, &len) == ONYM_OK &&
           onym_hs_site_decode(onym_span_of(room, len), &second) == ONYM_OK &&
           same_site(&first, &second) && site_walks(&first);
    free(room);
    return same ? ROUNDTRIP_SAME : ROUNDTRIP_DIFFERENT;
}

enum roundtrip
roundtrip_hs_vlist(onym_span data)
{
    struct onym_reference_list first;
    struct onym_reference_list second;
    struct onym_reference ref;
    uint32_t count = 0;
    uint8_t *room;
    size_t len;
    bool same;

    if (onym_hs_vlist_decode(data, &first) != ONYM_OK) {
        return ROUNDTRIP_REFUSED;
    }
    for (onym_span cursor = first.raw; onym_reference_next(&cursor, &ref);) {
        count++;
    }
    room = malloc(data.len);
    same = room != NULL && count == first.count &&
           onym_hs_vlist_encode(&first, room, data.len, &len) == ONYM_OK &&
           onym_hs_vlist_decode(onym_span_of(room, len), &second) == ONYM_OK &&
           same_list(first.raw, first.count, second.raw, second.count);
    free(room);
    return same ? ROUNDTRIP_SAME : ROUNDTRIP_DIFFERENT;
}

static bool
same_key(const struct onym_hs_pubkey *a, const struct onym_hs_pubkey *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case ONYM_KEY_RSA:
        return onym_span_equal(a->as.rsa.exponent, b->as.rsa.exponent) &&
               onym_span_equal(a->as.rsa.modulus, b->as.rsa.modulus) && !b->as.rsa.no_tail;
    case ONYM_KEY_DSA:
        return onym_span_equal(a->as.dsa.q, b->as.dsa.q) &&
               onym_span_equal(a->as.dsa.p, b->as.dsa.p) &&
               onym_span_equal(a->as.dsa.g, b->as.dsa.g) &&
               onym_span_equal(a->as.dsa.y, b->as.dsa.y);
    case ONYM_KEY_DH:
        return onym_span_equal(a->as.dh.y, b->as.dh.y) && onym_span_equal(a->as.dh.p, b->as.dh.p) &&
               onym_span_equal(a->as.dh.g, b->as.dh.g);
    case ONYM_KEY_SM2:
    case ONYM_KEY_SM9:
    case ONYM_KEY_PEM:
        return onym_span_equal(a->as.text, b->as.text);
    }
    return false;
}

enum roundtrip
roundtrip_hs_pubkey(onym_span data)
{
    struct onym_hs_pubkey first;
    struct onym_hs_pubkey second;
    uint8_t *room;
    size_t len;
    bool same;

    if (onym_hs_pubkey_decode(data, &first) != ONYM_OK) {
        return ROUNDTRIP_REFUSED;
    }
    room = malloc(data.len + SLACK);
    same = room != NULL && onym_hs_pubkey_encode(&first, room, data.len + SLACK, &len) == ONYM_OK &&
           onym_hs_pubkey_decode(onym_span_of(room, len), &second) == ONYM_OK &&
           same_key(&first, &second);
    free(room);
    return same ? ROUNDTRIP_SAME : ROUNDTRIP_DIFFERENT;
}
