#include "server/changes_memo.h"

#include "base/hash.h"

static uint64_t
name_hash(onym_span folded)
{
    return onym_hash64(folded, 0);
}

/* What stands in front of the first '/'; the rights to create are those of this prefix. */
static onym_span
prefix_of(onym_span folded)
{
    const uint8_t *slash = folded.len > 0 ? memchr(folded.at, '/', folded.len) : NULL;

    return onym_span_front(folded, slash != NULL ? (size_t)(slash - folded.at) : 0);
}

/* What a scope says of a name it says of every name of the same prefix. */
static bool
is_same_scope(const struct onym_scope *a, const struct onym_scope *b)
{
    return a->limited == b->limited && a->bits == b->bits &&
           onym_span_equal(onym_span_of(a->text, a->len), onym_span_of(b->text, b->len));
}

static bool
is_same(const struct onym_identity *a, const struct onym_identity *b)
{
    return a->index == b->index && a->is_server_admin == b->is_server_admin &&
           onym_span_equal(a->handle, b->handle) && is_same_scope(&a->scope, &b->scope);
}

bool
onym_changes_memo_has(const struct onym_changes_memo *memo, const struct onym_identity *who,
                      onym_span folded)
{
    return memo->is_known && onym_span_equal(memo->prefix, prefix_of(folded)) &&
           is_same(memo->who, who);
}

void
onym_changes_memo_ask(struct onym_changes_memo *memo)
{
    memo->is_known = false;
    memo->records = 0;
}

void
onym_changes_memo_saw(struct onym_changes_memo *memo, onym_span folded)
{
    if (memo->records < ONYM_CHANGES_MEMO_RECORDS) {
        memo->record[memo->records] = name_hash(folded);
    }
    memo->records++;
}

void
onym_changes_memo_keep(struct onym_changes_memo *memo, const struct onym_identity *who,
                       onym_span folded)
{
    onym_span prefix = prefix_of(folded);

    if (prefix.len > 0 && memo->records <= ONYM_CHANGES_MEMO_RECORDS) {
        memo->who = who;
        memo->prefix = prefix;
        memo->is_known = true;
    }
}

void
onym_changes_memo_changed(struct onym_changes_memo *memo, enum onym_kind kind, onym_span folded)
{
    uint64_t hash = memo->is_known ? name_hash(folded) : 0;

    if (kind != ONYM_KIND_HANDLE) {
        memo->is_known = false;
    }
    for (uint32_t i = 0; memo->is_known && i < memo->records; i++) {
        memo->is_known = memo->record[i] != hash;
    }
}
