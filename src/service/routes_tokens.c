/* /api/v1/tokens: access tokens are made, listed and revoked. The text of one is told once, in the
 * answer to its making. Who may is core/authz.h's affair. */
#include "base/bytes.h"
#include "base/hex.h"
#include "core/token_check.h"
#include "onym/model/ident.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "store/scan.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

#define BODY_MAX       8192U
#define LIFE_S_MIN     60
#define LIFE_S_MAX     31622400 /* 366 days */
#define LIFE_S_DEFAULT 2592000  /* 30 days */
#define LIST_LIMIT     1000U

/* What was asked for. */
struct ask {
    struct onym_token token;
    onym_span identity; /* index:handle, if given */
    int64_t life_s;
    size_t scopes_len;
    uint8_t scopes[ONYM_SCOPE_LEN_MAX + 1];
};

static enum onym_http_when
refuse(struct onym_http_call *c, enum onym_status status, int http, const char *field,
       const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = status,
                                                .http = http,
                                                .detail = onym_span_text(detail),
                                                .field = onym_span_text(field)});
    return ONYM_HTTP_NOW;
}

/* ---- the body ---- */

enum { MEMBER_SCOPES, MEMBER_EXPIRES_IN, MEMBER_LABEL, MEMBER_IDENTITY };

static bool
read_scopes(struct onym_json *json, struct ask *ask)
{
    onym_span word;

    if (!onym_json_array(json)) {
        return false;
    }
    while (onym_json_item(json)) {
        size_t front = ask->scopes_len > 0 ? 1 : 0;

        if (!onym_json_string(json, &word)) {
            return false;
        }
        if (word.len == 0 || memchr(word.at, ' ', word.len) != NULL ||
            word.len + front > ONYM_SCOPE_LEN_MAX - ask->scopes_len) {
            return onym_json_fail(json, "no scope, or too many; expected read, register:PREFIX, "
                                        "operate or admin, 255 bytes together");
        }
        ask->scopes[ask->scopes_len] = ' ';
        memcpy(ask->scopes + ask->scopes_len + front, word.at, word.len);
        ask->scopes_len += front + word.len;
    }
    return !json->failed;
}

static bool
read_label(struct onym_json *json, onym_span *label)
{
    if (!onym_json_string(json, label)) {
        return false;
    }
    for (size_t i = 0; i < label->len; i++) {
        if (label->at[i] < ' ' || label->at[i] == 0x7f) {
            return onym_json_fail(json, "a control character; expected text");
        }
    }
    return label->len <= ONYM_TOKEN_LABEL_MAX ||
           onym_json_fail(json, "longer than %u bytes", ONYM_TOKEN_LABEL_MAX);
}

static bool
read_ask(struct onym_json *json, struct ask *ask)
{
    static const struct onym_json_name names[] = {
        [MEMBER_SCOPES] = ONYM_JSON_NAME("scopes"),
        [MEMBER_EXPIRES_IN] = ONYM_JSON_NAME("expires_in"),
        [MEMBER_LABEL] = ONYM_JSON_NAME("label"),
        [MEMBER_IDENTITY] = ONYM_JSON_NAME("identity")};
    uint32_t seen = 0;
    int member;
    bool good = onym_json_object(json);

    while (good && (member = onym_json_member(json, names, 4, &seen)) >= 0) {
        good = member == MEMBER_SCOPES  ? read_scopes(json, ask)
               : member == MEMBER_LABEL ? read_label(json, &ask->token.label)
               : member == MEMBER_IDENTITY
                   ? onym_json_string(json, &ask->identity)
                   : onym_json_integer(json, LIFE_S_MIN, LIFE_S_MAX, &ask->life_s);
    }
    return good && !json->failed && onym_json_end(json);
}

/* ---- making one ---- */

/* Whom the token is to stand for. */
static enum onym_status
name_identity(struct onym_http_call *c, const struct onym_identity *asker, struct ask *ask,
              const char **why)
{
    struct onym_token *t = &ask->token;
    const uint8_t *colon = ask->identity.len > 0 ? memchr(ask->identity.at, ':', ask->identity.len)
                                                 : NULL;
    uint64_t index = 0;

    t->who = (struct onym_principal){.handle = asker->handle, .index = asker->index};
    *why = "expected INDEX:HANDLE";
    if (ask->identity.len > 0) {
        onym_span digits = onym_span_front(ask->identity,
                                           colon != NULL ? (size_t)(colon - ask->identity.at) : 0);

        if (!onym_http_number(digits, &index) || index > UINT32_MAX) {
            return ONYM_INVALID;
        }
        t->who = (struct onym_principal){.handle = onym_span_from(ask->identity, digits.len + 1),
                                         .index = (uint32_t)index};
    } else if (c->connection->caller.local) {
        *why = "the local operator registers nothing: name whom read and register tokens stand for";
        t->is_operator = true; /* and its key stays zeros */
        return (t->scope.bits & (ONYM_SCOPE_READ | ONYM_SCOPE_REGISTER)) == 0 ? ONYM_OK
                                                                              : ONYM_INVALID;
    }
    *why = "has no key here at that index; tokens of the local operator are made by him alone";
    return onym_token_key(&c->service->answerer->resolver, c->service->answerer->digester, &t->who,
                          t->key);
}

