#include "store/draft.h"

#include "store/env_priv.h"
#include "store/lmdb_page.h"
#include "store/marks.h"
#include "store/oplog.h"
#include "store/record_v1.h"

#define NODE_MAX 2038U /* a longer node has its value in pages of its own; LMDB's me_nodemax */

_Static_assert(ONYM_DRAFT_LEAF_ROOM == 4096U - ONYM_LMDB_PAGE_FRONT, "a leaf without its front");

/* The node, to an even length, and its place. */
static uint16_t
leaf_len(size_t key_len, size_t value_len)
{
    size_t len = ONYM_LMDB_NODE_FRONT + key_len + value_len;

    len = len <= NODE_MAX ? len : ONYM_LMDB_NODE_FRONT + key_len + sizeof(uint64_t);
    return (uint16_t)(len + len % 2 + sizeof(uint16_t));
}

size_t
onym_draft_room(size_t name_len, size_t values_len)
{
    return ONYM_RECORD_HEADER_LEN + name_len + values_len;
}

enum onym_status
onym_draft_make(const struct onym_env *env, enum onym_record_digest kind, onym_span folded,
                const struct onym_record *record, struct onym_digester *digester, uint8_t *room,
                size_t cap, struct onym_draft *out)
{
    uint8_t key_bytes[ONYM_KEY_LEN_MAX];
    onym_span key = onym_record_key(ONYM_KIND_HANDLE, folded, digester, key_bytes);
    onym_span body;
    size_t len;
    enum onym_status status = onym_record_v1_encode(key, record, room, cap, &len);

    if (status != ONYM_OK) {
        return status;
    }
    out->stored = onym_span_of(room, len);
    out->revision = record->revision;
    out->created_ms = record->created_ms;
    out->leaf_len = leaf_len(key.len, len);
    out->hash = onym_marks_hash(env->marks, key);
    body = onym_record_digested(out->stored);
    (void)onym_digest(digester, onym_oplog_hash(kind), &body, 1, out->digest);
    return ONYM_OK;
}
