/* (old record or none, operation) -> (verdict, new record): the one place that changes a record.
 * Pure: no store, no clock, no chance, no heap, so the writer, a cluster's batch, import, restore
 * and tests all get the same answer from the same log.
 * Source: proto/handle.md section 15; docs/decisions/0080 to 0083.
 *
 * Who answers follows the order of section 15, in which the first failure wins:
 *
 *   session  onym_op_form             what the request says by itself
 *   session  onym_op_before_auth      what is told to strangers; whether a challenge is due
 *            ... challenge, answer ...
 *   writer   onym_op_before_rights    what stands in front of 400
 *   writer   onym_authz_operation     400 (core/authz.h)
 *   writer   onym_op_decide           the rest, and the new record; repeats all but the rights
 *
 * `old` is the record onym_op_target names, NULL when there is none. Functions with an arena and no
 * outcome use it as scratch and give all of it back; ONYM_OP_MEMORY bytes are always enough.
 * Besides the statuses each function lists: ONYM_NO_SPACE when the arena is too small, ONYM_CORRUPT
 * when the old record's lists do not decode, ONYM_MALFORMED when those of the operation do not. */
#ifndef ONYM_CORE_OP_H
#define ONYM_CORE_OP_H

#include "base/arena.h"
#include "onym/model/operation.h"
#include "onym/model/record.h"

/* Arena bytes that always suffice for one operation: target, scratch and new record. */
#define ONYM_OP_MEMORY ((size_t)512 << 10)

/* Why an operation is refused, for the reply's text. */
struct onym_op_fault {
    const char *why; /* static English text, NULL when the status says it all */
    uint32_t index;  /* of the value concerned; 0 = none in particular */
};

#define ONYM_OP_SAID_MAX 256U

/* why with the value concerned behind it, "WHY (index 7)", in room; why itself when there is none,
 * "" for NULL. An index that is negative as i4 is said as it may have been sent, as both. */
const char *onym_op_said(const char *why, uint32_t index, char room[ONYM_OP_SAID_MAX]);

/* The record an operation is about. */
struct onym_op_target {
    enum onym_kind kind;
    onym_span name;   /* its full name in the spelling of the request: minted suffix behind the
                         stem, "0.NA/" in front of a name without '/'. In the arena */
    onym_span folded; /* the same as the store's key wants it, upper-cased. In the arena */
};

/* Works out the target into arena (where it stays). ONYM_OK; ONYM_NOT_FOUND empty name;
 * ONYM_NAME_INVALID over ONYM_NAME_LEN_MAX; ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_op_target(const struct onym_operation *op,
                                              struct onym_arena *arena, struct onym_op_target *out);

/* What can be said without any record. ONYM_OK, or with *fault set:
 *   ONYM_NOT_FOUND      empty name
 *   ONYM_NAME_INVALID   CREATE: onym_ident_check refuses the name, minted suffix included; HOME: no
 *                       prefix that names could stand under; others: over ONYM_NAME_LEN_MAX
 *   ONYM_VALUE_INVALID  CREATE, ADD: an index that is 0 or negative as i4; a type that is empty, no
 *                       UTF-8 or over ONYM_TYPE_LEN_MAX; a ttl type other than 0 and 1; HS_ADMIN or
 *                       HS_VLIST that does not decode; HS_SECKEY readable by all; over
 *                       ONYM_VALUES_MAX or ONYM_VALUES_LEN_MAX. ADD: no values.
 *                       REMOVE: over ONYM_VALUES_MAX indexes
 *   ONYM_VALUE_EXISTS   CREATE, ADD: an index twice in the request
 *   ONYM_NOT_FOUND, ONYM_VALUE_INVALID  ISSUE, REVOKE: the id or the value has not a token's form
 * What a MODIFY says is judged last of all (section 15), by onym_op_decide. */
ONYM_MUST_USE enum onym_status onym_op_form(const struct onym_operation *op,
                                            struct onym_op_fault *fault);

/* What is told before anybody is authenticated, for an operation that passed onym_op_form:
 *   ONYM_AUTH_NEEDED    go on with a challenge, unless an identity is already proven
 *   ONYM_OK             nobody needs to be known: MODIFY of publicly writable values, none of them
 *                       HS_ADMIN before or after
 *   ONYM_EXISTS         CREATE: the record exists and may not be overwritten
 *   ONYM_NOT_FOUND      CREATE: no record, and op->expect is ONYM_EXPECT_PRESENT
 *   ONYM_NOT_FOUND, ONYM_VALUE_NOT_FOUND, ONYM_VALUE_FORBIDS
 *                       MODIFY: no record; an index is missing; no admin-write on a value */
ONYM_MUST_USE enum onym_status onym_op_before_auth(const struct onym_operation *op,
                                                   const struct onym_record *old,
                                                   struct onym_arena *arena,
                                                   struct onym_op_fault *fault);

/* What section 15 puts in front of the rights (400). ONYM_OK, what onym_op_before_auth refuses, or
 *   ONYM_NOT_FOUND        DELETE, ADD, REMOVE, REVOKE: no record
 *   ONYM_EXISTS           ISSUE: a token has that id
 *   ONYM_VALUE_EXISTS     ADD: an index is in use and may not be overwritten
 *   ONYM_VALUE_FORBIDS    ADD: a value to be overwritten by another has no admin-write
 *   ONYM_VALUE_NOT_FOUND  REMOVE: an index is missing, or none is given */
