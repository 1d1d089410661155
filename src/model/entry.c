#include "model/entry.h"

const char *
onym_entry_action(uint8_t action)
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
onym_entry_what(const struct onym_entry *entry)
{
    if (entry->what == ONYM_ENTRY_LOAD) {
        return "load";
    }
    if (entry->what == ONYM_ENTRY_EVENT) {
        return entry->event == ONYM_EVENT_LOGIN    ? "login"
               : entry->event == ONYM_EVENT_DENIED ? "denied"
                                                   : "lost";
    }
    return onym_entry_action(entry->what);
}

bool
onym_entry_has_id(const struct onym_entry *e)
{
    static const uint8_t none[ONYM_OPERATION_ID_LEN];

    return memcmp(e->id, none, sizeof none) != 0;
}

const char *
onym_record_digest_name(enum onym_record_digest digest)
{
    return digest == ONYM_RECORD_SM3 ? "sm3" : "sha256";
}
