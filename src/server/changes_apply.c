/* One decision stored: the record, and the entry of the log that tells of it. */
#include "server/changes_priv.h"

void
onym_changes_keep_name(struct onym_changes_item *item, onym_span name)
{
    if (name.len <= item->target.name.len && name.len > 0) {
        memcpy(item->name, name.at, name.len);
        item->result.name = onym_span_of(item->name, name.len);
    }
}

enum onym_status
onym_changes_log_denied(struct onym_change *change, struct onym_changes_item *item)
{
    struct onym_entry entry = {.what = ONYM_ENTRY_EVENT,
                               .time_ms = item->op.now_ms,
                               .principal = item->op.principal,
                               .address = item->op.address,
                               .name = item->target.name,
                               .event = ONYM_EVENT_DENIED,
                               .action = (uint8_t)item->op.action,
                               .count = 1,
                               .status = onym_span_text(onym_status_name(item->result.status))};

    memcpy(entry.id, item->op.id, sizeof entry.id);
    return onym_change_log(change, &entry, &item->result.sequence);
}

/* What the store then has, also told by the entry and the result. */
static enum onym_status
put(struct onym_change *change, struct onym_changes_item *item, onym_span key, bool was_there,
    const struct onym_record *decided, struct onym_entry *entry)
{
    const struct onym_draft *draft = &item->draft;
    bool is_draft = !was_there && draft->stored.len > 0;
    enum onym_status status = is_draft ? onym_change_put_draft(change, key, draft)
                                       : onym_change_put(change, key, decided);

    if (status != ONYM_OK) {
        return status;
    }
    entry->has_after = true;
    if (is_draft) {
        memcpy(entry->after, draft->digest, sizeof entry->after);
    } else {
        onym_change_digest_put(change, entry->after);
    }
    entry->revision = item->result.revision = is_draft ? draft->revision : decided->revision;
    item->result.created_ms = is_draft ? draft->created_ms : decided->created_ms;
    return ONYM_OK;
}

enum onym_status
onym_changes_apply(struct onym_change *change, struct onym_changes_item *item, onym_span key,
                   bool was_there, const struct onym_op_outcome *outcome)
{
    const struct onym_operation *op = &item->op;
    struct onym_entry entry = {.what = (uint8_t)op->action,
                               .time_ms = op->now_ms,
                               .principal = op->principal,
                               .address = op->address,
                               .overwrite = op->overwrite,
                               .digest = (uint8_t)onym_change_digest_kind(change),
                               .indexes = op->indexes,
                               .values = op->values};
    enum onym_status status;

    onym_changes_keep_name(item, outcome->record.name);
    entry.name = item->result.name;
    memcpy(entry.id, op->id, sizeof entry.id);
    entry.has_before = was_there && onym_change_digest(change, key, entry.before);
    if (outcome->effect == ONYM_OP_ERASE) {
        status = onym_change_remove(change, key);
    } else {
        status = put(change, item, key, was_there, &outcome->record, &entry);
    }
    if (status == ONYM_INVALID || status == ONYM_NO_MEMORY) {
        item->result = (struct onym_change_result){
            .ticket = item->result.ticket, .status = status, .name = item->target.name};
        return ONYM_OK; /* of this operation alone, and nothing was touched */
    }
    return status == ONYM_OK ? onym_change_log(change, &entry, &item->result.sequence) : status;
}
