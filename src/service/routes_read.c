#include "service/entity_tag.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "wire/json_record.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

/* What a look-up found. */
struct found {
    enum onym_status status; /* of core/resolver.h, or of reading private values */
    struct onym_resolution public;
    struct onym_selection private; /* count 0: none wanted, or none there */
    struct onym_record record;     /* of an identifier that is here */
    bool has_record;
    const char *why; /* more than the status says, or NULL */
};

static void
note_damage(struct onym_answerer *answerer, onym_span name)
{
    answerer->damaged_len = name.len < sizeof answerer->damaged ? name.len
                                                                : sizeof answerer->damaged;
    memcpy(answerer->damaged, name.at, answerer->damaged_len);
}

static enum onym_status
find_private(struct onym_http_call *c, const struct onym_query *query,
             const struct onym_identity *identity, struct found *f)
{
    struct onym_record_source source = onym_routes_source(c);
    enum onym_status status = onym_select(query, f->record.private_values, c->service->arena,
                                          &f->private);

    for (size_t i = 0; status == ONYM_OK && i < f->private.runs; i++) {
        status = onym_authz_read(identity, &f->record, f->private.run[i], &source, &f->why);
    }
    return status;
}

/* The record of which no value was selected; a reserved one has values for nobody. */
static void
find_unselected(struct onym_resolver *resolver, onym_span name, struct onym_arena *arena,
                struct found *f)
{
    uint8_t *folded = onym_arena_take(arena, ONYM_PREFIX_NAME_LEN_MAX);
    enum onym_status status = ONYM_NO_SPACE;

    if (folded != NULL) {
        status = onym_view_record(resolver->view, ONYM_KIND_HANDLE,
                                  onym_op_fold(name, folded, ONYM_PREFIX_NAME_LEN_MAX), &f->record);
    }
    f->has_record = status == ONYM_OK;
    if (status != ONYM_OK && status != ONYM_NOT_FOUND) {
        f->status = status;
    }
}

static void
find(struct onym_http_call *c, const struct onym_query *query, const struct onym_identity *identity,
     struct found *f)
{
    struct onym_resolver *resolver = &c->service->answerer->resolver;
    struct onym_arena *arena = c->service->arena;
    enum onym_status status;

    memset(f, 0, sizeof *f);
    f->status = onym_resolve_known(resolver, query, c->ahead, arena, &f->public);
    if (f->status == ONYM_OK) {
        f->record = f->public.record;
        f->has_record = true;
    } else if (f->status == ONYM_VALUE_NOT_FOUND) {
        memset(&f->public, 0, sizeof f->public);
        find_unselected(resolver, query->name, arena, f);
    }
    if (f->has_record && !query->public_only) {
        status = find_private(c, query, identity, f);
        if (status != ONYM_OK) {
            f->status = status;
        } else if (f->private.count > 0) {
            f->status = ONYM_OK;
        }
    }
}

static void
put_runs(struct onym_http_call *c, const struct onym_selection *s, const char **between)
{
    struct onym_writer *w = &c->body;

    for (size_t i = 0; i < s->runs; i++) {
        onym_span cursor = s->run[i];
        struct onym_value value;

        while (w->status == ONYM_OK && onym_value_next(&cursor, &value)) {
            onym_json_put(w, *between);
            onym_json_value_write(w, &value, false, &c->times);
            *between = ",";
        }
    }
}

static void
put_values(struct onym_http_call *c, const struct found *f)
{
    struct onym_writer *w = &c->body;
    const char *between = "";

    onym_json_put(w, "\"values\":[");
    put_runs(c, &f->public.selection, &between);
    put_runs(c, &f->private, &between);
    onym_json_put(w, "]");
}

static bool
is_referral(enum onym_status status)
{
    return status == ONYM_SERVICE_REFERRAL || status == ONYM_PREFIX_REFERRAL;
}

static void
facade_found(struct onym_http_call *c, onym_span name, const struct found *f)
{
    struct onym_writer *w = &c->body;

    onym_http_json(c, onym_status_http_facade(f->status), f->status);
    onym_json_put(w, "{\"responseCode\":");
    onym_json_put_u64(w, onym_status_wire(f->status));
    onym_json_put(w, ",\"handle\":");
    onym_json_put_string(w, name);
    onym_json_put(w, ",");
    put_values(c, f);
    onym_json_put(w, "}");
}

void
onym_routes_put_time(struct onym_writer *w, const char *name, uint64_t epoch_ms)
{
    char text[ONYM_TIME_TEXT_MAX];

    onym_time_format(epoch_ms, text);
    onym_json_put(w, name);
    onym_json_put(w, text);
    onym_json_put(w, "\"");
}