ONYM_MUST_USE enum onym_status onym_op_before_rights(const struct onym_operation *op,
                                                     const struct onym_record *old,
                                                     struct onym_arena *arena,
                                                     struct onym_op_fault *fault);

/* In whose HS_ADMIN values a permission must stand. */
enum onym_op_where {
    ONYM_OP_IN_RECORD, /* the record the operation is about */
    ONYM_OP_IN_PREFIX, /* the prefix record of its name: "0.NA/P" of "P/s" */
    ONYM_OP_IN_PARENT  /* "0.NA/P" of the derived prefix "0.NA/P.x" */
};

struct onym_op_right {
    enum onym_op_where where;
    uint16_t bits; /* enum onym_admin_permission; one HS_ADMIN value must hold all of them */
};

#define ONYM_OP_RIGHTS_MAX 4U

/* Any one of the rights is enough. Server administrators need none of them. */
struct onym_op_rights {
    bool anybody; /* no identity needed, count is 0 */
    size_t count; /* 0 without anybody: only server administrators */
    struct onym_op_right right[ONYM_OP_RIGHTS_MAX];
};

/* Which rights an operation needs that passed onym_op_before_rights. ONYM_OK.
 *   CREATE, new          add-handle in the prefix; a derived prefix: add-prefix in the parent
 *   CREATE, overwriting  in the old record: the bits of what changes, or add-admin, or
 *                        delete-handle; when nothing changes also what creating it takes, or, with
 *                        private values in it, read-value in the old record
 *   DELETE               delete-handle in the record or in the prefix; a derived prefix: in the
 *                        record, or delete-prefix in the parent
 *   ADD, REMOVE, MODIFY  in the record: per value the bit for HS_ADMIN or for the others; from one
 *                        to the other both sides
 *   HOME, UNHOME         none helps
 *   ISSUE, REVOKE        none helps; core/authz.h knows whose a token is */
ONYM_MUST_USE enum onym_status onym_op_rights_needed(const struct onym_operation *op,
                                                     const struct onym_record *old,
                                                     struct onym_arena *arena,
                                                     struct onym_op_rights *out);

/* Writes the folded name of the record a right must stand in to out (cap >=
 * ONYM_PREFIX_NAME_LEN_MAX always suffices); empty when there is no such record. */
onym_span onym_op_where_name(onym_span target_folded, enum onym_op_where where, uint8_t *out,
                             size_t cap);

/* Upper-cases name into out as the store's key wants it, "0.NA/" in front when it has no '/'
 * (section 15). Empty when name is empty or cap (ONYM_PREFIX_NAME_LEN_MAX always suffices for a
 * name within ONYM_NAME_LEN_MAX) is too small. */
onym_span onym_op_fold(onym_span name, uint8_t *out, size_t cap);

enum onym_op_effect {
    ONYM_OP_UNCHANGED, /* everything asked for is so already: success, nothing to store */
    ONYM_OP_STORE,     /* put outcome.record, new or in the place of old */
    ONYM_OP_ERASE      /* take the old record away */
};

struct onym_op_outcome {
    enum onym_op_effect effect;
    bool replaced; /* CREATE met a record, or ADD a value, and stands in its place now, changed or
                      not: OVERWRITE in the reply, 200 instead of 201 */
    bool as_sent;  /* STORE, where there was nothing: the record's values are op->values byte for
                      byte, public_values first, and borrow from them */
    enum onym_kind kind;
    struct onym_record record;  /* STORE: the new one; UNCHANGED, ERASE: *old. Spans lie in the
                                   arena or are those of old, of the target or of op->values */
    struct onym_op_fault fault; /* when refused */
};

/* Decides. Everything is checked again but the rights, then:
 *   ONYM_OK             out->effect says what to do
 *   ONYM_NOT_FOUND      UNHOME: not homed
 *   ONYM_EXISTS, ONYM_STALE   op->expect does not hold
 *   ONYM_VALUE_INVALID  the new record would be over ONYM_VALUES_MAX or ONYM_VALUES_LEN_MAX;
 *                       MODIFY: no values, an index twice, or what onym_op_form refuses elsewhere
 * On failure only out->fault is set and the arena gets its bytes back.
 *
 * The new record: revision 1 or one more; name, owner, state and created_ms of old; modified_ms =
 * op->now_ms, never before created_ms. A value whose content (all but the timestamp) is new gets
 * the timestamp now_ms / 1000; one sent again as it was keeps its own, and when nothing at all is
 * new the effect is UNCHANGED. Order: CREATE as sent, ADD sorts by index, REMOVE and MODIFY keep
 * places; then public values stand in front of private ones, each part keeping that order. */
ONYM_MUST_USE enum onym_status onym_op_decide(const struct onym_operation *op,
                                              const struct onym_record *old,
                                              struct onym_arena *arena,
                                              struct onym_op_outcome *out);

/* The same for an operation that passed onym_op_form, which is not looked at again. target: what
 * onym_op_target says of it; the name of a new record is a span of it. */
ONYM_MUST_USE enum onym_status onym_op_decide_formed(const struct onym_operation *op,
                                                     const struct onym_op_target *target,
                                                     const struct onym_record *old,
                                                     struct onym_arena *arena,
                                                     struct onym_op_outcome *out);

#endif
