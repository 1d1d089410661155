/* One connection of a bulk job: sends a row, repeats it while nothing certain comes back, and looks
 * at what is registered when that decides whether the row is done. */
#ifndef ONYM_TOOLS_BATCH_SLOT_H
#define ONYM_TOOLS_BATCH_SLOT_H

#include "tools/auth_client.h"
#include "tools/batch_row.h"

/* A row under way. */
struct onym_batch_entry {
    struct onym_batch_row *row;
    bool flying;
    bool settled;
    bool failed;
    bool doubt; /* it may have been done by an earlier attempt */
    const char *verdict;
    enum onym_status status;
    uint32_t code;
    char reason[256];
};

enum onym_batch_end {
    ONYM_BATCH_RUNNING,
    ONYM_BATCH_SETTLED, /* the entry says how */
    ONYM_BATCH_AGAIN,   /* nothing certain: it will be repeated after a pause */
    ONYM_BATCH_IDENTITY_REFUSED
};

struct onym_batch_slot {
    struct onym_cli_client c;
    struct onym_batch_entry *entry; /* NULL: idle */
    bool asking;                    /* the client has something under way */
    bool looking;                   /* it looks, and changes nothing */
    bool dry_run;
    unsigned tries;
    uint64_t again_ns;                /* when to repeat */
    struct onym_client_result result; /* of the last question */
};

/* Takes the row on and sends it. The entry must stay until the slot is idle again. */
void onym_batch_slot_start(struct onym_batch_slot *slot, struct onym_batch_entry *entry,
                           bool dry_run);
/* Does what can be done now. After SETTLED and IDENTITY_REFUSED the slot is idle. */
enum onym_batch_end onym_batch_slot_step(struct onym_batch_slot *slot, uint64_t now_ns);
/* Milliseconds until the next step, though the descriptor stays quiet; -1 for idle. */
int onym_batch_slot_wait_ms(const struct onym_batch_slot *slot, uint64_t now_ns);

#endif
