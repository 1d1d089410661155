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
    r.sequence = report.end.sequence;
    memcpy(r.hash, report.end.hash, sizeof r.hash);
    *out = r;
    return ONYM_OK;
}

const char *
onym_audit_action(uint8_t action)
{
    static const char *const name[] = {
        [ONYM_ACTION_CREATE] = "create", [ONYM_ACTION_DELETE] = "delete",
        [ONYM_ACTION_ADD] = "add",       [ONYM_ACTION_REMOVE] = "remove",
        [ONYM_ACTION_MODIFY] = "modify", [ONYM_ACTION_HOME] = "home",
        [ONYM_ACTION_UNHOME] = "unhome", [ONYM_ACTION_ISSUE] = "issue",
        [ONYM_ACTION_REVOKE] = "revoke"};

    return action < sizeof name / sizeof name[0] && name[action] != NULL ? name[action] : "";
}

const char *
onym_audit_what(const struct onym_entry *entry)
{
    if (entry->what == ONYM_ENTRY_LOAD) {
        return "load";
    }
    if (entry->what == ONYM_ENTRY_EVENT) {
        return entry->event == ONYM_EVENT_LOGIN    ? "login"
               : entry->event == ONYM_EVENT_DENIED ? "denied"
                                                   : "lost";
    }
    return onym_audit_action(entry->what);
}
