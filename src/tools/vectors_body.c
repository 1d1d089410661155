#include "tools/vectors.h"

static void
put_names(json_t *out, const char *key, struct onym_text_list names)
{
    json_t *list = json_array();
    onym_span text;

    while (onym_text_next(&names.raw, &text)) {
        json_array_append_new(list,
                              json_stringn(text.len > 0 ? (const char *)text.at : "", text.len));
    }
    json_object_set_new(out, key, list);
}

static void
put_indexes(json_t *out, struct onym_u32_list indexes)
{
    json_t *list = json_array();
    uint32_t index;

    while (onym_u32_next(&indexes.raw, &index)) {
        json_array_append_new(list, json_integer(index));
    }
    json_object_set_new(out, "indexes", list);
}

static void
put_query(json_t *out, const struct onym_query *query)
{
    onym_put_text(out, "handle", query->name);
    put_indexes(out, query->indexes);
    put_names(out, "types", query->types);
}

static void
put_verify(json_t *out, const struct onym_verify_request *verify)
{
    onym_put_text(out, "handle", verify->user);
    onym_put_text(out, "userHandle", verify->user);
    onym_put_int(out, "index", verify->index);
    onym_put_int(out, "userIndex", verify->index);
    onym_put_hex(out, "nonce", verify->nonce);
    onym_put_int(out, "digestAlgCode", verify->digest_code);
    onym_put_hex(out, "requestDigest", verify->digest);
    onym_put_hex(out, "signedResponse", verify->answer);
}

static void
put_setup(json_t *out, const struct onym_session_setup *setup)
{
    onym_put_int(out, "mode", setup->mode);
    onym_put_int(out, "timeout", setup->timeout_s);
    onym_put_text(out, "identityHandle", setup->identity);
    onym_put_int(out, "identityIndex", setup->identity_index);
    if (setup->mode == ONYM_SESSION_HANDLE_KEY) {
        onym_put_text(out, "exchangeKeyHandle", setup->key_name);
        onym_put_int(out, "exchangeKeyIndex", setup->key_index);
    } else if (setup->mode != ONYM_SESSION_SERVER_KEY) {
        onym_put_hex(out, "publicKey", setup->public_key);
    }
}

static void
put_log_request(json_t *out, const struct onym_log_request *log)
{
    if (log->by_source) {
        onym_put_text(out, "states", log->states);
    } else {
        onym_put_int(out, "lastTxnId", log->last_id);
        onym_put_int(out, "lastQueryDate", log->last_query_ms);
    }
    onym_put_int(out, "hashOption", log->hash_option);
    onym_put_int(out, "numServers", log->servers);
    onym_put_int(out, "serverNum", log->server);
}

static void
put_request(json_t *out, const struct onym_body *body)
{
    if (body->kind == ONYM_BODY_NAME) {
        onym_put_text(out, "handle", body->as.name);
    } else if (body->kind == ONYM_BODY_QUERY) {
        put_query(out, &body->as.query);
    } else if (body->kind == ONYM_BODY_VALUES) {
        onym_put_text(out, "handle", body->as.values.name);
        json_object_set_new(out, "values", onym_values_json(body->as.values.values));
    } else if (body->kind == ONYM_BODY_INDEXES) {
        onym_put_text(out, "handle", body->as.indexes.name);
        put_indexes(out, body->as.indexes.indexes);
    } else if (body->kind == ONYM_BODY_CHALLENGE_ANSWER) {
        onym_put_text(out, "authType", body->as.answer.type);
        onym_put_text(out, "userHandle", body->as.answer.user);
        onym_put_int(out, "userIndex", body->as.answer.index);
        onym_put_hex(out, "signedResponse", body->as.answer.answer);
    } else if (body->kind == ONYM_BODY_VERIFY) {
        put_verify(out, &body->as.verify);
    } else if (body->kind == ONYM_BODY_SESSION_SETUP) {
        put_setup(out, &body->as.setup);
    } else if (body->kind == ONYM_BODY_SESSION_EXCHANGE) {
        onym_put_hex(out, "encryptedKey", body->as.session_key);
    } else if (body->kind == ONYM_BODY_LOG_REQUEST) {
        put_log_request(out, &body->as.log);
    } else if (body->kind == ONYM_BODY_DUMP_REQUEST) {
        onym_put_int(out, "hashOption", body->as.dump.hash_option);
        onym_put_int(out, "numServers", body->as.dump.servers);
        onym_put_int(out, "serverNum", body->as.dump.server);
        if (body->as.dump.has_start) {
            onym_put_text(out, "startPoint", body->as.dump.start);
            onym_put_int(out, "startPointKind", body->as.dump.start_kind);
        }
    } else if (body->kind == ONYM_BODY_KEY_LOGIN) {
        onym_put_text(out, "userHandle", body->as.login.user);
        onym_put_int(out, "userIndex", body->as.login.index);
    }
}

static void
put_reply(json_t *out, const struct onym_body *body, uint16_t version)
{
    if (body->kind == ONYM_BODY_RESOLVED) {
        onym_put_text(out, "handle", body->as.resolved.name);
        json_object_set_new(out, "values", onym_values_json(body->as.resolved.values));
    } else if (body->kind == ONYM_BODY_SITE) {
        json_t *site = json_object();

        onym_describe_site_fields(&body->as.site, site);
        json_object_set_new(out, "site", site);
    } else if (body->kind == ONYM_BODY_NAMES) {
        put_names(out, "handles", body->as.names);
    } else if (body->kind == ONYM_BODY_VERIFIED) {
        onym_put_bool(out, "valid", body->as.valid);
    } else if (body->kind == ONYM_BODY_SESSION_REPLY) {
        onym_put_int(out, "mode", body->as.session.mode);
        onym_put_hex(out, "data", body->as.session.data);
    } else if (body->kind == ONYM_BODY_NEXT_TXN_ID) {
        onym_put_int(out, "nextTxnId", body->as.next_txn_id);
    } else if (body->kind == ONYM_BODY_LOG_REPLY) {
        onym_put_bool(out, "keepAlive", body->as.keep_alive);
    } else if (body->kind == ONYM_BODY_CHALLENGE) {
        onym_put_hex(out, "nonce", body->as.challenge.nonce);
        if (version < ONYM_VERSION(2, 1)) {
            onym_put_hex(out, "requestDigest", body->as.challenge.digest);
        }
    } else if (body->kind == ONYM_BODY_REFERRAL) {
        onym_put_text(out, "handle", body->as.referral.name);
        if (body->as.referral.has_values) {
            json_object_set_new(out, "values", onym_values_json(body->as.referral.values));
        }
    } else if (body->kind == ONYM_BODY_ERROR) {
        onym_put_text(out, "message", body->as.error_text);
    }
}

void
onym_describe_body(const struct onym_body *body, uint16_t version, json_t *out)
{
    json_object_set_new(out, "body", json_string(onym_body_kind_name(body->kind)));
    put_request(out, body);
    put_reply(out, body, version);
    if (body->digest_code != 0) {
        onym_put_int(out, "digestAlgCode", body->digest_code);
        onym_put_hex(out, "requestDigest", body->digest);
    }
}
