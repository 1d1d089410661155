#include "tools/batch_slot.h"

#include <stdio.h>

#define NS_PER_MS    1000000U
#define PAUSE_MIN_MS 50U
#define PAUSE_TRIES  5U /* the pause doubles so often: 1.6 s */

static void
ask(struct onym_batch_slot *slot)
{
    const struct onym_batch_row *row = slot->entry->row;
    struct onym_client_change change = {.action = row->action,
                                        .name = row->name,
                                        .values = row->values,
                                        .value_count = row->value_count,
                                        .indexes = row->indexes,
                                        .index_count = row->index_count,
                                        .overwrite = row->overwrite};
    struct onym_client_query query = {.name = row->name,
                                      .authoritative = true,
                                      .private_too = true,
                                      .no_recursion = true,
                                      .no_referral = true};

    if (slot->looking) {
        onym_client_start(slot->c.client, &query);
    } else {
        onym_client_start_change(slot->c.client, &change);
    }
    slot->asking = true;
}

void
onym_batch_slot_start(struct onym_batch_slot *slot, struct onym_batch_entry *entry, bool dry_run)
{
    slot->entry = entry;
    slot->dry_run = dry_run;
    slot->looking = dry_run;
    slot->tries = 0;
    entry->flying = true;
    ask(slot);
}

int
onym_batch_slot_wait_ms(const struct onym_batch_slot *slot, uint64_t now_ns)
{
    if (slot->entry == NULL) {
        return -1;
    }
    if (slot->asking) {
        return onym_client_wait_ms(slot->c.client);
    }
    return slot->again_ns <= now_ns ? 0 : (int)((slot->again_ns - now_ns) / NS_PER_MS) + 1;
}

/* ---- what is there against what is asked ---- */

static bool
same_value(const struct onym_value *a, const struct onym_value *b)
{
    return a->index == b->index && onym_span_equal(a->type, b->type) &&
           onym_span_equal(a->data, b->data) && a->ttl_type == b->ttl_type && a->ttl == b->ttl &&
           a->permissions == b->permissions && a->references.count == b->references.count &&
           onym_span_equal(a->references.raw, b->references.raw);
}

static bool
has_value(struct onym_value_list list, const struct onym_value *wanted)
{
    struct onym_value value;

    while (onym_value_next(&list.raw, &value)) {
        if (same_value(&value, wanted)) {
            return true;
        }
    }
    return false;
}

static bool
has_index(struct onym_value_list list, uint32_t index)
{
    struct onym_value value;

    while (onym_value_next(&list.raw, &value)) {
        if (value.index == index) {
            return true;
        }
    }
    return false;
}

/* Whether the record is as the row wants it. */
static bool
is_so_already(const struct onym_batch_row *row, struct onym_value_list there)
{
    for (size_t i = 0; i < row->value_count; i++) {
        if (!has_value(there, &row->values[i])) {
            return false;
        }
    }
    return row->action != ONYM_ACTION_CREATE || there.count == row->value_count;
}

/* ---- ends ---- */

static enum onym_batch_end
settle(struct onym_batch_slot *slot, const char *verdict)
{
    slot->entry->verdict = verdict;
    slot->entry->settled = true;
    slot->entry->flying = false;
    slot->entry = NULL;
    return ONYM_BATCH_SETTLED;
}

static enum onym_batch_end
fail(struct onym_batch_slot *slot, enum onym_status status, uint32_t code, onym_span reason)
{
    struct onym_batch_entry *entry = slot->entry;

    entry->failed = true;
    entry->status = status;
    entry->code = code;
    (void)snprintf(entry->reason, sizeof entry->reason, "%.*s",
                   reason.len < sizeof entry->reason ? (int)reason.len
                                                     : (int)sizeof entry->reason - 1,
                   (const char *)reason.at);
    return settle(slot, slot->dry_run ? "would fail" : "failed");
}

static enum onym_batch_end
fail_as(struct onym_batch_slot *slot, enum onym_status status)
{
    return fail(slot, status, onym_status_wire(status), onym_span_text(onym_status_text(status)));
}

static enum onym_batch_end
fail_as_told(struct onym_batch_slot *slot)
{
    const struct onym_client_result *r = &slot->result;

    return fail(slot, r->status, r->code != 0 ? r->code : onym_status_wire(r->status),
                r->text.len > 0 ? r->text : onym_span_text(r->detail));
}

static enum onym_batch_end
pause_and_repeat(struct onym_batch_slot *slot, uint64_t now_ns)
{
    unsigned doubled = slot->tries < PAUSE_TRIES ? slot->tries : PAUSE_TRIES;

    slot->tries++;
    slot->again_ns = now_ns + ((uint64_t)PAUSE_MIN_MS << doubled) * NS_PER_MS;
    return ONYM_BATCH_AGAIN;
}

/* Answers that say nothing of the row but "not now", and none at all. */
static bool
is_passing(const struct onym_client_result *r)
{
    static const enum onym_status passing[] = {
        ONYM_UNCERTAIN,         ONYM_UNREACHABLE,     ONYM_IO,        ONYM_BUSY, ONYM_READ_ONLY,
        ONYM_CHALLENGE_TIMEOUT, ONYM_SESSION_UNKNOWN, ONYM_NO_MEMORY, ONYM_FULL};

    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (r->status == passing[i]) {
            return true;
        }
    }
    /* what came cannot have been this node's answer: the connection was torn or mixed up */
    return r->outcome != ONYM_OUTCOME_DONE && r->status == ONYM_MALFORMED;
}

