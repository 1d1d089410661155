/* Operations counted by what they were to do and how they ended. */
#include "server/changes_priv.h"

static enum onym_register
op_of(enum onym_action action)
{
    switch (action) {
    case ONYM_ACTION_DELETE:
        return ONYM_REGISTER_DELETE;
    case ONYM_ACTION_ADD:
        return ONYM_REGISTER_ADD;
    case ONYM_ACTION_REMOVE:
        return ONYM_REGISTER_REMOVE;
    case ONYM_ACTION_MODIFY:
        return ONYM_REGISTER_MODIFY;
    case ONYM_ACTION_HOME:
        return ONYM_REGISTER_HOME;
    case ONYM_ACTION_UNHOME:
        return ONYM_REGISTER_UNHOME;
    case ONYM_ACTION_ISSUE:
        return ONYM_REGISTER_ISSUE;
    case ONYM_ACTION_REVOKE:
        return ONYM_REGISTER_REVOKE;
    case ONYM_ACTION_CREATE:
        break;
    }
    return ONYM_REGISTER_CREATE;
}

/* Statuses that are not here say that what was asked for cannot be. */
static enum onym_registered
end_of(const struct onym_change_result *result)
{
    static const struct {
        enum onym_status status;
        enum onym_registered end;
    } ends[] = {{ONYM_UNCERTAIN, ONYM_REGISTERED_UNKNOWN},
                {ONYM_BUSY, ONYM_REGISTERED_BUSY},
                {ONYM_NO_PERMISSION, ONYM_REGISTERED_DENIED},
                {ONYM_AUTH_NEEDED, ONYM_REGISTERED_DENIED},
                {ONYM_READ_ONLY, ONYM_REGISTERED_FAILED},
                {ONYM_NO_MEMORY, ONYM_REGISTERED_FAILED},
                {ONYM_NO_SPACE, ONYM_REGISTERED_FAILED},
                {ONYM_FULL, ONYM_REGISTERED_FAILED},
                {ONYM_IO, ONYM_REGISTERED_FAILED},
                {ONYM_CORRUPT, ONYM_REGISTERED_FAILED},
                {ONYM_UNSUPPORTED, ONYM_REGISTERED_FAILED},
                {ONYM_ERROR, ONYM_REGISTERED_FAILED}};

    if (result->status == ONYM_OK) {
        return result->unchanged || result->repeated ? ONYM_REGISTERED_UNCHANGED
                                                     : ONYM_REGISTERED_DONE;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].status == result->status) {
            return ends[i].end;
        }
    }
    return ONYM_REGISTERED_REFUSED;
}

void
onym_changes_count(struct onym_changes *changes, enum onym_action action,
                   const struct onym_change_result *result)
{
    onym_counter_add(&changes->counters.operations[op_of(action)][end_of(result)], 1);
}

void
onym_changes_tally(struct onym_changes_tally *tally, enum onym_action action,
                   const struct onym_change_result *result)
{
    enum onym_registered end = end_of(result);

    tally->operations[op_of(action)][end]++;
    if (result->status == ONYM_OK) {
        tally->done++;
    } else if (end == ONYM_REGISTERED_UNKNOWN) {
        tally->unknown++;
    } else {
        tally->failed++;
    }
}

void
onym_changes_count_all(struct onym_changes *changes, const struct onym_changes_tally *tally)
{
    for (size_t op = 0; op < ONYM_REGISTER_OPS; op++) {
        for (size_t end = 0; end < ONYM_REGISTERED_RESULTS; end++) {
            onym_counter_add(&changes->counters.operations[op][end], tally->operations[op][end]);
        }
    }
    changes->stat.done += tally->done;
    changes->stat.unknown += tally->unknown;
    changes->stat.failed += tally->failed;
}

const struct onym_change_counters *
onym_changes_counters(const struct onym_changes *changes)
{
    return &changes->counters;
}
