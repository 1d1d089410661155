#include "base/bytes.h"
#include "service/entity_tag.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#include <stdio.h>

/* A change as it is put together from path, query, headers and body. */
struct change {
    struct onym_operation op;
    struct onym_identity identity;
    onym_span echo; /* the identifier as asked for */
};

/* The outcome of one step; an error was said when it is not OK. */
static enum onym_routes_step
refuse(struct onym_http_call *c, const struct change *ch, enum onym_status status, int http,
       const char *field, const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = status,
                                                .http = http,
                                                .detail = onym_span_text(detail),
                                                .field = onym_span_text(field),
                                                .handle = ch->echo});
    return ONYM_ROUTES_ANSWERED;
}

/* ---- the body ---- */

enum onym_routes_step
onym_routes_json_error(struct onym_http_call *c, enum onym_status status,
                       const struct onym_json_error *error)
{
    char text[sizeof error->problem + 64];
    int len = snprintf(text, sizeof text, "%s, at byte %zu of the body", error->problem,
                       error->offset);

    onym_http_fail(
        c, &(struct onym_http_error){
               .status = status,
               .detail = onym_span_of(text, (size_t)len),
               .field = onym_span_of(error->field, strnlen(error->field, sizeof error->field)),
               .has_position = true,
               .position = error->offset});
    return ONYM_ROUTES_ANSWERED;
}

static enum onym_routes_step
read_body(struct onym_http_call *c, struct change *ch, struct onym_json_body *body)
{
    struct onym_json_error error = {.offset = 0};
    bool v1 = c->mouth == ONYM_HTTP_V1;
    enum onym_status status;
    struct change nameless = {.echo = {0}};

    if (!onym_routes_has_type(c->request, "application/json")) {
        return refuse(c, &nameless, ONYM_MALFORMED, v1 ? 415 : 0, "", ONYM_ROUTES_NOT_JSON);
    }
    status = onym_json_in_read(c->service->json, c->content, (uint32_t)(c->now_ms / 1000), body,
                               &error);
    if (status == ONYM_NO_MEMORY) {
        return refuse(c, ch, status, 0, "", "");
    }
    if (status != ONYM_OK) {
        return onym_routes_json_error(c, status, &error);
    }
    if (v1 && body->shape != ONYM_JSON_SHAPE_RECORD) {
        return refuse(c, &nameless, ONYM_MALFORMED, 0, "values",
                      "a member is missing; expected {\"values\": [...]}");
    }
    if (body->has_handle && ch->op.name.len > 0 &&
        !onym_ident_equal(body->handle, ch->op.name, ONYM_FOLD_ALL)) {
        return refuse(c, &nameless, ONYM_MALFORMED, 0, "handle",
                      "differs from the identifier in the path");
    }
    ch->op.values = body->values;
    return ONYM_ROUTES_ON;
}

/* ---- the Handle JSON interface ---- */