/* Draws the secret and the id. The secret stays with the connection until the answer is made. */
static void
draw(struct onym_http_call *c, struct onym_token *t, char id[ONYM_TOKEN_ID_LEN])
{
    struct onym_digester *digester = c->service->answerer->digester;
    uint8_t chance[ONYM_TOKEN_SECRET_BYTES + 8];
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    char digits[2 * 8 + 1];
    onym_span secret = onym_span_of(c->connection->secret, sizeof c->connection->secret);

    for (size_t i = 0; i < sizeof chance; i += 8) {
        onym_put_u64(chance + i, onym_rng_u64(c->service->rng));
    }
    onym_base64_encode(ONYM_BASE64_URL, onym_span_of(chance, ONYM_TOKEN_SECRET_BYTES),
                       c->connection->secret);
    (void)onym_digest(digester, ONYM_SHA256, &secret, 1, digest);
    memcpy(t->secret, digest, sizeof t->secret);
    onym_token_id_front(digester, &t->who, id);
    onym_hex_encode(onym_span_of(chance + ONYM_TOKEN_SECRET_BYTES, 8), digits);
    memcpy(id + ONYM_TOKEN_ID_FRONT, digits, 16);
}

static enum onym_http_when
submit(struct onym_http_call *c, struct onym_operation *op, const struct onym_identity *identity)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_result result = {.status = ONYM_ERROR};
    struct onym_http_change change = {
        .operation = op,
        .identity = identity,
        .request_id = onym_span_of(c->connection->id, c->connection->id_len)};
    struct onym_routed r = c->routed;

    op->principal = (struct onym_principal){.handle = identity->handle, .index = identity->index};
    op->address = c->connection->caller.address;
    op->now_ms = c->now_ms;
    if (backend->submit(backend->of, &c->connection->caller, &change, &result) == ONYM_HTTP_LATER) {
        c->connection->stage = ONYM_HTTP_CHANGE;
        return ONYM_HTTP_LATER;
    }
    onym_routes_token_changed(c, &r, &result);
    return ONYM_HTTP_NOW;
}

static enum onym_http_when
issue(struct onym_http_call *c, const struct onym_identity *identity, struct ask *ask)
{
    uint8_t *value = onym_arena_take(c->service->arena, ONYM_TOKEN_VALUE_MAX);
    char id[ONYM_TOKEN_ID_LEN];
    struct onym_operation op = {.action = ONYM_ACTION_ISSUE, .name = onym_span_of(id, sizeof id)};
    const char *why = "";
    enum onym_status status = onym_scope_read(onym_span_of(ask->scopes, ask->scopes_len),
                                              &ask->token.scope, &why);

    if (status != ONYM_OK) {
        return refuse(c, ONYM_MALFORMED, 0, "scopes", why);
    }
    status = name_identity(c, identity, ask, &why);
    if (status == ONYM_INVALID || status == ONYM_CREDENTIAL_INVALID ||
        status == ONYM_CANNOT_AUTHENTICATE) {
        return refuse(c, ONYM_MALFORMED, 0, "identity", why);
    }
    ask->token.ends_ms = c->now_ms + (uint64_t)ask->life_s * 1000;
    draw(c, &ask->token, id);
    if (status == ONYM_OK) {
        status = value == NULL
                     ? ONYM_NO_SPACE
                     : onym_token_write(&ask->token, value, ONYM_TOKEN_VALUE_MAX, &op.values);
    }
    return status == ONYM_OK ? submit(c, &op, identity) : refuse(c, status, 0, "", "");
}

