#include "store/audit.h"

#include "store/oplog.h"
#include "store/view_priv.h"

enum onym_status
onym_audit_walk(const struct onym_view *view, onym_audit_fn *each, void *of,
                struct onym_audit_report *out, struct onym_fault *fault)
{
    struct onym_oplog_report report;
    struct onym_audit_report r = {0};
    enum onym_status status = onym_oplog_walk(view->tables, view->txn, each, of, &report, fault);

    if (status == ONYM_OK) {
        status = onym_meta_node(view->tables, view->txn, r.node);
    }
    if (status != ONYM_OK) {
        return status;
    }
    r.entries = report.entries;
    r.groups = report.groups;
    r.first = report.begin.sequence + 1;
    r.sequence = report.end.sequence;
    r.digest = report.digest;
    memcpy(r.hash, report.end.hash, sizeof r.hash);
    *out = r;
    return ONYM_OK;
}
