/* That an identity may create below a prefix that is homed here, remembered within one group: the
 * parts of an enterprise come by the hundred, and the prefix and its administrators would be looked
 * up again for each. Only a yes is remembered, with the names of all records it depends on; an
 * operation of the same group that touches one of them makes it forgotten. */
#ifndef ONYM_SERVER_CHANGES_MEMO_H
#define ONYM_SERVER_CHANGES_MEMO_H

#include "core/authz.h"

#define ONYM_CHANGES_MEMO_RECORDS 8U /* a yes that depends on more is not remembered */

/* Zero at the start of a group. */
struct onym_changes_memo {
    bool is_known;
    const struct onym_identity *who; /* borrowed: of an operation of the group */
    onym_span prefix;                /* folded front of such a name, without its '/'; borrowed
                                        from the same operation */
    uint32_t records;                /* looked up since onym_changes_memo_ask */
    uint64_t record[ONYM_CHANGES_MEMO_RECORDS]; /* hashes of their folded names */
};

/* Whether it is remembered that who may create the name that folds to `folded`. */
bool onym_changes_memo_has(const struct onym_changes_memo *memo, const struct onym_identity *who,
                           onym_span folded);

/* A question begins: forgets everything. */
void onym_changes_memo_ask(struct onym_changes_memo *memo);

/* The record was looked up for it. */
void onym_changes_memo_saw(struct onym_changes_memo *memo, onym_span folded);

/* The answer is yes: who may create `folded` and whatever else has the same prefix. Both live until
 * the end of the group. */
void onym_changes_memo_keep(struct onym_changes_memo *memo, const struct onym_identity *who,
                            onym_span folded);

/* A record is changed by the group: a prefix that is homed, or a name. */
void onym_changes_memo_changed(struct onym_changes_memo *memo, enum onym_kind kind,
                               onym_span folded);

#endif
