#include "core/resolver.h"

#include "core/referral.h"

/* The folded name: "0.NA/" goes in front of a name without '/' (proto/handle.md section 15). */
static onym_span
fold(struct onym_resolver *r, onym_span name)
{
    size_t front = 0;

    if (memchr(name.at, '/', name.len) == NULL) {
        memcpy(r->folded, "0.NA/", 5);
        front = 5;
    }
    onym_ident_upper(name, r->folded + front);
    return onym_span_of(r->folded, front + name.len);
}

static bool
is_prefix_record(onym_span folded)
{
    return folded.len > 5 && memcmp(folded.at, "0.NA/", 5) == 0;
}

/* A prefix record is ours when its prefix or one above it is homed here; whoever homes a prefix
 * also answers for the prefixes derived from it. */
static bool
prefix_record_is_ours(struct onym_resolver *r, onym_span folded)
{
    onym_span prefix = onym_span_from(folded, 5);

    for (unsigned level = 0; level < ONYM_DELEGATION_LEVELS_MAX && prefix.len > 0; level++) {
        if (onym_homed_has(&r->homed, r->view, onym_span_of(folded.at, 5 + prefix.len))) {
            return true;
        }
        prefix = onym_prefix_parent(prefix);
    }
    return onym_homed_has(&r->homed, r->view, onym_span_text("0.NA/0.NA"));
}

static bool
is_ours(struct onym_resolver *r, onym_span folded)
{
    if (is_prefix_record(folded)) {
        return prefix_record_is_ours(r, folded) || onym_view_has(r->view, ONYM_KIND_HANDLE, folded);
    }
    return onym_homed_has(&r->homed, r->view,
                          onym_ident_prefix_record(folded, r->prefix, sizeof r->prefix));
}

bool
onym_responsible(struct onym_resolver *r, onym_span name)
{
    return name.len > 0 && is_ours(r, fold(r, name));
}

bool
onym_registered(struct onym_resolver *r, onym_span name)
{
    return name.len > 0 && onym_view_has(r->view, ONYM_KIND_HANDLE, fold(r, name));
}

enum onym_status
onym_resolve(struct onym_resolver *r, const struct onym_query *query, struct onym_arena *arena,
             struct onym_resolution *out)
{
    onym_span folded;
    enum onym_status status;

    out->referral = onym_span_of(NULL, 0);
    out->closed.count = 0;
    out->closed.runs = 0;
    out->closed.len = 0;
    if (query->name.len == 0 || query->name.len > ONYM_NAME_LEN_MAX) {
        return ONYM_NOT_FOUND;
    }
    folded = fold(r, query->name);
    if (onym_span_equal(folded, onym_span_text("0.SITE/STATUS"))) {
        return ONYM_VALUE_NOT_FOUND; /* a reserved record; strangers see nothing of it */
    }
    if (!is_ours(r, folded)) {
        return query->no_referral ? ONYM_NOT_RESPONSIBLE : onym_refer(r, folded, arena, out);
    }
    status = onym_view_record(r->view, ONYM_KIND_HANDLE, folded, &out->record);
    if (status != ONYM_OK) {
        return status;
    }
    status = onym_select(query, out->record.public_values, arena, &out->selection);
    if (status == ONYM_OK && !query->public_only && out->record.private_values.count > 0) {
        status = onym_select(query, out->record.private_values, arena, &out->closed);
    }
    if (status == ONYM_OK && out->selection.count + out->closed.count == 0) {
        return ONYM_VALUE_NOT_FOUND;
    }
    return status;
}
