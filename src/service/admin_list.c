#include "base/writer.h"
#include "service/session_priv.h"
#include "store/scan.h"
#include "wire/admin.h"

#include <stdlib.h>

/* A list between two of its parts. The request is kept because every part repeats its frame. */
struct onym_listing {
    enum onym_kind kind;
    struct onym_envelope envelope;
    bool in_session;
    size_t stem_len; /* names begin with the first stem_len bytes of from */
    size_t from_len; /* the next part begins behind this folded name */
    uint8_t from[ONYM_PREFIX_NAME_LEN_MAX + 1];
    size_t request_len;
    uint8_t request[]; /* envelope included */
};

static enum onym_status
may_list(struct onym_admin *admin, const struct onym_principal *who, onym_span prefix_record,
         const char **why)
{
    struct onym_identity identity = onym_admin_identity(admin, who);
    struct onym_record_source records = onym_admin_records(admin);
    struct onym_record record;
    enum onym_status status;

    if (identity.is_server_admin) {
        return ONYM_OK;
    }
    if (prefix_record.len == 0) {
        return ONYM_NO_PERMISSION;
    }
    status = onym_view_record(admin->answerer->resolver.view, ONYM_KIND_HANDLE, prefix_record,
                              &record);
    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? ONYM_NO_PERMISSION : status;
    }
    return onym_authz_may(&identity, &record, ONYM_ADMIN_LIST_HANDLES, &records, why);
}

/* Sets up the list behind rq: 105 names a prefix record, 302 lists the homed prefixes. */
static enum onym_status
open_listing(struct onym_admin *admin, const struct onym_request *rq,
             const struct onym_principal *who, struct onym_listing **out, const char **why)
{
    bool handles = rq->message.header.opcode == ONYM_OP_LIST_HANDLES;
    onym_span bytes = onym_admin_request_bytes(&rq->message);
    onym_span body = rq->message.body;
    struct onym_listing *l;
    onym_span folded = onym_span_of(NULL, 0);
    uint8_t name_bytes[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span name;
    enum onym_status status = onym_admin_name_decode(&body, &name);

    if (status == ONYM_OK && handles) {
        folded = onym_op_fold(name, name_bytes, sizeof name_bytes);
        if (folded.len <= 5 || memcmp(folded.at, "0.NA/", 5) != 0) {
            return ONYM_NAME_INVALID;
        }
        if (!onym_responsible(&admin->answerer->resolver, name)) {
            return ONYM_NOT_RESPONSIBLE;
        }
    }
    if (status == ONYM_OK) {
        status = may_list(admin, who, folded, why);
    }
    if (status != ONYM_OK) {
        return status;
    }
    l = calloc(1, sizeof *l + bytes.len);
    if (l == NULL) {
        return ONYM_NO_MEMORY;
    }
    l->kind = handles ? ONYM_KIND_HANDLE : ONYM_KIND_PREFIX;
    l->envelope = rq->message.envelope;
    l->in_session = rq->in_session;
    l->request_len = bytes.len;
    memcpy(l->request, bytes.at, bytes.len);
    if (handles) { /* the names of "0.NA/P" are those that begin with "P/" */
        memcpy(l->from, folded.at + 5, folded.len - 5);
        l->from[folded.len - 5] = '/';
        l->from_len = l->stem_len = folded.len - 5 + 1;
    }
    *out = l;
    return ONYM_OK;
}

/* Writes up to a part's names; *more says whether there are others. */
static enum onym_status
write_part(struct onym_listing *l, struct onym_scan *scan, struct onym_writer *w, bool *more)
{
    size_t count_at = w->len;
    uint32_t count = 0;
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    enum onym_status status;

    onym_writer_u32(w, 0);
    *more = false;
    for (;;) {
        struct onym_record record;

        status = onym_scan_next(scan, &record);
        if (status == ONYM_NOT_FOUND) {
            break;
        }
        if (status == ONYM_CORRUPT) {
            continue; /* a damaged record is not told of; onymctl check names it */
        }
        if (status != ONYM_OK) {
            return status;
        }
        if (record.name.len > sizeof folded) {
            continue;
        }
        onym_ident_upper(record.name, folded);
        if (record.name.len < l->stem_len || memcmp(folded, l->from, l->stem_len) != 0) {
            break;
        }
        if (record.name.len == l->from_len && memcmp(folded, l->from, l->from_len) == 0) {
            continue; /* the last of the part before */
        }
        if (count == ONYM_ADMIN_LIST_PART) {
            *more = true;
            break;
        }
        onym_writer_counted(w, record.name);
        count++;
        memcpy(l->from, folded, record.name.len);
        l->from_len = record.name.len;
    }
    if (w->status == ONYM_OK) {
        onym_put_u32(w->at + count_at, count);
    }
    return w->status;
}

/* The next part of a list; *more tells whether it was the last. */
static enum onym_verdict
part(struct onym_admin *admin, const struct onym_request *rq, struct onym_listing *l, bool *more)
{
    size_t cap = 4 + (size_t)ONYM_ADMIN_LIST_PART * (4 + ONYM_PREFIX_NAME_LEN_MAX);
    struct onym_writer w = onym_writer_over(onym_arena_take(rq->call->arena, cap), cap);
    struct onym_scan *scan = NULL;
    enum onym_status status;

    *more = false;
    if (w.at == NULL) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    status = onym_scan_open(admin->answerer->resolver.view, l->kind,
                            onym_span_of(l->from, l->from_len), &scan);
    if (status == ONYM_OK) {
        status = write_part(l, scan, &w, more);
        onym_scan_close(scan);
    }
    if (status != ONYM_OK) {
        *more = false;
        return onym_render_error(rq, status);
    }
    return onym_render_body(rq, ONYM_OK, *more ? ONYM_FLAG_CONTINUOUS : 0, onym_writer_written(&w));
}

enum onym_verdict
onym_admin_list(struct onym_admin *admin, const struct onym_request *rq,
                const struct onym_principal *who)
{
    struct onym_listing *l = NULL;
    const char *why = NULL;
    enum onym_status status = open_listing(admin, rq, who, &l, &why);
    enum onym_verdict verdict;
    bool more;

    if (status != ONYM_OK) {
        return onym_render_error_text(rq, status, why);
    }
    verdict = part(admin, rq, l, &more);
    if (more) {
        rq->call->dialogue->listing = l;
    } else {
        free(l);
    }
    return verdict;
}

enum onym_verdict
onym_admin_list_next(struct onym_admin *admin, const struct onym_answer_call *call,
                     struct onym_reply *reply)
{
    struct onym_listing *l = call->dialogue->listing;
    struct onym_request rq = {.answerer = admin->answerer, .call = call, .reply = reply};
    struct onym_envelope asked;
    enum onym_verdict verdict;
    bool more = false;

    if (onym_envelope_decode(onym_span_of(l->request, l->request_len), &asked) != ONYM_OK ||
        onym_message_cut(
            &asked,
            onym_span_of(l->request + ONYM_ENVELOPE_LEN, l->request_len - ONYM_ENVELOPE_LEN),
            &rq.message) != ONYM_OK) {
        verdict = ONYM_VERDICT_CLOSE;
    } else {
        rq.message.envelope = l->envelope;
        rq.in_session = l->in_session;
        onym_render_begin(&rq);
        verdict = onym_session_leave(&rq, part(admin, &rq, l, &more), NULL);
        more = more && reply->status == ONYM_OK; /* an error ends it */
    }
    if (!more) {
        call->dialogue->listing = NULL;
        free(l);
    }
    return verdict;
}
