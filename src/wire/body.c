#include "wire/body.h"

#include "base/require.h"

/* Section 5: every opcode with the bodies of its request and of its success reply. */
static const struct {
    uint32_t opcode;
    enum onym_body_kind request;
    enum onym_body_kind reply;
} opcodes[] = {
    {ONYM_OP_RESOLVE, ONYM_BODY_QUERY, ONYM_BODY_RESOLVED},
    {ONYM_OP_SITE_INFO, ONYM_BODY_NAME, ONYM_BODY_SITE},
    {ONYM_OP_CREATE, ONYM_BODY_VALUES, ONYM_BODY_NAME},
    {ONYM_OP_DELETE, ONYM_BODY_NAME, ONYM_BODY_EMPTY},
    {ONYM_OP_ADD_VALUES, ONYM_BODY_VALUES, ONYM_BODY_EMPTY},
    {ONYM_OP_REMOVE_VALUES, ONYM_BODY_INDEXES, ONYM_BODY_EMPTY},
    {ONYM_OP_MODIFY_VALUES, ONYM_BODY_VALUES, ONYM_BODY_EMPTY},
    {ONYM_OP_LIST_HANDLES, ONYM_BODY_NAME, ONYM_BODY_NAMES},
    {ONYM_OP_CHALLENGE_ANSWER, ONYM_BODY_CHALLENGE_ANSWER, ONYM_BODY_EMPTY},
    {ONYM_OP_VERIFY_ANSWER, ONYM_BODY_VERIFY, ONYM_BODY_VERIFIED},
    {ONYM_OP_HOME_PREFIX, ONYM_BODY_NAME, ONYM_BODY_EMPTY},
    {ONYM_OP_UNHOME_PREFIX, ONYM_BODY_NAME, ONYM_BODY_EMPTY},
    {ONYM_OP_LIST_PREFIXES, ONYM_BODY_NAME, ONYM_BODY_NAMES},
    {ONYM_OP_SESSION_SETUP, ONYM_BODY_SESSION_SETUP, ONYM_BODY_SESSION_REPLY},
    {ONYM_OP_SESSION_END, ONYM_BODY_NAME, ONYM_BODY_EMPTY},
    {ONYM_OP_SESSION_KEY, ONYM_BODY_SESSION_EXCHANGE, ONYM_BODY_EMPTY},
    {ONYM_OP_NEXT_TXN_ID, ONYM_BODY_NAME, ONYM_BODY_NEXT_TXN_ID},
    {ONYM_OP_RETRIEVE_LOG, ONYM_BODY_LOG_REQUEST, ONYM_BODY_LOG_REPLY},
    {ONYM_OP_DUMP, ONYM_BODY_DUMP_REQUEST, ONYM_BODY_EMPTY},
    {ONYM_OP_BACKUP, ONYM_BODY_NAME, ONYM_BODY_EMPTY},
    {ONYM_OP_PASSWORD_LOGIN, ONYM_BODY_QUERY, ONYM_BODY_EMPTY},
    {ONYM_OP_KEY_LOGIN, ONYM_BODY_KEY_LOGIN, ONYM_BODY_EMPTY},
};

const char *
onym_body_kind_name(enum onym_body_kind kind)
{
    static const char *const names[ONYM_BODY_KINDS] = {
        [ONYM_BODY_EMPTY] = "empty",
        [ONYM_BODY_NAME] = "name",
        [ONYM_BODY_QUERY] = "query",
        [ONYM_BODY_VALUES] = "values",
        [ONYM_BODY_INDEXES] = "indexes",
        [ONYM_BODY_CHALLENGE_ANSWER] = "challenge-answer",
        [ONYM_BODY_VERIFY] = "verify",
        [ONYM_BODY_SESSION_SETUP] = "session-setup",
        [ONYM_BODY_SESSION_EXCHANGE] = "session-exchange",
        [ONYM_BODY_LOG_REQUEST] = "log-request",
        [ONYM_BODY_DUMP_REQUEST] = "dump-request",
        [ONYM_BODY_KEY_LOGIN] = "key-login",
        [ONYM_BODY_RESOLVED] = "resolved",
        [ONYM_BODY_SITE] = "site",
        [ONYM_BODY_NAMES] = "names",
        [ONYM_BODY_VERIFIED] = "verified",
        [ONYM_BODY_SESSION_REPLY] = "session-reply",
        [ONYM_BODY_NEXT_TXN_ID] = "next-txn-id",
        [ONYM_BODY_LOG_REPLY] = "log-reply",
        [ONYM_BODY_CHALLENGE] = "challenge",
        [ONYM_BODY_REFERRAL] = "referral",
        [ONYM_BODY_ERROR] = "error",
    };

    ONYM_REQUIRE((unsigned)kind < ONYM_BODY_KINDS);
    return names[kind];
}

