/* Lists of names, both mouths: identifiers under a prefix, and the homed prefixes. Who may is what
 * opcodes 105 and 302 say (proto/handle.md section 12). The walk is a job, because a prefix may
 * have millions of names; it sees a list that changes meanwhile as it is when it comes to each
 * part. */
#include "onym/model/hs_admin.h"
#include "service/http_query.h"
#include "service/listing_priv.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#include <stdlib.h>

#define LIMIT_DEFAULT 100U
#define LIMIT_MAX     1000U
#define CURSOR_MAX    (4 * (ONYM_SCAN_PLACE_MAX + 2) / 3 + 1)

/* ---- the answers ---- */

static void
facade_answer(struct onym_http_call *c, struct onym_http_job *job)
{
    struct onym_listing *l = (struct onym_listing *)(void *)job;
    struct onym_writer *w = &c->body;
    onym_span raw;
    onym_span prefix;
    bool handles = l->kind == ONYM_KIND_HANDLE;

    if (l->too_large) {
        onym_http_fail_text(c, ONYM_MALFORMED, 0,
                            "the list does not fit one answer; ask for it in pages: "
                            "page=0&pageSize=1000");
        return;
    }
    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(w, "{\"responseCode\":1,");
    if (handles && onym_http_find(c->request->query, "prefix", &raw)) {
        if (onym_routes_name(c, raw, &prefix) != ONYM_ROUTES_ON) {
            return; /* it was decoded before, so only for want of room */
        }
        onym_json_put(w, "\"prefix\":");
        onym_json_put_string(w, prefix);
        onym_json_put(w, ",");
    }
    onym_json_put(w, "\"totalCount\":\"");
    onym_json_put_u64(w, l->total);
    onym_json_put(w, "\",");
    if (l->paged) {
        onym_json_put(w, "\"page\":");
        onym_json_put_u64(w, l->page);
        onym_json_put(w, ",\"pageSize\":");
        onym_json_put_u64(w, l->page_size);
        onym_json_put(w, ",");
    }
    onym_json_put(w, handles ? "\"handles\":[" : "\"prefixes\":[");
    onym_writer_bytes(w, onym_writer_written(&l->text));
    onym_json_put(w, "]}");
}

/* Part of a target as it was sent, but for what would end it in a header. */
static void
put_sent(struct onym_writer *w, onym_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.at[i];

        if (byte > 0x20 && byte < 0x7F && byte != '<' && byte != '>' && byte != '"') {
            onym_writer_u8(w, byte);
        } else {
            onym_http_encode(w, onym_span_of(&byte, 1));
        }
    }
}

/* The request's own target with another cursor. */
void
onym_routes_link(struct onym_http_call *c, onym_span cursor)
{
    onym_span query = c->request->query;
    struct onym_writer *w = &c->extra;
    onym_span name;
    onym_span value;

    onym_json_put(w, "Link: <");
    put_sent(w, c->request->path);
    onym_json_put(w, "?");
    while (onym_http_parameter(&query, &name, &value)) {
        if (onym_span_equal(name, onym_span_text("cursor"))) {
            continue;
        }
        /* the value lies behind the name and its '=' */
        put_sent(w, onym_span_of(name.at, name.len + (value.at != NULL ? value.len + 1 : 0)));
        onym_json_put(w, "&");
    }
    onym_json_put(w, "cursor=");
    onym_writer_bytes(w, cursor);
    onym_json_put(w, ">; rel=\"next\"\r\n");
}

static void
v1_answer(struct onym_http_call *c, struct onym_http_job *job)
{
    struct onym_listing *l = (struct onym_listing *)(void *)job;
    struct onym_writer *w = &c->body;
    char cursor[CURSOR_MAX];
    onym_span last = onym_span_of(l->last.key, l->last.len);
    size_t len = onym_base64_encoded_len(ONYM_BASE64_URL, last.len);

    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(w, "{\"items\":[");
    onym_writer_bytes(w, onym_writer_written(&l->text));
    onym_json_put(w, "],\"next\":");
    if (l->more) {
        onym_base64_encode(ONYM_BASE64_URL, last, cursor);
        onym_json_put_string(w, onym_span_of(cursor, len));
        onym_routes_link(c, onym_span_of(cursor, len));
    } else {
        onym_json_put(w, "null");
    }
    if (l->counts) {
        onym_json_put(w, ",\"total\":");
        onym_json_put_u64(w, l->total);
    }
    onym_json_put(w, "}");
}

/* ---- what is asked ---- */

static bool
refuse(struct onym_http_call *c, const char *field, const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                .detail = onym_span_text(detail),
                                                .field = onym_span_text(field)});
    return false;
}

static bool
facade_page(struct onym_http_call *c, struct onym_listing *l)
{
    onym_span query = c->request->query;
    onym_span page;
    onym_span size;
    bool has_page = onym_http_find(query, "page", &page);
    bool has_size = onym_http_find(query, "pageSize", &size);

    l->counts = true;
    l->take = UINT64_MAX;
    if ((has_page && !onym_http_number(page, &l->page)) ||
        (has_size && !onym_http_number(size, &l->page_size)) ||
        (l->page_size > 0 && l->page > UINT64_MAX / l->page_size)) {
        return refuse(c, "page", "page and pageSize are numbers from 0 on");
    }
    if (!has_size && l->page > 0) {
        return refuse(c, "page", "needs pageSize beside it");
    }
    if (has_size) {
        l->paged = true;
        l->take = l->page_size;
        l->skip = l->page * l->page_size;
    }
    l->phase = l->take == 0  ? ONYM_LISTING_COUNT
               : l->skip > 0 ? ONYM_LISTING_SKIP
                             : ONYM_LISTING_TAKE;
    return true;
}

