/* What happened to an identifier, out of the log of changes. A job, because the log may be long. */
#include "onym/model/hs_admin.h"
#include "service/http_job.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "store/history.h"
#include "wire/json_entry.h"
#include "wire/json_write.h"

#include <stdlib.h>

#define LIMIT_DEFAULT 100U
#define LIMIT_MAX     1000U
#define TEXT_MAX      ((size_t)4 << 20) /* a page ends early when its entries are large */

struct history {
    struct onym_http_job job;
    uint64_t next; /* where to go on; 0: nowhere */
    uint32_t left; /* entries still wanted */
    bool registered;
    bool digests; /* who asks may read the private values they are of */
    bool goes_on; /* a page behind another, which told that there is something */
    struct onym_writer text;
    size_t folded_len;
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
};

static void
release(struct onym_http_job *job)
{
    struct history *h = (struct history *)(void *)job;

    free(h->text.at);
    free(h);
}

/* Room for one more entry of any size. */
static bool
make_room(struct history *h)
{
    size_t cap = h->text.cap > 0 ? h->text.cap : 2 * ONYM_JSON_ENTRY_MAX;
    uint8_t *grown;

    while (cap - h->text.len <= ONYM_JSON_ENTRY_MAX) {
        cap *= 2;
    }
    if (cap == h->text.cap) {
        return true;
    }
    grown = realloc(h->text.at, cap);
    if (grown != NULL) {
        h->text.at = grown;
        h->text.cap = cap;
    }
    return grown != NULL;
}

static void
keep(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct history *h = of;

    onym_json_put(&h->text, h->text.len > 0 ? "," : "");
    onym_json_put_entry(&h->text, sequence, entry, h->digests);
}

/* One entry at a time, since each may need more room than there is. */
static bool
step(struct onym_http_job *job, const struct onym_view *view)
{
    struct history *h = (struct history *)(void *)job;
    onym_span folded = onym_span_of(h->folded, h->folded_len);
    uint32_t found = 1;

    for (unsigned i = 0; i < 100 && h->next > 0 && h->left > 0 && found == 1; i++) {
        uint32_t one = 1;

        if (!make_room(h)) {
            job->status = ONYM_NO_MEMORY;
            return false;
        }
        job->status = onym_history_slice(view, folded, &h->next, &one, keep, h);
        if (job->status != ONYM_OK) {
            return false;
        }
        found = 1 - one;
        h->left -= found;
        h->left = h->text.len > TEXT_MAX ? 0 : h->left;
    }
    return h->next > 0 && h->left > 0;
}

static void
answer(struct onym_http_call *c, struct onym_http_job *job)
{
    struct history *h = (struct history *)(void *)job;
    struct onym_writer *w = &c->body;

    if (h->text.len == 0 && h->next == 0 && !h->registered && !h->goes_on) {
        onym_http_fail_text(c, ONYM_NOT_FOUND, 0,
                            "neither registered nor, as far as the log goes back, ever changed");
        return;
    }
    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(w, "{\"items\":[");
    onym_writer_bytes(w, onym_writer_written(&h->text));
    onym_json_put(w, "],\"next\":");
    if (h->next > 0) {
        uint8_t digits[24];
        struct onym_writer cursor = onym_writer_over(digits, sizeof digits);

        onym_json_put_u64(&cursor, h->next);
        onym_json_put_string(w, onym_writer_written(&cursor));
        onym_json_put(w, "}");
        onym_routes_link(c, onym_writer_written(&cursor));
    } else {
        onym_json_put(w, "null}");
    }
}

static enum onym_routes_step
refuse(struct onym_http_call *c, const char *field, const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                .detail = onym_span_text(detail),
                                                .field = onym_span_text(field)});
    return ONYM_ROUTES_ANSWERED;
}

static enum onym_routes_step
read_page(struct onym_http_call *c, struct history *h)
{
    onym_span text;
    uint64_t limit = LIMIT_DEFAULT;

    h->next = ONYM_HISTORY_END;
    if (onym_http_find(c->request->query, "limit", &text) &&
        (!onym_http_number(text, &limit) || limit == 0 || limit > LIMIT_MAX)) {
        return refuse(c, "limit", "expected a number of 1 to 1000");
    }
    h->left = (uint32_t)limit;
    h->goes_on = onym_http_find(c->request->query, "cursor", &text);
    if (h->goes_on && (!onym_http_number(text, &h->next) || h->next == 0)) {
        return refuse(c, "cursor", "is not one of this list; take it from next, or begin without");
    }
    return ONYM_ROUTES_ON;
}

/* Whoever administers the record, whatever part of it, or may list its prefix. */
static enum onym_status
may_see(struct onym_http_call *c, const struct onym_identity *identity, struct history *h,
        const char **why)
{
    const struct onym_view *view = c->service->answerer->resolver.view;
    struct onym_record_source records = onym_routes_source(c);
    onym_span folded = onym_span_of(h->folded, h->folded_len);
    uint8_t name[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_record record;
    enum onym_status status = onym_view_record(view, ONYM_KIND_HANDLE, folded, &record);

    h->registered = status != ONYM_NOT_FOUND;
    h->digests = identity->is_server_admin;
    if (identity->is_server_admin) {
        return ONYM_OK;
    }
    if (status == ONYM_OK) {
        h->digests = onym_authz_may(identity, &record, ONYM_ADMIN_READ_VALUE, &records, NULL) ==
                     ONYM_OK;
        status = h->digests ? ONYM_OK : onym_authz_may(identity, &record, 0, &records, why);
    }
    if (status != ONYM_OK) {
        status = onym_view_record(view, ONYM_KIND_HANDLE,
                                  onym_ident_prefix_record(folded, name, sizeof name), &record);
        if (status == ONYM_OK) {
            status = onym_authz_may(identity, &record, ONYM_ADMIN_LIST_HANDLES, &records, why);
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_NO_PERMISSION : status;
}

enum onym_http_when
onym_routes_history(struct onym_http_call *c, const struct onym_routed *r)
{
    struct onym_identity identity;
    struct history *h;
    const char *why = NULL;
    onym_span name;
    enum onym_status status;
    enum onym_routes_step done = onym_routes_name(c, r->name, &name);

    if (done == ONYM_ROUTES_ON) {
        done = onym_routes_login(c, &identity);
    }
    if (done != ONYM_ROUTES_ON) {
        return done == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    if (identity.handle.len == 0) {
        onym_routes_need_login(c, name);
        return ONYM_HTTP_NOW;
    }
    h = calloc(1, sizeof *h);
    if (h == NULL) {
        onym_http_fail_text(c, ONYM_NO_MEMORY, 0, "");
        return ONYM_HTTP_NOW;
    }
    h->job = (struct onym_http_job){.step = step, .answer = answer, .release = release};
    h->folded_len = onym_op_fold(name, h->folded, sizeof h->folded).len;
    status = may_see(c, &identity, h, &why);
    if (status != ONYM_OK) {
        onym_http_fail_text(c, status, 0, why != NULL ? why : "");
    }
    if (status != ONYM_OK || read_page(c, h) != ONYM_ROUTES_ON) {
        release(&h->job);
        return ONYM_HTTP_NOW;
    }
    return onym_http_work(c, &h->job);
}