/* Section 3.4: the indexes of the query must be those of the body. */
static bool
same_indexes(struct onym_u32_list wanted, struct onym_value_list values)
{
    onym_span cursor = values.raw;
    struct onym_value value;

    while (onym_value_next(&cursor, &value)) {
        onym_span list = wanted.raw;
        uint32_t index = 0;
        bool found = false;

        while (!found && onym_u32_next(&list, &index)) {
            found = index == value.index;
        }
        if (!found) {
            return false;
        }
    }
    cursor = wanted.raw;
    for (uint32_t i = 0, index = 0; i < wanted.count && onym_u32_next(&cursor, &index); i++) {
        onym_span rest = values.raw;
        bool found = false;

        while (!found && onym_value_next(&rest, &value)) {
            found = index == value.index;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static enum onym_routes_step
read_indexes(struct onym_http_call *c, const struct change *ch, struct onym_u32_list *out)
{
    struct onym_query query = {.name = {0}};
    const char *field;
    enum onym_status status = onym_http_selection(c->request->query, c->service->arena, &query,
                                                  &field);

    if (status != ONYM_OK) {
        return refuse(c, ch, status, 0, field != NULL ? field : "",
                      "cannot be read; expected numbers of 0 to 4294967295");
    }
    *out = query.indexes;
    return ONYM_ROUTES_ON;
}

static enum onym_routes_step
mint(struct onym_http_call *c, struct change *ch)
{
    uint8_t chance[16];
    uint8_t *text = onym_arena_take(c->service->arena, ONYM_MINTED_LEN);

    if (text == NULL) {
        return refuse(c, ch, ONYM_NO_SPACE, 0, "", "");
    }
    onym_put_u64(chance, onym_rng_u64(c->service->rng));
    onym_put_u64(chance + 8, onym_rng_u64(c->service->rng));
    onym_operation_mint(chance, text);
    ch->op.mint = true;
    ch->op.minted = onym_span_of(text, ONYM_MINTED_LEN);
    return ONYM_ROUTES_ON;
}

static enum onym_routes_step
facade_put(struct onym_http_call *c, struct change *ch)
{
    onym_span query = c->request->query;
    onym_span index;
    struct onym_u32_list indexes = {.count = 0};
    struct onym_json_body body;
    bool has_index = onym_http_find(query, "index", &index);
    bool various = has_index && onym_http1_is(index, "various");
    struct change nameless = {.echo = {0}};
    enum onym_routes_step step = read_body(c, ch, &body);

    if (step == ONYM_ROUTES_ON && has_index && !various) {
        step = read_indexes(c, ch, &indexes);
    }
    if (step != ONYM_ROUTES_ON) {
        return step;
    }
    ch->op.action = has_index ? ONYM_ACTION_ADD : ONYM_ACTION_CREATE;
    ch->op.overwrite = onym_http_flag(query, "overwrite", true);
    if (has_index && !various && !same_indexes(indexes, ch->op.values)) {
        return refuse(c, &nameless, ONYM_MALFORMED, 0, "index",
                      "the indexes of the query are not those of the body");
    }
    return !has_index && onym_http_flag(query, "mintNewSuffix", false) ? mint(c, ch)
                                                                       : ONYM_ROUTES_ON;
}

static enum onym_routes_step
facade_delete(struct onym_http_call *c, struct change *ch)
{
    onym_span index;

    ch->op.action = ONYM_ACTION_DELETE;
    if (!onym_http_find(c->request->query, "index", &index)) {
        return ONYM_ROUTES_ON;
    }
    ch->op.action = ONYM_ACTION_REMOVE;
    return read_indexes(c, ch, &ch->op.indexes);
}

/* ---- /api/v1 ---- */

static enum onym_routes_step
v1_change(struct onym_http_call *c, struct change *ch, enum onym_method method)
{
    struct onym_json_body body = {.has_handle = false};
    enum onym_routes_step step;

    if (method == ONYM_METHOD_DELETE) {
        ch->op.action = ONYM_ACTION_DELETE;
        return ONYM_ROUTES_ON;
    }
    ch->op.action = ONYM_ACTION_CREATE;
    ch->op.overwrite = method == ONYM_METHOD_PUT;
    step = read_body(c, ch, &body);
    if (step != ONYM_ROUTES_ON || method == ONYM_METHOD_PUT) {
        return step;
    }
    ch->op.expect = ONYM_EXPECT_ABSENT;
    if (!body.has_handle) {
        return refuse(c, ch, ONYM_MALFORMED, 0, "handle",
                      "a member is missing; expected the identifier to create");
    }
    ch->op.name = body.handle;
    ch->echo = body.handle;
    return ONYM_ROUTES_ON;
}

/* ---- both ---- */

static enum onym_routes_step
check_condition(struct onym_http_call *c, const struct change *ch)
{
    return ch->op.expect == ONYM_EXPECT_ABSENT && ch->op.action != ONYM_ACTION_CREATE
               ? refuse(c, ch, ONYM_MALFORMED, 0, "If-None-Match",
                        "is for a PUT of the whole identifier")
               : ONYM_ROUTES_ON;
}

/* RFC 9110 13.1: what a condition in the request refuses is 412, not 409. */
static int
http_of(const struct onym_http_call *c, enum onym_status status)
{
    bool conditional = onym_http_header(c, "if-none-match").len > 0;

    if (status == ONYM_VALUE_NOT_FOUND) {
        return 400; /* 200 is for look-ups */
    }
    return status == ONYM_EXISTS && conditional ? 412 : 0;
}

/* The same section: If-Match does not hold where nothing is. */
static enum onym_status
under_conditions(const struct onym_http_call *c, enum onym_status status)
{
    bool conditional = onym_http_header(c, "if-match").len > 0;

    return conditional && status == ONYM_NOT_FOUND ? ONYM_STALE : status;
}

/* Why, in words: what was said, or what a condition of the request has to do with it. */
static onym_span
detail_of(const struct onym_http_call *c, onym_span said, enum onym_status status)
{
    if (said.len == 0 && status == ONYM_STALE) {
        return onym_span_text("If-Match names another revision, or nothing is there: read it again "
                              "and send the ETag it has now");
    }
    return said.len == 0 && http_of(c, status) == 412
               ? onym_span_text("it exists, and If-None-Match: * only creates")
               : said;
}

/* With the value concerned, when there is one. */
static enum onym_routes_step
refuse_values(struct onym_http_call *c, const struct change *ch, enum onym_status status,
              const struct onym_op_fault *fault)
{
    bool is_value = status == ONYM_VALUE_INVALID || status == ONYM_VALUE_EXISTS;
    char text[ONYM_OP_SAID_MAX];
    onym_span said = onym_span_text(onym_op_said(fault->why, fault->index, text));

    onym_http_fail(c, &(struct onym_http_error){.status = status,
                                                .http = http_of(c, status),
                                                .detail = detail_of(c, said, status),
                                                .field = onym_span_text(is_value ? "values" : ""),
                                                .handle = ch->echo});
    return ONYM_ROUTES_ANSWERED;
}

/* What was done under the same key before is answered by the log, not by what the record has become
 * since; the writer checks what is skipped here. */
static bool
may_be_repeated(const struct onym_http_call *c, const struct change *ch)
{
    return ch->identity.handle.len > 0 && onym_http_header(c, "idempotency-key").len > 0;
}

/* The checks that come before "may you" (proto/handle.md section 15), in their order. */
static enum onym_routes_step
check(struct onym_http_call *c, struct change *ch)
{
    struct onym_arena *arena = c->service->arena;
    struct onym_resolver *resolver = &c->service->answerer->resolver;
    struct onym_op_fault fault = {.why = NULL};
    struct onym_op_target target;
    struct onym_record old;
    enum onym_status status = onym_op_form(&ch->op, &fault);
    bool here = false;

    if (status == ONYM_OK && !onym_responsible(resolver, ch->op.name)) {
        status = ONYM_NOT_RESPONSIBLE;
    }
    if (status == ONYM_OK) {
        status = onym_op_target(&ch->op, arena, &target);
    }
    if (status == ONYM_OK) {
        status = onym_resolve_stored(resolver, target.kind, target.folded, &old);
        here = status == ONYM_OK;
        status = status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    if (status == ONYM_OK && !may_be_repeated(c, ch)) {
        status = onym_op_before_auth(&ch->op, here ? &old : NULL, arena, &fault);
    }
    if (status == ONYM_AUTH_NEEDED && ch->identity.handle.len == 0) {
        onym_routes_need_login(c, ch->echo);
        return ONYM_ROUTES_ANSWERED;
    }
    if (status != ONYM_OK && status != ONYM_AUTH_NEEDED) {
        return refuse_values(c, ch, under_conditions(c, status), &fault);
    }
    return ONYM_ROUTES_ON;
}

enum onym_http_when
onym_routes_submit(struct onym_http_call *c, struct onym_operation *op,
                   const struct onym_identity *identity, onym_span echo)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_result result = {.status = ONYM_ERROR};
    struct onym_http_change change = {
        .operation = op,
        .identity = identity,
        .idempotency_key = onym_http_header(c, "idempotency-key"),
        .request_id = onym_span_of(c->connection->id, c->connection->id_len)};

    if (backend == NULL || !c->connection->caller.tls) {
        onym_routes_need_login(c, echo);
        return ONYM_HTTP_NOW;
    }
    if (onym_routes_once(c, echo) != ONYM_ROUTES_ON) {
        return ONYM_HTTP_NOW;
    }
    op->principal = (struct onym_principal){.handle = identity->handle, .index = identity->index};
    op->address = c->connection->caller.address;
    op->now_ms = c->now_ms;
    if (backend->submit(backend->of, &c->connection->caller, &change, &result) == ONYM_HTTP_LATER) {
        c->connection->stage = ONYM_HTTP_CHANGE;
        return ONYM_HTTP_LATER;
    }
    onym_routes_changed(c, &result);
    return ONYM_HTTP_NOW;
}

enum onym_http_when
onym_routes_write(struct onym_http_call *c, const struct onym_routed *r)
{
    struct change ch = {.op = {.action = ONYM_ACTION_CREATE}};
    enum onym_routes_step step = onym_routes_login(c, &ch.identity);

    if (step == ONYM_ROUTES_ON && r->route != ONYM_ROUTE_IDENTIFIERS) {
        step = onym_routes_name(c, r->name, &ch.op.name);
        ch.echo = ch.op.name;
    }
    if (step == ONYM_ROUTES_ON) {
        step = onym_routes_conditions(c, &ch.op, ch.echo);
    }
    if (step == ONYM_ROUTES_ON) {
        step = c->mouth == ONYM_HTTP_V1          ? v1_change(c, &ch, r->method)
               : r->method == ONYM_METHOD_DELETE ? facade_delete(c, &ch)
                                                 : facade_put(c, &ch);
    }
    if (step == ONYM_ROUTES_ON) {
        step = check_condition(c, &ch);
    }
    if (step == ONYM_ROUTES_ON) {
        step = check(c, &ch);
    }
    if (step != ONYM_ROUTES_ON) {
        return step == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    return onym_routes_submit(c, &ch.op, &ch.identity, ch.echo);
}

/* ---- the answer ---- */

static void
facade_changed(struct onym_http_call *c, const struct onym_http_result *result, onym_span name,
               bool is_delete)
{
    bool minted = onym_http_flag(c->request->query, "mintNewSuffix", false);

    onym_http_json(c, is_delete || result->replaced ? 200 : 201, ONYM_OK);
    onym_json_put(&c->body, "{\"responseCode\":1,\"handle\":");
    onym_json_put_string(&c->body, minted && !is_delete ? result->name : name);
    onym_json_put(&c->body, "}");
}

static void
v1_changed(struct onym_http_call *c, const struct onym_http_result *result, onym_span name,
           bool is_delete, bool is_post)
{
    struct onym_writer *w = &c->body;
    bool created = !is_delete && !result->replaced && !result->unchanged;
    const char *status = is_delete           ? "deleted"
                         : result->unchanged ? "unchanged"
                         : created           ? "created"
                                             : "replaced";
    char tag[ONYM_ENTITY_TAG_MAX];

    onym_http_json(c, created ? 201 : 200, ONYM_OK);
    if (result->revision > 0 && !is_delete) {
        onym_entity_tag_write(result->revision, result->created_ms, false, tag);
        onym_http_put_header(c, "ETag", onym_span_text(tag));
    }
    if (is_post && created) {
        onym_json_put(&c->extra, "Location: ");
        onym_routes_put_path(&c->extra, name);
        onym_json_put(&c->extra, "\r\n");
    }
    onym_json_put(w, "{\"handle\":");
    onym_json_put_string(w, name);
    onym_json_put(w, ",\"status\":\"");
    onym_json_put(w, status);
    onym_json_put(w, "\"");
    if (result->revision > 0 && !is_delete) {
        onym_json_put(w, ",\"revision\":");
        onym_json_put_u64(w, result->revision);
    }
    if (result->sequence > 0) {
        onym_json_put(w, ",\"sequence\":");
        onym_json_put_u64(w, result->sequence);
    }
    onym_json_put(w, "}");
}

void
onym_routes_changed(struct onym_http_call *c, const struct onym_http_result *result)
{
    struct onym_routed r = c->routed;
    bool is_delete = r.method == ONYM_METHOD_DELETE;
    bool is_post = r.route == ONYM_ROUTE_IDENTIFIERS;
    onym_span name = {0};

    c->pretty = onym_http_flag(c->request->query, "pretty", false);
    if (r.route == ONYM_ROUTE_TOKENS) {
        onym_routes_token_changed(c, &r, result);
        return;
    }
    if (!is_post && onym_routes_name(c, r.name, &name) != ONYM_ROUTES_ON) {
        return; /* it was decoded before, so only for want of room */
    }
    if (result->status == ONYM_AUTH_NEEDED) {
        onym_routes_need_login(c, name);
    } else if (result->status != ONYM_OK) {
        enum onym_status status = under_conditions(c, result->status);

        onym_http_fail(c, &(struct onym_http_error){
                              .status = status,
                              .http = result->key_reused ? 422 : http_of(c, result->status),
                              .detail = detail_of(c, result->why, status),
                              .handle = name});
    } else if (r.route == ONYM_ROUTE_PREFIX || r.route == ONYM_ROUTE_V1_PREFIX) {
        onym_routes_prefix_done(c, result, name);
    } else if (c->mouth == ONYM_HTTP_V1) {
        v1_changed(c, result, result->name.len > 0 ? result->name : name, is_delete, is_post);
    } else {
        facade_changed(c, result, name, is_delete);
    }
}