static enum onym_http_when
create(struct onym_http_call *c, const struct onym_identity *identity)
{
    struct onym_json_error error = {.offset = 0};
    size_t cap = ONYM_JSON_SCRATCH_LEN(c->content.len);
    struct ask ask = {.life_s = LIFE_S_DEFAULT};
    struct onym_json json;
    uint8_t *scratch;

    if (c->content.len > BODY_MAX) {
        return refuse(c, ONYM_MALFORMED, 413, "", "a token is described in 8 KiB");
    }
    if (!onym_routes_has_type(c->request, "application/json")) {
        return refuse(c, ONYM_MALFORMED, 415, "", ONYM_ROUTES_NOT_JSON);
    }
    scratch = onym_arena_take(c->service->arena, cap);
    if (scratch == NULL) {
        return refuse(c, ONYM_NO_SPACE, 0, "", "");
    }
    onym_json_open(&json, c->content, scratch, cap, &error);
    if (!read_ask(&json, &ask)) {
        (void)onym_routes_json_error(c, ONYM_MALFORMED, &error);
        return ONYM_HTTP_NOW;
    }
    return issue(c, identity, &ask);
}

/* ---- telling ---- */

static void
put_time(struct onym_writer *w, const char *name, uint64_t epoch_ms)
{
    char text[ONYM_TIME_TEXT_MAX];

    onym_time_format(epoch_ms, text);
    onym_json_put(w, name);
    onym_json_put(w, "\"");
    onym_json_put(w, text);
    onym_json_put(w, "\"");
}

/* {"id", ...} without the brace that ends it. */
static void
put_token(struct onym_http_call *c, const struct onym_record *record, const struct onym_token *t)
{
    struct onym_writer *w = &c->body;
    onym_span left = onym_span_of(t->scope.text, t->scope.len);
    uint8_t memory[ONYM_NAME_LEN_MAX + 16];
    struct onym_writer who = onym_writer_over(memory, sizeof memory);

    onym_json_put_u64(&who, t->who.index);
    onym_json_put(&who, ":");
    onym_writer_bytes(&who, t->who.handle);
    onym_json_put(w, "{\"id\":");
    onym_json_put_string(w, record->name);
    onym_json_put(w, ",\"identity\":");
    onym_json_put_string(w, onym_writer_written(&who));
    onym_json_put(w, ",\"scopes\":[");
    while (left.len > 0) {
        const uint8_t *space = memchr(left.at, ' ', left.len);
        size_t len = space != NULL ? (size_t)(space - left.at) : left.len;

        onym_json_put_string(w, onym_span_front(left, len));
        left = onym_span_from(left, len + 1);
        onym_json_put(w, left.len > 0 ? "," : "");
    }
    onym_json_put(w, "],\"label\":");
    onym_json_put_string(w, t->label);
    put_time(w, ",\"created\":", record->created_ms);
    put_time(w, ",\"expires\":", t->ends_ms);
    onym_json_put(w, c->now_ms >= t->ends_ms ? ",\"expired\":true" : ",\"expired\":false");
}

static bool
is_whose(const struct onym_identity *identity, const struct onym_token *t)
{
    return identity->is_server_admin ||
           (t->who.index == identity->index &&
            onym_ident_equal(t->who.handle, identity->handle, ONYM_FOLD_PREFIX));
}

/* Where to go on, and how many to tell at most. */
static bool
read_place(struct onym_http_call *c, onym_span *from, uint64_t *limit)
{
    onym_span text;

    *limit = 100;
    *from = onym_span_of(NULL, 0);
    if (onym_http_find(c->request->query, "limit", &text) &&
        (!onym_http_number(text, limit) || *limit == 0 || *limit > LIST_LIMIT)) {
        (void)refuse(c, ONYM_MALFORMED, 0, "limit", "expected a number from 1 to 1000");
        return false;
    }
    if (!onym_http_find(c->request->query, "cursor", &text)) {
        return true;
    }
    *from = text;
    if (!onym_token_is_id(text)) {
        (void)refuse(c, ONYM_MALFORMED, 0, "cursor", "expected what `next` said");
        return false;
    }
    return true;
}