bool
onym_body_kind_of(const struct onym_header *header, enum onym_body_kind *kind)
{
    switch (header->response_code) {
    case 0:
    case 1:
        for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++) {
            if (opcodes[i].opcode == header->opcode) {
                *kind = header->response_code == 0 ? opcodes[i].request : opcodes[i].reply;
                return true;
            }
        }
        return false;
    case 302:
    case 303:
        *kind = ONYM_BODY_REFERRAL;
        return true;
    case 402:
        *kind = ONYM_BODY_CHALLENGE;
        return true;
    default:
        *kind = ONYM_BODY_ERROR;
        return true;
    }
}

/* The families of wire/resolve.h take a whole body; what lies behind their last field is found from
 * where that field ends. */
static enum onym_status
decode_query(onym_span *bytes, struct onym_query *out)
{
    enum onym_status status = onym_query_decode(*bytes, out);

    if (status == ONYM_OK) {
        *bytes = onym_span_from(*bytes,
                                (size_t)(out->types.raw.at + out->types.raw.len - bytes->at));
    }
    return status;
}

static enum onym_status
decode_error(onym_span *bytes, onym_span *text)
{
    enum onym_status status = onym_error_reply_decode(*bytes, text);

    if (status == ONYM_OK) {
        *bytes = onym_span_from(*bytes, 4 + text->len);
    }
    return status;
}

/* These three end with the body: nothing is left behind them. */
static enum onym_status
decode_whole(onym_span *bytes, struct onym_body *b)
{
    enum onym_status status = ONYM_UNSUPPORTED;

    if (b->kind == ONYM_BODY_SITE) {
        status = onym_hs_site_decode(*bytes, &b->as.site);
    } else if (b->kind == ONYM_BODY_RESOLVED) {
        status = onym_resolve_reply_decode(*bytes, &b->as.resolved);
    } else if (b->kind == ONYM_BODY_REFERRAL) {
        status = onym_referral_reply_decode(*bytes, &b->as.referral);
    }
    *bytes = onym_span_of(NULL, 0);
    return status;
}

static enum onym_status
decode_kind(onym_span *bytes, uint16_t version, struct onym_body *b)
{
    switch (b->kind) {
    case ONYM_BODY_EMPTY:
        return ONYM_OK;
    case ONYM_BODY_NAME:
        return onym_admin_name_decode(bytes, &b->as.name);
    case ONYM_BODY_QUERY:
        return decode_query(bytes, &b->as.query);
    case ONYM_BODY_VALUES:
        return onym_admin_values_decode(bytes, &b->as.values);
    case ONYM_BODY_INDEXES:
        return onym_admin_indexes_decode(bytes, &b->as.indexes);
    case ONYM_BODY_CHALLENGE_ANSWER:
        return onym_challenge_answer_decode(bytes, &b->as.answer);
    case ONYM_BODY_VERIFY:
        return onym_verify_request_decode(bytes, &b->as.verify);
    case ONYM_BODY_SESSION_SETUP:
        return onym_session_setup_decode(bytes, &b->as.setup);
    case ONYM_BODY_SESSION_EXCHANGE:
        return onym_session_exchange_decode(bytes, &b->as.session_key);
    case ONYM_BODY_LOG_REQUEST:
        return onym_log_request_decode(bytes, version, &b->as.log);
    case ONYM_BODY_DUMP_REQUEST:
        return onym_dump_request_decode(bytes, &b->as.dump);
    case ONYM_BODY_KEY_LOGIN:
        return onym_key_login_decode(bytes, &b->as.login);
    case ONYM_BODY_RESOLVED:
    case ONYM_BODY_SITE:
    case ONYM_BODY_REFERRAL:
        return decode_whole(bytes, b);
    case ONYM_BODY_NAMES:
        return onym_admin_names_decode(bytes, &b->as.names);
    case ONYM_BODY_VERIFIED:
        return onym_verify_reply_decode(bytes, &b->as.valid);
    case ONYM_BODY_SESSION_REPLY:
        return onym_session_reply_decode(bytes, &b->as.session);
    case ONYM_BODY_NEXT_TXN_ID:
        return onym_next_txn_id_decode(bytes, &b->as.next_txn_id);
    case ONYM_BODY_LOG_REPLY:
        return onym_log_reply_decode(bytes, &b->as.keep_alive);
    case ONYM_BODY_CHALLENGE:
        return onym_challenge_decode(bytes, version, &b->as.challenge);
    case ONYM_BODY_ERROR:
        return decode_error(bytes, &b->as.error_text);
    case ONYM_BODY_KINDS:
        break;
    }
    return ONYM_UNSUPPORTED;
}

