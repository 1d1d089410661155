/* How many access tokens an identity has, inside the transaction: whatever else is in flight is
 * decided before or behind it. */
#include "server/changes_priv.h"

#include "core/token.h"

/* A token that has expired goes, and the log says so. */
static enum onym_status
let_go(struct onym_change *change, const struct onym_operation *op, onym_span key, onym_span name)
{
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t name_bytes[ONYM_TOKEN_ID_LEN];
    struct onym_entry entry = {.what = ONYM_ACTION_REVOKE,
                               .time_ms = op->now_ms,
                               .principal = op->principal,
                               .address = op->address,
                               .digest = (uint8_t)onym_change_digest_kind(change)};
    enum onym_status status;
    uint64_t sequence;

    /* both lie in a page that the removal may take away */
    memcpy(key_bytes, key.at, key.len);
    memcpy(name_bytes, name.at, name.len);
    memcpy(entry.id, op->id, sizeof entry.id);
    entry.name = onym_span_of(name_bytes, name.len);
    entry.has_before = onym_change_digest(change, key, entry.before);
    status = onym_change_remove(change, onym_span_of(key_bytes, key.len));
    return status == ONYM_OK ? onym_change_log(change, &entry, &sequence) : status;
}

enum onym_status
onym_changes_tokens_room(struct onym_change *change, const struct onym_changes_item *item)
{
    uint8_t front_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t from_bytes[ONYM_CHANGE_KEY_LEN_MAX + 1];
    onym_span front = onym_change_key(change, ONYM_KIND_TOKEN,
                                      onym_span_front(item->target.folded, ONYM_TOKEN_ID_FRONT),
                                      front_bytes);
    onym_span from = front;
    onym_span key = onym_span_of(NULL, 0);
    struct onym_record record;
    struct onym_token token;
    enum onym_status status;
    unsigned in_force = 0;

    while ((status = onym_change_from(change, from, &key, &record)) == ONYM_OK ||
           status == ONYM_CORRUPT) {
        if (!onym_span_equal(onym_span_front(key, front.len), front)) {
            return ONYM_OK;
        }
        /* the next key behind this one */
        memcpy(from_bytes, key.at, key.len);
        from_bytes[key.len] = 0;
        from = onym_span_of(from_bytes, key.len + 1);
        if (status == ONYM_OK && record.name.len == ONYM_TOKEN_ID_LEN &&
            onym_token_read(record.private_values, &token) == ONYM_OK &&
            token.ends_ms <= item->op.now_ms) {
            status = let_go(change, &item->op, key, record.name);
            if (status != ONYM_OK) {
                return status;
            }
        } else if (++in_force == ONYM_TOKENS_MAX) { /* a damaged one counts */
            return ONYM_NO_PERMISSION;
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}