static bool
is_identity_refused(enum onym_status status)
{
    return status == ONYM_AUTH_NEEDED || status == ONYM_AUTH_FAILED ||
           status == ONYM_CREDENTIAL_INVALID || status == ONYM_CANNOT_AUTHENTICATE;
}

static const char *
verdict_of(const struct onym_batch_row *row, bool replaced)
{
    switch (row->action) {
    case ONYM_ACTION_CREATE:
        return replaced ? "replaced" : "created";
    case ONYM_ACTION_DELETE:
        return "deleted";
    case ONYM_ACTION_HOME:
        return "homed";
    case ONYM_ACTION_UNHOME:
        return "unhomed";
    case ONYM_ACTION_ADD:
    case ONYM_ACTION_REMOVE:
    case ONYM_ACTION_MODIFY:
    case ONYM_ACTION_ISSUE:
    case ONYM_ACTION_REVOKE:
    default:
        return "changed";
    }
}

/* An answer to the change. What is missing after an attempt nobody knows the end of was done by
 * that attempt; what exists may be this very row, sent before. */
static enum onym_batch_end
judge_change(struct onym_batch_slot *slot)
{
    const struct onym_batch_row *row = slot->entry->row;
    enum onym_status status = slot->result.status;
    bool gone = (row->action == ONYM_ACTION_DELETE && status == ONYM_NOT_FOUND) ||
                (row->action == ONYM_ACTION_UNHOME && status == ONYM_NOT_FOUND) ||
                (row->action == ONYM_ACTION_REMOVE && status == ONYM_VALUE_NOT_FOUND);

    if (status == ONYM_OK) {
        return settle(slot, verdict_of(row, slot->result.replaced));
    }
    if (gone && slot->entry->doubt) {
        return settle(slot, "unchanged");
    }
    if ((row->action == ONYM_ACTION_CREATE && status == ONYM_EXISTS) ||
        (row->action == ONYM_ACTION_ADD && status == ONYM_VALUE_EXISTS)) {
        slot->looking = true;
        slot->tries = 0;
        ask(slot);
        return ONYM_BATCH_RUNNING;
    }
    return fail_as_told(slot);
}

/* What a change would do to the record found; empty: none is there. */
static enum onym_batch_end
foresee(struct onym_batch_slot *slot, bool there)
{
    const struct onym_batch_row *row = slot->entry->row;
    struct onym_value_list values = slot->result.values;

    if (row->action == ONYM_ACTION_HOME || row->action == ONYM_ACTION_UNHOME) {
        return settle(slot, row->action == ONYM_ACTION_HOME ? "would home" : "would unhome");
    }
    if (!there) {
        return row->action == ONYM_ACTION_CREATE ? settle(slot, "would create")
                                                 : fail_as(slot, ONYM_NOT_FOUND);
    }
    if (row->action == ONYM_ACTION_DELETE) {
        return settle(slot, "would delete");
    }
    for (size_t i = 0; i < row->index_count; i++) {
        if (!has_index(values, row->indexes[i])) {
            return fail_as(slot, ONYM_VALUE_NOT_FOUND);
        }
    }
    if (row->action != ONYM_ACTION_REMOVE && is_so_already(row, values)) {
        return settle(slot, "unchanged");
    }
    if (row->action == ONYM_ACTION_CREATE) {
        return row->overwrite ? settle(slot, "would replace") : fail_as(slot, ONYM_EXISTS);
    }
    for (size_t i = 0; i < row->value_count && row->action != ONYM_ACTION_REMOVE; i++) {
        bool has = has_index(values, row->values[i].index);

        if (row->action == ONYM_ACTION_ADD && has) {
            return fail_as(slot, ONYM_VALUE_EXISTS);
        }
        if (row->action == ONYM_ACTION_MODIFY && !has) {
            return fail_as(slot, ONYM_VALUE_NOT_FOUND);
        }
    }
    return settle(slot, "would change");
}

/* An answer to a look. */
static enum onym_batch_end
judge_look(struct onym_batch_slot *slot)
{
    const struct onym_batch_row *row = slot->entry->row;
    enum onym_status status = slot->result.status;
    bool there = status == ONYM_OK || status == ONYM_VALUE_NOT_FOUND;

    if (slot->dry_run) {
        return there || status == ONYM_NOT_FOUND ? foresee(slot, there) : fail_as_told(slot);
    }
    if (there && is_so_already(row, slot->result.values)) {
        return settle(slot, "unchanged");
    }
    if (status == ONYM_NOT_FOUND) { /* gone in between: then the row can be done after all */
        slot->looking = false;
        ask(slot);
        return ONYM_BATCH_RUNNING;
    }
    return fail_as(slot, row->action == ONYM_ACTION_ADD ? ONYM_VALUE_EXISTS : ONYM_EXISTS);
}

enum onym_batch_end
onym_batch_slot_step(struct onym_batch_slot *slot, uint64_t now_ns)
{
    if (slot->entry == NULL) {
        return ONYM_BATCH_RUNNING;
    }
    if (!slot->asking) {
        if (now_ns >= slot->again_ns) {
            ask(slot);
        }
        return ONYM_BATCH_RUNNING;
    }
    if (!onym_client_step(slot->c.client, &slot->result)) {
        return ONYM_BATCH_RUNNING;
    }
    slot->asking = false;
    if (slot->result.status == ONYM_UNCERTAIN) {
        slot->entry->doubt = true;
    }
    if (is_passing(&slot->result)) {
        return pause_and_repeat(slot, now_ns);
    }
    if (is_identity_refused(slot->result.status)) {
        slot->entry->flying = false;
        slot->entry = NULL;
        return ONYM_BATCH_IDENTITY_REFUSED;
    }
    return slot->looking ? judge_look(slot) : judge_change(slot);
}