enum onym_status
onym_body_decode(const struct onym_message *message, struct onym_body *out)
{
    struct onym_body b = {0};
    onym_span rest = message->body;
    enum onym_status status;

    if (!onym_body_kind_of(&message->header, &b.kind)) {
        return ONYM_UNSUPPORTED;
    }
    if (message->header.response_code != 0) {
        status = onym_reply_digest_decode(message, &b.digest_code, &b.digest, &rest);
        if (status != ONYM_OK) {
            return status;
        }
        if (b.kind == ONYM_BODY_NAME && rest.len == 0) {
            b.kind = ONYM_BODY_EMPTY;
        }
    }
    status = decode_kind(&rest, message->envelope.version, &b);
    if (status == ONYM_OK) {
        b.trailing = rest;
        *out = b;
    }
    return status;
}

static enum onym_status
encode_kind(const struct onym_body *b, uint16_t version, uint8_t *out, size_t cap, size_t *len)
{
    switch (b->kind) {
    case ONYM_BODY_EMPTY:
        *len = 0;
        return ONYM_OK;
    case ONYM_BODY_NAME:
        return onym_admin_name_encode(b->as.name, out, cap, len);
    case ONYM_BODY_QUERY:
        return onym_query_encode(&b->as.query, out, cap, len);
    case ONYM_BODY_VALUES:
        return onym_admin_values_encode(&b->as.values, out, cap, len);
    case ONYM_BODY_INDEXES:
        return onym_admin_indexes_encode(&b->as.indexes, out, cap, len);
    case ONYM_BODY_CHALLENGE_ANSWER:
        return onym_challenge_answer_encode(&b->as.answer, out, cap, len);
    case ONYM_BODY_VERIFY:
        return onym_verify_request_encode(&b->as.verify, out, cap, len);
    case ONYM_BODY_SESSION_SETUP:
        return onym_session_setup_encode(&b->as.setup, out, cap, len);
    case ONYM_BODY_SESSION_EXCHANGE:
        return onym_session_exchange_encode(b->as.session_key, out, cap, len);
    case ONYM_BODY_LOG_REQUEST:
        return onym_log_request_encode(&b->as.log, version, out, cap, len);
    case ONYM_BODY_DUMP_REQUEST:
        return onym_dump_request_encode(&b->as.dump, out, cap, len);
    case ONYM_BODY_KEY_LOGIN:
        return onym_key_login_encode(&b->as.login, out, cap, len);
    case ONYM_BODY_RESOLVED:
        return onym_resolve_reply_encode(&b->as.resolved, out, cap, len);
    case ONYM_BODY_SITE:
        return onym_hs_site_encode(&b->as.site, out, cap, len);
    case ONYM_BODY_REFERRAL:
        return onym_referral_reply_encode(&b->as.referral, out, cap, len);
    case ONYM_BODY_NAMES:
        return onym_admin_names_encode(&b->as.names, out, cap, len);
    case ONYM_BODY_VERIFIED:
        return onym_verify_reply_encode(b->as.valid, out, cap, len);
    case ONYM_BODY_SESSION_REPLY:
        return onym_session_reply_encode(&b->as.session, out, cap, len);
    case ONYM_BODY_NEXT_TXN_ID:
        return onym_next_txn_id_encode(b->as.next_txn_id, out, cap, len);
    case ONYM_BODY_LOG_REPLY:
        return onym_log_reply_encode(b->as.keep_alive, out, cap, len);
    case ONYM_BODY_CHALLENGE:
        return onym_challenge_encode(&b->as.challenge, version, out, cap, len);
    case ONYM_BODY_ERROR: /* one str, like a name */
        return onym_admin_name_encode(b->as.error_text, out, cap, len);
    case ONYM_BODY_KINDS:
        break;
    }
    return ONYM_INVALID;
}

enum onym_status
onym_body_encode(const struct onym_body *body, uint16_t version, uint8_t *out, size_t cap,
                 size_t *len)
{
    size_t front = 0;
    size_t rest = 0;
    enum onym_status status;

    if (body->digest_code != 0) {
        if (version < ONYM_VERSION(2, 1) ||
            body->digest.len != onym_digest_code_len(body->digest_code)) {
            return ONYM_INVALID;
        }
        front = 1 + body->digest.len;
        if (front > cap) {
            return ONYM_NO_SPACE;
        }
        out[0] = body->digest_code;
        memcpy(out + 1, body->digest.at, body->digest.len);
    }
    status = encode_kind(body, version, out + front, cap - front, &rest);
    if (status == ONYM_OK) {
        *len = front + rest;
    }
    return status;
}
