/* One entry of the ordered log as fields: a load, an operation that changed a record, or an event.
 * Its bytes are store/entry.h's. */
#ifndef ONYM_MODEL_ENTRY_H
#define ONYM_MODEL_ENTRY_H

#include "onym/model/operation.h"

#define ONYM_ENTRY_INPUT_LEN   16U /* XXH3-128 of the input of a load */
#define ONYM_ENTRY_DIGEST_LEN  32U
#define ONYM_ENTRY_ADDRESS_MAX 64U

/* Stored, so the numbers never change. The actions of enum onym_action stand between. */
enum onym_entry_what { ONYM_ENTRY_LOAD = 1, ONYM_ENTRY_EVENT = 128 };

enum onym_event {
    ONYM_EVENT_LOGIN = 1,  /* status: how it ended */
    ONYM_EVENT_DENIED = 2, /* an operation or request that was refused for want of rights */
    ONYM_EVENT_LOST = 3    /* count of events that found no room before this entry */
};

/* The hash of a store's log: digests of records in its entries, and the chain over its groups. */
enum onym_record_digest { ONYM_RECORD_SHA256 = 1, ONYM_RECORD_SM3 = 2 };

struct onym_load_operation {
    uint64_t rows;
    uint64_t replaced;
    uint8_t input[ONYM_ENTRY_INPUT_LEN];
};

struct onym_entry {
    uint8_t what; /* enum onym_entry_what or enum onym_action */
    uint64_t time_ms;
    struct onym_load_operation load; /* a load; nothing of what follows */

    uint8_t id[ONYM_OPERATION_ID_LEN];
    struct onym_principal principal; /* empty handle = nobody */
    onym_span address;
    onym_span name; /* the record's, whole */

    /* an operation */
    bool overwrite, has_before, has_after;
    uint8_t digest; /* enum onym_record_digest */
    uint8_t before[ONYM_ENTRY_DIGEST_LEN], after[ONYM_ENTRY_DIGEST_LEN];
    uint64_t revision; /* after it; 0 when the record is gone */
    struct onym_u32_list indexes;
    struct onym_value_list values;

    /* an event */
    uint8_t event;    /* enum onym_event */
    uint8_t action;   /* of what was denied; 0 = none */
    uint64_t count;   /* how many times; 1 but for ONYM_EVENT_LOST */
    onym_span status; /* its name, for example "NO_PERMISSION" */
};

static inline bool
onym_entry_is_operation(const struct onym_entry *entry)
{
    return entry->what >= ONYM_ACTION_CREATE && entry->what <= ONYM_ACTION_REVOKE;
}

/* Whether an operation's id was noted with it. */
bool onym_entry_has_id(const struct onym_entry *entry);

/* "create", "delete", ... "load", "login", "denied", "lost": what an entry is about. Static. */
const char *onym_entry_what(const struct onym_entry *entry);
/* The same for an action alone; "" for 0. */
const char *onym_entry_action(uint8_t action);
/* "sha256" or "sm3". Static. */
const char *onym_record_digest_name(enum onym_record_digest digest);

#endif
