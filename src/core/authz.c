#include "core/authz.h"

#include "core/token.h"

#include "onym/model/hs_vlist.h"
#include "onym/model/ident.h"

/* A group that was found, and where: its members still have to be asked whether they are groups. */
struct group {
    onym_span handle;
    uint32_t index;
    struct onym_reference_list members;
};

/* One question. The groups are their own queue: those before `next` are done. */
struct search {
    const struct onym_identity *identity;
    const struct onym_record_source *source;
    struct group group[ONYM_AUTHZ_GROUPS_MAX];
    size_t groups;
    size_t members;          /* compared so far */
    size_t values;           /* looked through so far */
    size_t bytes;            /* of the records that were read */
    bool bounded;            /* something was left out */
    enum onym_status failed; /* the first look-up that did not work */
    onym_span last;          /* whose record was read last; members of one record stand together */
    struct onym_record last_record;
};

static const char too_many[] = "the groups of administrators are too many or too large to search";

static bool
names(const struct onym_identity *identity, onym_span handle, uint32_t index)
{
    return (index == 0 || index == identity->index) &&
           onym_ident_equal(handle, identity->handle, ONYM_FOLD_PREFIX);
}

static bool
is_visited(const struct search *s, onym_span handle, uint32_t index)
{
    for (size_t i = 0; i < s->groups; i++) {
        if (s->group[i].index == index &&
            onym_ident_equal(s->group[i].handle, handle, ONYM_FOLD_ALL)) {
            return true;
        }
    }
    return false;
}

/* Whether a member of the group is the identity. */
static bool
compare_members(struct search *s, struct onym_reference_list members)
{
    struct onym_reference member;

    while (onym_reference_next(&members.raw, &member)) {
        if (s->members == ONYM_AUTHZ_MEMBERS_MAX) {
            s->bounded = true;
            return false;
        }
        s->members++;
        if (names(s->identity, member.handle, member.index)) {
            return true;
        }
    }
    return false;
}

/* Takes up a value when it is a group that was not seen yet; true when the identity is in it. */
static bool
take_group(struct search *s, onym_span handle, const struct onym_value *value)
{
    struct onym_reference_list members;

    if (!onym_text_equal_nocase(value->type, onym_span_text("HS_VLIST")) ||
        is_visited(s, handle, value->index) ||
        onym_hs_vlist_decode(value->data, &members) != ONYM_OK) {
        return false;
    }
    if (s->groups == ONYM_AUTHZ_GROUPS_MAX) {
        s->bounded = true;
        return false;
    }
    s->group[s->groups++] = (struct group){
        .handle = handle, .index = value->index, .members = members};
    return compare_members(s, members);
}

