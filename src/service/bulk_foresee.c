/* What a change would come to, looked at and not carried out. */
#include "core/op.h"
#include "service/http_priv.h"

static enum onym_status
find_record(void *of, onym_span folded, struct onym_record *out)
{
    return onym_view_record(of, ONYM_KIND_HANDLE, folded, out);
}

/* The order of proto/handle.md section 15, as the writer has it. */
static enum onym_status
judge(struct onym_http_service *s, const struct onym_operation *op,
      const struct onym_identity *identity, struct onym_op_outcome *outcome)
{
    struct onym_resolver *resolver = &s->answerer->resolver;
    struct onym_record_source source = {.record = find_record,
                                        .of = (void *)(uintptr_t)resolver->view};
    struct onym_op_target target;
    struct onym_record old;
    bool here = false;
    enum onym_status status = onym_op_target(op, s->arena, &target);

    if (status == ONYM_OK && !onym_responsible(resolver, op->name)) {
        status = ONYM_NOT_RESPONSIBLE;
    }
    if (status == ONYM_OK) {
        status = onym_resolve_stored(resolver, target.kind, target.folded, &old);
        here = status == ONYM_OK;
        status = status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    if (status == ONYM_OK) {
        status = onym_op_before_rights(op, here ? &old : NULL, s->arena, &outcome->fault);
    }
    if (status == ONYM_OK) {
        status = onym_authz_operation(identity, op, here ? &old : NULL, &source, s->arena,
                                      &outcome->fault.why);
    }
    return status == ONYM_OK ? onym_op_decide(op, here ? &old : NULL, s->arena, outcome) : status;
}

void
onym_bulk_foresee(struct onym_http_service *s, const struct onym_operation *op,
                  const struct onym_identity *identity, struct onym_http_result *out)
{
    struct onym_op_outcome outcome = {.fault = {.why = NULL}};
    size_t mark = s->arena->used;
    enum onym_status status = judge(s, op, identity, &outcome);

    *out = (struct onym_http_result){.status = status, .name = op->name};
    if (status == ONYM_OK) {
        out->unchanged = outcome.effect == ONYM_OP_UNCHANGED;
        out->replaced = outcome.replaced;
        out->revision = outcome.effect == ONYM_OP_UNCHANGED ? outcome.record.revision : 0;
    } else if (outcome.fault.why != NULL) {
        out->why = onym_span_text(outcome.fault.why);
    }
    s->arena->used = mark;
}
