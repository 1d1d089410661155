#include "core/op_priv.h"

#include "base/utf8.h"
#include "core/token.h"
#include "onym/model/hs_admin.h"
#include "onym/model/hs_vlist.h"
#include "onym/model/ident.h"

#include <stdio.h>

static bool
is_type(onym_span type, const char *name)
{
    return onym_text_equal_nocase(type, onym_span_text(name));
}

enum onym_status
onym_op_value_check(const struct onym_value *value, struct onym_op_fault *fault)
{
    struct onym_hs_admin admin;
    struct onym_reference_list members;
    const char *why = NULL;

    if (value->index == 0 || value->index > INT32_MAX) {
        why = "an index must be from 1 to 2147483647";
    } else if (value->type.len == 0) {
        why = "a type must not be empty";
    } else if (value->type.len > ONYM_TYPE_LEN_MAX) {
        why = "a type must not be longer than 255 bytes";
    } else if (!onym_utf8_valid(value->type)) {
        why = "a type must be valid UTF-8";
    } else if (value->ttl_type > ONYM_TTL_ABSOLUTE) {
        why = "a ttl type must be 0 (relative) or 1 (absolute)";
    } else if (is_type(value->type, "HS_ADMIN") &&
               onym_hs_admin_decode(value->data, &admin) != ONYM_OK) {
        why = "the data of HS_ADMIN must be permissions, a handle and an index";
    } else if (is_type(value->type, "HS_VLIST") &&
               onym_hs_vlist_decode(value->data, &members) != ONYM_OK) {
        why = "the data of HS_VLIST must be a list of handles and indexes";
    } else if (is_type(value->type, "HS_SECKEY") &&
               (value->permissions & ONYM_PERM_PUBLIC_READ) != 0) {
        why = "HS_SECKEY must not be readable by all: send it without the public-read permission";
    }
    return why == NULL ? ONYM_OK : onym_op_refuse(fault, ONYM_VALUE_INVALID, why, value->index);
}

static enum onym_status
check_values(const struct onym_operation *op, struct onym_op_fault *fault)
{
    uint32_t index[ONYM_VALUES_MAX];
    onym_span cursor = op->values.raw;
    struct onym_value value;

    if (op->values.count == 0 && op->action == ONYM_ACTION_ADD) {
        return onym_op_refuse(fault, ONYM_VALUE_INVALID, "no values to add", 0);
    }
    for (uint32_t i = 0; i < op->values.count; i++) {
        enum onym_status status;

        if (!onym_value_next(&cursor, &value)) {
            return ONYM_MALFORMED;
        }
        index[i] = value.index;
        status = onym_op_value_check(&value, fault);
        if (status != ONYM_OK) {
            return status;
        }
    }
    onym_op_sort_u32(index, op->values.count);
    for (uint32_t i = 1; i < op->values.count; i++) {
        if (index[i] == index[i - 1]) {
            return onym_op_refuse(fault, ONYM_VALUE_EXISTS, "an index occurs twice in the request",
                                  index[i]);
        }
    }
    return ONYM_OK;
}

static enum onym_status
check_created_name(const struct onym_operation *op, struct onym_op_fault *fault)
{
    uint8_t room[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span name = op->mint ? onym_op_full_name(op, room, sizeof room) : op->name;
    const char *why;

    if (name.len == 0) {
        return onym_op_refuse(fault, ONYM_NAME_INVALID, "longer than 2048 bytes", 0);
    }
    if (onym_ident_check(name, &why) != ONYM_OK) {
        return onym_op_refuse(fault, ONYM_NAME_INVALID, why, 0);
    }
    return ONYM_OK;
}

/* A prefix is fit when some name can stand under it. */
static enum onym_status
check_homed_name(const struct onym_operation *op, struct onym_op_fault *fault)
{
    uint8_t room[ONYM_PREFIX_NAME_LEN_MAX];
    uint8_t below[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_ident ident = onym_ident_split(onym_op_full_name(op, room, sizeof room));
    const char *why;

    if (!onym_text_equal_nocase(ident.prefix, onym_span_text("0.NA")) || ident.suffix.len == 0 ||
        memchr(ident.suffix.at, '/', ident.suffix.len) != NULL) {
        return onym_op_refuse(fault, ONYM_NAME_INVALID,
                              "not a prefix: write 0.NA/<prefix> or the prefix alone", 0);
    }
    memcpy(below, ident.suffix.at, ident.suffix.len);
    memcpy(below + ident.suffix.len, "/x", 2);
    if (onym_ident_check(onym_span_of(below, ident.suffix.len + 2), &why) != ONYM_OK) {
        return onym_op_refuse(fault, ONYM_NAME_INVALID, why, 0);
    }
    return ONYM_OK;
}

static enum onym_status
check_name(const struct onym_operation *op, struct onym_op_fault *fault)
{
    if (op->name.len == 0) {
        return onym_op_refuse(fault, ONYM_NOT_FOUND, "the identifier is empty", 0);
    }
    if (op->name.len > ONYM_NAME_LEN_MAX) {
        return onym_op_refuse(fault, ONYM_NAME_INVALID, "longer than 2048 bytes", 0);
    }
    if (op->action == ONYM_ACTION_CREATE) {
        return check_created_name(op, fault);
    }
    if (onym_op_kind(op->action) == ONYM_KIND_TOKEN && !onym_token_is_id(op->name)) {
        return onym_op_refuse(fault, ONYM_NOT_FOUND, "a token's id is 32 hexadecimal digits", 0);
    }
    return op->action == ONYM_ACTION_HOME ? check_homed_name(op, fault) : ONYM_OK;
}

const char *
onym_op_said(const char *why, uint32_t index, char room[ONYM_OP_SAID_MAX])
{
    if (why == NULL || index == 0) {
        return why != NULL ? why : "";
    }
    if (index > INT32_MAX) {
        (void)snprintf(room, ONYM_OP_SAID_MAX, "%s (index -%u or %u)", why, 0U - (unsigned)index,
                       (unsigned)index);
    } else {
        (void)snprintf(room, ONYM_OP_SAID_MAX, "%s (index %u)", why, (unsigned)index);
    }
    return room;
}

enum onym_status
onym_op_form(const struct onym_operation *op, struct onym_op_fault *fault)
{
    struct onym_token token;
    enum onym_status status;

    *fault = (struct onym_op_fault){0};
    status = check_name(op, fault);
    if (status != ONYM_OK) {
        return status;
    }
    if (op->values.count > ONYM_VALUES_MAX || op->values.raw.len > ONYM_VALUES_LEN_MAX) {
        return onym_op_refuse(fault, ONYM_VALUE_INVALID,
                              "a record has room for 2048 values of 258048 bytes together", 0);
    }
    if (op->indexes.count > ONYM_VALUES_MAX) {
        return onym_op_refuse(fault, ONYM_VALUE_INVALID, "more than 2048 indexes", 0);
    }
    if (op->action == ONYM_ACTION_ISSUE) {
        return onym_token_read(op->values, &token) == ONYM_OK
                   ? ONYM_OK
                   : onym_op_refuse(fault, ONYM_VALUE_INVALID, "no description of a token", 0);
    }
    if (op->action == ONYM_ACTION_CREATE || op->action == ONYM_ACTION_ADD) {
        return check_values(op, fault);
    }
    return ONYM_OK;
}