/* Reads the record of a reference. Reading costs its length, for the checksum is over all of it. */
static bool
read_record(struct search *s, onym_span handle, struct onym_record *out)
{
    uint8_t room[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span folded = onym_op_fold(handle, room, sizeof room);
    enum onym_status status;

    if (s->bounded || s->source == NULL || s->source->record == NULL || folded.len == 0) {
        return false;
    }
    if (s->last.len > 0 && onym_ident_equal(handle, s->last, ONYM_FOLD_ALL)) {
        *out = s->last_record;
        return true;
    }
    if (s->bytes > ONYM_AUTHZ_BYTES_MAX) {
        s->bounded = true;
        return false;
    }
    status = s->source->record(s->source->of, folded, out);
    if (status != ONYM_OK) {
        if (status != ONYM_NOT_FOUND && s->failed == ONYM_OK) {
            s->failed = status;
        }
        return false;
    }
    s->bytes += out->public_values.raw.len + out->private_values.raw.len;
    s->last = handle;
    s->last_record = *out;
    return true;
}

/* Looks the reference up as a group, or as all groups of its record when index is 0. */
static bool
follow(struct search *s, onym_span handle, uint32_t index)
{
    struct onym_record record;
    onym_span parts[2];

    if (!read_record(s, handle, &record)) {
        return false;
    }
    parts[0] = record.public_values.raw;
    parts[1] = record.private_values.raw;
    for (size_t i = 0; i < 2; i++) {
        struct onym_value value;

        while (onym_value_next(&parts[i], &value)) {
            if (s->values == ONYM_AUTHZ_VALUES_MAX) {
                s->bounded = true;
                return false;
            }
            s->values++;
            if ((index == 0 || index == value.index) && take_group(s, handle, &value)) {
                return true;
            }
        }
    }
    return false;
}

/* The next HS_ADMIN of the list that holds all of `needed`; values that do not decode name nobody.
 */
static bool
next_admin(onym_span *cursor, uint16_t needed, struct onym_hs_admin *out)
{
    struct onym_value value;

    while (onym_value_next(cursor, &value)) {
        if (onym_text_equal_nocase(value.type, onym_span_text("HS_ADMIN")) &&
            onym_hs_admin_decode(value.data, out) == ONYM_OK &&
            (out->permissions & needed) == needed) {
            return true;
        }
    }
    return false;
}

/* First everybody named directly, then groups, level by level. */
static bool
find(struct search *s, const struct onym_record *record, uint16_t needed)
{
    onym_span parts[2] = {record->public_values.raw, record->private_values.raw};
    struct onym_hs_admin admin;

    for (size_t i = 0; i < 2; i++) {
        onym_span cursor = parts[i];

        while (next_admin(&cursor, needed, &admin)) {
            if (names(s->identity, admin.handle, admin.index)) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < 2; i++) {
        while (next_admin(&parts[i], needed, &admin)) {
            if (follow(s, admin.handle, admin.index)) {
                return true;
            }
        }
    }
    for (size_t next = 0; next < s->groups; next++) {
        onym_span cursor = s->group[next].members.raw;
        struct onym_reference member;

        while (onym_reference_next(&cursor, &member)) {
            if (follow(s, member.handle, member.index)) {
                return true;
            }
        }
    }
    return false;
}

#define READING (ONYM_ADMIN_READ_VALUE | ONYM_ADMIN_LIST_HANDLES)

static const char out_of_scope[] = "outside the scopes of the token";

/* Where the right that was wanting would have to stand. */
static const char *
wanting(const struct onym_op_rights *rights)
{
    bool in_record = false;
    bool elsewhere = false;

    if (rights->count == 0) {
        return "only administrators of the server may";
    }
    for (size_t i = 0; i < rights->count; i++) {
        in_record |= rights->right[i].where == ONYM_OP_IN_RECORD;
        elsewhere |= rights->right[i].where != ONYM_OP_IN_RECORD;
    }
    if (in_record && elsewhere) {
        return "no HS_ADMIN value of the record or of its prefix's gives this identity the right";
    }
    return in_record ? "no HS_ADMIN value of the record gives this identity the right"
                     : "no HS_ADMIN value of the prefix's record gives this identity the right";
}

static void
say(const char **why, const char *text)
{
    if (why != NULL) {
        *why = text;
    }
}

enum onym_status
onym_authz_may(const struct onym_identity *identity, const struct onym_record *record,
               uint16_t needed, const struct onym_record_source *source, const char **why)
{
    struct search s = {.identity = identity, .source = source, .failed = ONYM_OK};

    say(why, NULL);
    if (identity->handle.len == 0) {
        return ONYM_NO_PERMISSION;
    }
    if (identity->scope.limited && (needed & ~READING) == 0 &&
        !onym_scope_may_read(&identity->scope, record->name)) {
        say(why, out_of_scope);
        return ONYM_NO_PERMISSION;
    }
    if (identity->is_server_admin || find(&s, record, needed)) {
        return ONYM_OK;
    }
    if (s.failed != ONYM_OK) {
        return s.failed;
    }
    say(why, s.bounded ? too_many : NULL);
    return ONYM_NO_PERMISSION;
}

enum onym_status
onym_authz_read(const struct onym_identity *identity, const struct onym_record *record,
                onym_span values, const struct onym_record_source *source, const char **why)
{
    struct onym_value value;
    bool any_private = false;
    bool any_forbidden = false;

    say(why, NULL);
    while (onym_value_next(&values, &value)) {
        if ((value.permissions & ONYM_PERM_PUBLIC_READ) == 0) {
            any_private = true;
            any_forbidden |= (value.permissions & ONYM_PERM_ADMIN_READ) == 0;
        }
    }
    if (values.len > 0) {
        return ONYM_CORRUPT;
    }
    if (any_private) {
        enum onym_status status = ONYM_AUTH_NEEDED;

        if (identity->handle.len > 0) {
            status = onym_authz_may(identity, record, ONYM_ADMIN_READ_VALUE, source, why);
        }
        if (status != ONYM_OK) {
            return status;
        }
    }
    return any_forbidden ? ONYM_VALUE_FORBIDS : ONYM_OK;
}

/* One of the rights, in the record it must stand in. */
static enum onym_status
may_by(const struct onym_identity *identity, const struct onym_op_right *right, onym_span folded,
       const struct onym_record *old, const struct onym_record_source *source, const char **why)
{
    uint8_t room[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_record record;
    onym_span name;
    enum onym_status status;

    if (right->where == ONYM_OP_IN_RECORD) {
        return old != NULL ? onym_authz_may(identity, old, right->bits, source, why)
                           : ONYM_NO_PERMISSION;
    }
    name = onym_op_where_name(folded, right->where, room, sizeof room);
    if (name.len == 0 || source == NULL || source->record == NULL) {
        return ONYM_NO_PERMISSION;
    }
    status = source->record(source->of, name, &record);
    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? ONYM_NO_PERMISSION : status;
    }
    return onym_authz_may(identity, &record, right->bits, source, why);
}

/* Whose token it is: that of op, or the one that is there. */
static enum onym_status
may_token(const struct onym_identity *identity, const struct onym_operation *op,
          const struct onym_record *old, const char **why)
{
    bool issues = op->action == ONYM_ACTION_ISSUE;
    struct onym_token token;
    struct onym_value_list values = issues        ? op->values
                                    : old != NULL ? old->private_values
                                                  : (struct onym_value_list){.count = 0};
    enum onym_status status = onym_token_read(values, &token);

    if (status != ONYM_OK) {
        return identity->is_server_admin && !issues ? ONYM_OK : status;
    }
    if (!onym_scope_has(&identity->scope, ONYM_SCOPE_ADMIN)) {
        say(why, out_of_scope);
        return ONYM_NO_PERMISSION;
    }
    if (identity->is_server_admin) {
        return ONYM_OK;
    }
    if (!names(identity, token.who.handle, token.who.index)) {
        say(why, "a token is its owner's affair, or a server administrator's");
        return ONYM_NO_PERMISSION;
    }
    if (issues && (token.scope.bits & (ONYM_SCOPE_OPERATE | ONYM_SCOPE_ADMIN)) != 0) {
        say(why, "only a server administrator gets the scopes operate and admin");
        return ONYM_NO_PERMISSION;
    }
    return ONYM_OK;
}

enum onym_status
onym_authz_operation(const struct onym_identity *identity, const struct onym_operation *op,
                     const struct onym_record *old, const struct onym_record_source *source,
                     struct onym_arena *arena, const char **why)
{
    size_t mark = arena->used;
    struct onym_op_rights rights;
    struct onym_op_target target;
    enum onym_status found = ONYM_NO_PERMISSION; /* the worst that was met */
    const char *reason = NULL;
    enum onym_status status = onym_op_rights_needed(op, old, arena, &rights);

    say(why, NULL);
    if (status == ONYM_OK && (rights.anybody || identity->handle.len == 0)) {
        return rights.anybody ? ONYM_OK : ONYM_AUTH_NEEDED;
    }
    if (status == ONYM_OK) {
        status = onym_op_target(op, arena, &target);
    }
    if (status != ONYM_OK) {
        return status;
    }
    if (target.kind == ONYM_KIND_TOKEN) {
        arena->used = mark;
        return may_token(identity, op, old, why);
    }
    if (!onym_scope_may_change(&identity->scope, target.folded)) {
        arena->used = mark;
        say(why, out_of_scope);
        return ONYM_NO_PERMISSION;
    }
    if (identity->is_server_admin) {
        arena->used = mark;
        return ONYM_OK;
    }
    for (size_t i = 0; i < rights.count; i++) {
        const char *text = NULL;

        status = may_by(identity, &rights.right[i], target.folded, old, source, &text);
        if (status == ONYM_OK) {
            found = ONYM_OK;
            say(why, NULL);
            break;
        }
        found = status != ONYM_NO_PERMISSION ? status : found;
        reason = text != NULL ? text : reason;
    }
    if (found == ONYM_NO_PERMISSION) {
        say(why, reason != NULL ? reason : wanting(&rights));
    }
    arena->used = mark;
    return found;
}
