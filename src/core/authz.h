/* Who may: the HS_ADMIN values of a record against a proven identity, directly or through groups
 * (HS_VLIST). Pure over a look-up given by the caller.
 * Source: proto/handle.md sections 10.1, 10.3, 11.4 and 15. */
#ifndef ONYM_CORE_AUTHZ_H
#define ONYM_CORE_AUTHZ_H

#include "core/op.h"
#include "core/scope.h"
#include "onym/model/hs_admin.h"

/* What one question may cost: groups it follows, members compared in them, values looked through
 * for groups in the records of members, and bytes of those records; the record that goes beyond the
 * last is still looked through. */
#define ONYM_AUTHZ_GROUPS_MAX  64U
#define ONYM_AUTHZ_MEMBERS_MAX 1024U
#define ONYM_AUTHZ_VALUES_MAX  65536U
#define ONYM_AUTHZ_BYTES_MAX   ((size_t)8 << 20)

struct onym_identity {
    onym_span handle; /* empty = nobody is proven */
    uint32_t index;
    bool is_server_admin;    /* configured; has every right. Nobody cannot be one */
    struct onym_scope scope; /* of the access token it was proven with; without one all zeros */
};

/* Where records come from. `record` finds the one of kind handle whose name folds to `folded`:
 * ONYM_OK, ONYM_NOT_FOUND, or what the store reports. Its spans must live until the question it is
 * asked for is answered; no groups are found when `record` is NULL. */
struct onym_record_source {
    enum onym_status (*record)(void *of, onym_span folded, struct onym_record *out);
    void *of;
};

/* Whether one HS_ADMIN value of record, public or private, holds all of `needed` (bits of enum
 * onym_admin_permission) and names the identity or a group that does. A reference with index 0
 * means every index of its handle. Handles compare with ONYM_FOLD_PREFIX. The value is found
 * breadth first and every group is visited once, so circles end.
 * ONYM_OK; ONYM_NO_PERMISSION with *why (may be NULL; static text or NULL), also when a bound above
 * is reached first, or the identity's token is not for reading here (needed has bits of reading and
 * listing alone); what the source reports, or ONYM_CORRUPT, when a group could not be read and no
 * other way was found. */
ONYM_MUST_USE enum onym_status onym_authz_may(const struct onym_identity *identity,
                                              const struct onym_record *record, uint16_t needed,
                                              const struct onym_record_source *source,
                                              const char **why);

/* Whether the identity may have these values of record (their byte forms one after the other, as
 * a selection's run has them). ONYM_OK; ONYM_AUTH_NEEDED one is private and nobody is proven;
 * ONYM_NO_PERMISSION without the read-value bit; ONYM_VALUE_FORBIDS one has no admin-read either,
 * which binds server administrators too; ONYM_CORRUPT; as above. */
ONYM_MUST_USE enum onym_status onym_authz_read(const struct onym_identity *identity,
                                               const struct onym_record *record, onym_span values,
                                               const struct onym_record_source *source,
                                               const char **why);

/* Whether the identity may do op, which passed onym_op_before_rights against old, and its token is
 * for it. A token may be issued for oneself, without the scopes operate and admin, and revoked by
 * whom it stands for; server administrators may everything. With a token nobody issues or revokes
 * tokens unless its scope is admin. ONYM_OK;
 * ONYM_AUTH_NEEDED rights are needed and nobody is proven; ONYM_NO_PERMISSION with *why, which
 * names the record whose HS_ADMIN values give no right; as above, and what
 * onym_op_target and onym_op_rights_needed report. The arena is scratch and all given back. */
ONYM_MUST_USE enum onym_status onym_authz_operation(const struct onym_identity *identity,
                                                    const struct onym_operation *op,
                                                    const struct onym_record *old,
                                                    const struct onym_record_source *source,
                                                    struct onym_arena *arena, const char **why);

#endif