static bool
v1_page(struct onym_http_call *c, struct onym_listing *l)
{
    onym_span query = c->request->query;
    onym_span text;
    uint8_t bytes[3 * (CURSOR_MAX / 4) + 3];
    size_t len;

    l->take = LIMIT_DEFAULT;
    l->counts = onym_http_flag(query, "count", false);
    l->phase = ONYM_LISTING_TAKE;
    if (onym_http_find(query, "limit", &text) &&
        (!onym_http_number(text, &l->take) || l->take == 0 || l->take > LIMIT_MAX)) {
        return refuse(c, "limit", "expected a number of 1 to 1000");
    }
    if (!onym_http_find(query, "cursor", &text)) {
        return true;
    }
    if (text.len == 0 || text.len >= CURSOR_MAX ||
        onym_base64_decode(ONYM_BASE64_URL, text, bytes, &len) != ONYM_OK || len < 2 ||
        len > ONYM_SCAN_PLACE_MAX || bytes[0] != (uint8_t)l->kind || len - 1 < l->stem_len ||
        memcmp(bytes + 1, l->stem, l->stem_len) != 0) {
        return refuse(c, "cursor", "is not one of this list; take it from next, or begin without");
    }
    l->from_cursor = true;
    l->place.len = (uint16_t)len;
    memcpy(l->place.key, bytes, len);
    return true;
}

/* Names of "P" are those that begin with "P/"; with a '/' in it, it is how they begin. */
static bool
read_stem(struct onym_http_call *c, struct onym_listing *l, onym_span prefix)
{
    bool whole = prefix.len > 0 && memchr(prefix.at, '/', prefix.len) == NULL;

    if (prefix.len + (whole ? 1U : 0U) > sizeof l->stem) {
        return refuse(c, "prefix",
                      "is longer than 477 bytes, more than a list can be asked for by");
    }
    if (prefix.len > 0) {
        onym_ident_upper(prefix, l->stem);
    }
    l->stem_len = prefix.len;
    if (whole) {
        l->stem[l->stem_len++] = '/';
    }
    return true;
}

/* Whether identity may list what stands under prefix; empty: everything. An error is said. */
static bool
may_list(struct onym_http_call *c, const struct onym_identity *identity, onym_span stem,
         onym_span prefix)
{
    struct onym_resolver *resolver = &c->service->answerer->resolver;
    struct onym_record_source records = onym_routes_source(c);
    uint8_t name[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_record record;
    const char *why = "only administrators of the server may";
    enum onym_status status = ONYM_OK;

    if (stem.len > 0) {
        onym_span folded = onym_ident_prefix_record(stem, name, sizeof name);

        if (!onym_responsible(resolver, stem)) {
            status = ONYM_NOT_RESPONSIBLE;
            why = NULL;
        } else if (!identity->is_server_admin) {
            status = onym_view_record(resolver->view, ONYM_KIND_HANDLE, folded, &record);
            if (status == ONYM_OK) {
                status = onym_authz_may(identity, &record, ONYM_ADMIN_LIST_HANDLES, &records, &why);
            } else if (status == ONYM_NOT_FOUND) {
                status = ONYM_NO_PERMISSION;
                why = "the prefix has no record that names its administrators";
            }
        }
    } else if (!identity->is_server_admin) {
        status = ONYM_NO_PERMISSION;
    }
    if (status != ONYM_OK) {
        onym_http_fail(c,
                       &(struct onym_http_error){.status = status,
                                                 .detail = onym_span_text(why != NULL ? why : ""),
                                                 .handle = prefix});
    }
    return status == ONYM_OK;
}

static bool
read_prefix(struct onym_http_call *c, enum onym_kind kind, onym_span *prefix)
{
    onym_span raw;

    *prefix = onym_span_of(NULL, 0);
    if (kind != ONYM_KIND_HANDLE) {
        return true;
    }
    if (onym_http_find(c->request->query, "prefix", &raw) && raw.len > 0) {
        return onym_routes_name(c, raw, prefix) == ONYM_ROUTES_ON;
    }
    if (c->mouth == ONYM_HTTP_FACADE) {
        onym_http_fail_text(c, ONYM_MALFORMED, 0,
                            "name an identifier: /api/handles/PREFIX/SUFFIX; or a prefix to list: "
                            "/api/handles?prefix=PREFIX");
        return false;
    }
    return true;
}

enum onym_http_when
onym_routes_list(struct onym_http_call *c, enum onym_kind kind)
{
    struct onym_identity identity;
    struct onym_listing *l;
    onym_span prefix;
    enum onym_routes_step step_done;

    if (!read_prefix(c, kind, &prefix)) {
        return ONYM_HTTP_NOW;
    }
    step_done = onym_routes_login(c, &identity);
    if (step_done != ONYM_ROUTES_ON) {
        return step_done == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    if (identity.handle.len == 0) {
        onym_routes_need_login(c, prefix);
        return ONYM_HTTP_NOW;
    }
    l = calloc(1, sizeof *l);
    if (l == NULL) {
        onym_http_fail_text(c, ONYM_NO_MEMORY, 0, "");
        return ONYM_HTTP_NOW;
    }
    l->v1 = c->mouth == ONYM_HTTP_V1;
    l->kind = kind;
    l->job = (struct onym_http_job){.step = onym_listing_step,
                                    .answer = l->v1 ? v1_answer : facade_answer,
                                    .release = onym_listing_release};
    if (!read_stem(c, l, prefix) || !(l->v1 ? v1_page(c, l) : facade_page(c, l)) ||
        !may_list(c, &identity, onym_listing_stem(l), prefix)) {
        onym_listing_release(&l->job);
        return ONYM_HTTP_NOW;
    }
    return onym_http_work(c, &l->job);
}