/* Everybody's tokens for a server administrator, else those of who asks, who has few. */
static enum onym_http_when
list(struct onym_http_call *c, const struct onym_identity *identity)
{
    uint8_t folded[ONYM_TOKEN_ID_LEN];
    char front[ONYM_TOKEN_ID_FRONT];
    struct onym_principal who = {.handle = identity->handle, .index = identity->index};
    struct onym_record record;
    struct onym_token token;
    struct onym_scan *scan;
    enum onym_status status;
    onym_span from;
    uint64_t limit;
    uint64_t count = 0;

    if (!read_place(c, &from, &limit)) {
        return ONYM_HTTP_NOW;
    }
    if (from.len == 0 && !identity->is_server_admin) {
        onym_token_id_front(c->service->answerer->digester, &who, front);
        from = onym_span_of(front, sizeof front);
    }
    onym_ident_upper(from, folded);
    status = onym_scan_open(c->service->answerer->resolver.view, ONYM_KIND_TOKEN,
                            onym_span_of(folded, from.len), &scan);
    if (status != ONYM_OK) {
        return refuse(c, status, 0, "", "");
    }
    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(&c->body, "{\"items\":[");
    while ((status = onym_scan_next(scan, &record)) == ONYM_OK || status == ONYM_CORRUPT) {
        bool mine = status == ONYM_OK &&
                    onym_token_read(record.private_values, &token) == ONYM_OK &&
                    is_whose(identity, &token);

        if (!mine && !identity->is_server_admin &&
            !onym_text_equal_nocase(onym_span_front(record.name, sizeof front),
                                    onym_span_front(from, sizeof front))) {
            break; /* behind the tokens of who asks */
        }
        if (!mine) {
            continue;
        }
        if (count == limit) {
            break;
        }
        onym_json_put(&c->body, count++ > 0 ? "," : "");
        put_token(c, &record, &token);
        onym_json_put(&c->body, "}");
    }
    onym_json_put(&c->body, "],\"next\":");
    if (status == ONYM_OK && count == limit) {
        onym_json_put_string(&c->body, record.name);
        onym_routes_link(c, record.name);
    } else {
        onym_json_put(&c->body, "null");
    }
    onym_json_put(&c->body, "}");
    onym_scan_close(scan);
    return ONYM_HTTP_NOW;
}

/* The text of the token, once: the connection forgets its secret. */
static void
tell_created(struct onym_http_call *c, onym_span id)
{
    uint8_t folded[ONYM_TOKEN_ID_LEN];
    struct onym_record record;
    struct onym_token token;
    enum onym_status status = ONYM_ERROR;

    if (id.len == sizeof folded) {
        onym_ident_upper(id, folded);
        status = onym_view_record(c->service->answerer->resolver.view, ONYM_KIND_TOKEN,
                                  onym_span_of(folded, sizeof folded), &record);
    }
    if (status == ONYM_OK) {
        status = onym_token_read(record.private_values, &token);
    }
    if (status != ONYM_OK) { /* revoked at once by somebody else, or damaged */
        (void)refuse(c, status, 0, "", "it was made and is gone again");
        return;
    }
    onym_http_json(c, 201, ONYM_OK);
    onym_json_put(&c->extra, "Location: /api/v1/tokens/");
    onym_writer_bytes(&c->extra, record.name);
    onym_json_put(&c->extra, "\r\n");
    put_token(c, &record, &token);
    onym_json_put(&c->body, ",\"token\":\"" ONYM_TOKEN_FRONT);
    onym_writer_bytes(&c->body, record.name);
    onym_json_put(&c->body, "_");
    onym_writer_bytes(&c->body, onym_span_of(c->connection->secret, sizeof c->connection->secret));
    onym_json_put(&c->body, "\"}");
}

void
onym_routes_token_changed(struct onym_http_call *c, const struct onym_routed *r,
                          const struct onym_http_result *result)
{
    if (result->status == ONYM_AUTH_NEEDED) {
        onym_routes_need_login(c, onym_span_of(NULL, 0));
    } else if (result->status != ONYM_OK) {
        onym_http_fail(c,
                       &(struct onym_http_error){.status = result->status, .detail = result->why});
    } else if (r->method == ONYM_METHOD_DELETE) {
        c->status = 204;
        c->outcome = ONYM_OK;
        c->type = NULL;
    } else {
        tell_created(c, result->name);
    }
    memset(c->connection->secret, 0, sizeof c->connection->secret);
}

enum onym_http_when
onym_routes_tokens(struct onym_http_call *c, const struct onym_routed *r)
{
    struct onym_operation op = {.action = ONYM_ACTION_REVOKE, .name = r->name};
    struct onym_identity identity;
    enum onym_routes_step step = onym_routes_login(c, &identity);

    if (step != ONYM_ROUTES_ON) {
        return step == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    if (identity.handle.len == 0) {
        onym_routes_need_login(c, onym_span_of(NULL, 0));
        return ONYM_HTTP_NOW;
    }
    if (r->method == ONYM_METHOD_GET) {
        return list(c, &identity);
    }
    if (onym_routes_bare(c, "is not for tokens: the text of one is told once") != ONYM_ROUTES_ON) {
        return ONYM_HTTP_NOW;
    }
    if (r->method == ONYM_METHOD_POST) {
        return create(c, &identity);
    }
    if (!onym_token_is_id(r->name)) {
        return refuse(c, ONYM_NOT_FOUND, 0, "", "a token's id is 32 hexadecimal digits");
    }
    return submit(c, &op, &identity);
}