/* RFC 9110 13.1.1: whether If-Match, where it is sent, names what there is. */
static bool
is_wanted(const struct onym_http_call *c, const struct onym_record *record, onym_span tag)
{
    onym_span match = onym_http_header(c, "if-match");
    uint64_t revision, created_ms;

    return match.len == 0 || onym_entity_tag_listed(match, tag) ||
           (onym_entity_tag_read(match, &revision, &created_ms) && revision == record->revision &&
            (created_ms == 0 || created_ms == record->created_ms));
}

static void
v1_found(struct onym_http_call *c, const struct found *f)
{
    struct onym_writer *w = &c->body;
    char text[ONYM_ENTITY_TAG_MAX];
    onym_span tag;

    onym_entity_tag_write(f->record.revision, f->record.created_ms, f->private.count > 0, text);
    tag = onym_span_text(text);
    if (!is_wanted(c, &f->record, tag)) {
        onym_http_fail_text(c, ONYM_STALE, 0, "If-Match names another revision");
        return;
    }
    onym_http_json(c, 200, f->status);
    onym_http_put_header(c, "ETag", tag);
    onym_http_put_header(c, "Vary", onym_span_text("Authorization"));
    c->may_keep = true;
    if (onym_entity_tag_listed(onym_http_header(c, "if-none-match"), tag)) {
        c->status = 304;
        c->type = NULL;
        return;
    }
    onym_json_put(w, "{\"handle\":");
    onym_json_put_string(w, f->record.name);
    onym_json_put(w, ",");
    put_values(c, f);
    onym_json_put(w, ",\"revision\":");
    onym_json_put_u64(w, f->record.revision);
    onym_json_put(w, ",\"created\":\"");
    onym_json_put(w, onym_time_text(&c->times, f->record.created_ms));
    onym_json_put(w, "\",\"modified\":\"");
    onym_json_put(w, onym_time_text(&c->times, f->record.modified_ms));
    onym_json_put(w, "\"}");
}

static void
v1_referral(struct onym_http_call *c, const struct found *f)
{
    struct onym_writer *w = &c->body;

    onym_http_fail(c, &(struct onym_http_error){.status = f->status});
    if (w->status == ONYM_OK) {
        w->len--; /* the closing brace */
    }
    onym_json_put(w, ",\"referral\":{\"handle\":");
    onym_json_put_string(w, f->public.referral);
    onym_json_put(w, ",");
    put_values(c, f);
    onym_json_put(w, "}}");
}

static void
say_found(struct onym_http_call *c, onym_span name, const struct found *f)
{
    bool v1 = c->mouth == ONYM_HTTP_V1;
    enum onym_status status = f->status;

    if (status == ONYM_AUTH_NEEDED) {
        onym_routes_need_login(c, name);
    } else if (status == ONYM_OK || status == ONYM_VALUE_NOT_FOUND) {
        if (!v1) {
            facade_found(c, name, f);
        } else if (f->has_record) {
            v1_found(c, f);
        } else {
            onym_http_fail_text(c, ONYM_NOT_FOUND, 0, "");
        }
    } else if (is_referral(status)) {
        if (v1) {
            v1_referral(c, f);
        } else {
            facade_found(c, name, f);
        }
    } else {
        onym_http_fail(
            c, &(struct onym_http_error){.status = status,
                                         .handle = name,
                                         .detail = onym_span_text(f->why != NULL ? f->why : "")});
    }
}

enum onym_http_when
onym_routes_read(struct onym_http_call *c, const struct onym_routed *r)
{
    struct onym_query query = {.name = {0}};
    struct onym_identity identity;
    struct found f;
    const char *field;
    enum onym_status status;
    enum onym_routes_step step = onym_routes_login(c, &identity);

    if (step == ONYM_ROUTES_ON) {
        step = onym_routes_name(c, r->name, &query.name);
    }
    if (step != ONYM_ROUTES_ON) {
        return step == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    status = onym_http_selection(c->request->query, c->service->arena, &query, &field);
    if (status != ONYM_OK) {
        onym_http_fail(
            c, &(struct onym_http_error){
                   .status = status,
                   .detail = onym_span_text("cannot be read; expected a number of 0 to 4294967295 "
                                            "as index, percent-encoded text as type"),
                   .field = onym_span_text(field != NULL ? field : "")});
        return ONYM_HTTP_NOW;
    }
    query.public_only = c->callback.len > 0 ||
                        onym_http_flag(c->request->query, "publicOnly", identity.handle.len == 0);
    query.no_referral = onym_http_flag(c->request->query, "doNotRefer", false);
    find(c, &query, &identity, &f);
    if (f.status == ONYM_CORRUPT) {
        note_damage(c->service->answerer, query.name);
    }
    c->reply->is_resolution = true;
    say_found(c, query.name, &f);
    return ONYM_HTTP_NOW;
}
