/* Whether somebody's answer to a challenge is right, asked by whoever set the challenge
 * (proto/handle-rest.md section 5.4). Checked like a login and limited like one, or it would be a
 * way to try out secrets. */
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "wire/json_base64.h"
#include "wire/json_write.h"

static enum onym_routes_step
refuse(struct onym_http_call *c, const char *field, const char *why)
{
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                .detail = onym_span_text(why),
                                                .field = onym_span_text(field)});
    return ONYM_ROUTES_ANSWERED;
}

/* A parameter, percent-decoded, and out of base64 when it is bytes. Empty when it is not there. */
static bool
read_parameter(struct onym_http_call *c, const char *name, bool is_bytes, onym_span *out)
{
    struct onym_arena *arena = c->service->arena;
    onym_span raw;
    onym_span text;
    uint8_t *bytes;
    size_t len = 0;

    *out = onym_span_of(NULL, 0);
    if (!onym_http_find(c->request->query, name, &raw)) {
        return true;
    }
    if (onym_http_decode(raw, arena, &text) != ONYM_OK) {
        return false;
    }
    *out = text;
    if (is_bytes) {
        bytes = onym_arena_take(arena, 3 * (text.len / 4) + 2);
        if (bytes == NULL ||
            onym_base64_decode(ONYM_BASE64_STANDARD, text, bytes, &len) != ONYM_OK) {
            return false;
        }
        *out = onym_span_of(bytes, len);
    }
    return true;
}

static bool
read_count(struct onym_http_call *c, const char *name, uint32_t *out)
{
    onym_span text;
    uint64_t number = 0;

    if (onym_http_find(c->request->query, name, &text) &&
        (!onym_http_number(text, &number) || number > UINT32_MAX)) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

static enum onym_routes_step
read_parameters(struct onym_http_call *c, struct onym_http_credentials *given)
{
    const struct {
        const char *name;
        bool is_bytes, needed;
        onym_span *to;
    } wanted[] = {{"nonce", true, true, &given->nonce},
                  {"cnonce", true, true, &given->cnonce},
                  {"alg", false, true, &given->alg},
                  {"signature", true, true, &given->signature},
                  {"salt", true, false, &given->salt}};

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!read_parameter(c, wanted[i].name, wanted[i].is_bytes, wanted[i].to)) {
            return refuse(c, wanted[i].name, "cannot be read; expected base64, percent-encoded");
        }
        if (wanted[i].needed && wanted[i].to->len == 0) {
            return refuse(c, wanted[i].name,
                          "is missing; a verification needs nonce, cnonce, alg and signature");
        }
    }
    if (!read_count(c, "iterations", &given->iterations) ||
        !read_count(c, "length", &given->length)) {
        return refuse(c, "iterations", "and length are numbers");
    }
    return ONYM_ROUTES_ON;
}

/* "301:0.NA/P" */
static enum onym_routes_step
read_user(struct onym_http_call *c, onym_span raw, struct onym_http_credentials *given)
{
    onym_span name;
    enum onym_routes_step step = onym_routes_name(c, raw, &name);
    const uint8_t *colon = name.len > 0 ? memchr(name.at, ':', name.len) : NULL;
    uint64_t index;

    if (step != ONYM_ROUTES_ON) {
        return step;
    }
    if (colon == NULL ||
        !onym_http_number(onym_span_of(name.at, (size_t)(colon - name.at)), &index) ||
        index > UINT32_MAX || colon + 1 == name.at + name.len) {
        return refuse(c, "", "name a key: /api/verifications/301:0.NA/PREFIX");
    }
    given->index = (uint32_t)index;
    given->handle = onym_span_from(name, (size_t)(colon + 1 - name.at));
    return ONYM_ROUTES_ON;
}

/* What kind of key that is says the record; empty: there is no such key here. */
static onym_span
type_of_key(struct onym_http_call *c, const struct onym_http_credentials *given)
{
    static const char *const types[] = {"HS_PUBKEY", "HS_SECKEY"};
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_record record;
    struct onym_value value;

    if (onym_view_record(c->service->answerer->resolver.view, ONYM_KIND_HANDLE,
                         onym_op_fold(given->handle, folded, sizeof folded), &record) != ONYM_OK) {
        return onym_span_of(NULL, 0);
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        onym_span lists[2] = {record.public_values.raw, record.private_values.raw};

        for (size_t n = 0; n < 2; n++) {
            while (onym_value_next(&lists[n], &value)) {
                if ((given->index == 0 || given->index == value.index) &&
                    onym_text_equal_nocase(value.type, onym_span_text(types[i]))) {
                    return onym_span_text(types[i]);
                }
            }
        }
    }
    return onym_span_of(NULL, 0);
}

static void
say(struct onym_http_call *c, bool is_valid, onym_span handle)
{
    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(&c->body, is_valid ? "{\"responseCode\":1,\"isValid\":true,\"handle\":"
                                     : "{\"responseCode\":1,\"isValid\":false,\"handle\":");
    onym_json_put_string(&c->body, handle);
    onym_json_put(&c->body, "}");
}

enum onym_http_when
onym_routes_verification(struct onym_http_call *c, const struct onym_routed *r)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_credentials given = {.scheme = ONYM_HTTP_VERIFICATION};
    struct onym_http_login login = {.status = ONYM_ERROR};

    if (read_parameters(c, &given) != ONYM_ROUTES_ON ||
        read_user(c, r->name, &given) != ONYM_ROUTES_ON) {
        return ONYM_HTTP_NOW;
    }
    if (backend == NULL || !c->connection->caller.tls) {
        onym_routes_need_login(c, given.handle);
        return ONYM_HTTP_NOW;
    }
    if (c->login == NULL) {
        given.type = type_of_key(c, &given);
        if (given.type.len == 0) {
            onym_http_fail(c, &(struct onym_http_error){
                                  .status = ONYM_VALUE_NOT_FOUND,
                                  .http = 404,
                                  .detail = onym_span_text("no such key is registered here"),
                                  .handle = given.handle});
            return ONYM_HTTP_NOW;
        }
        if (backend->authenticate(backend->of, &c->connection->caller, &given, &login) ==
            ONYM_HTTP_LATER) {
            c->connection->stage = ONYM_HTTP_LOGIN;
            return ONYM_HTTP_LATER;
        }
        c->login = &login;
    }
    if (c->login->status == ONYM_OK || onym_status_http(c->login->status) == 401) {
        say(c, c->login->status == ONYM_OK, given.handle);
    } else {
        onym_http_fail_text(c, c->login->status, c->login->limited ? 429 : 0,
                            c->login->limited ? "too many wrong answers from this address" : "");
    }
    c->login = NULL;
    return ONYM_HTTP_NOW;
}
