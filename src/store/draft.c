#include "store/draft.h"

#include "store/env_priv.h"
#include "store/marks.h"
#include "store/oplog.h"
#include "store/record_v1.h"

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
    out->hash = onym_marks_hash(env->marks, key);
    body = onym_record_digested(out->stored);
    (void)onym_digest(digester, onym_oplog_hash(kind), &body, 1, out->digest);
    return ONYM_OK;
}
