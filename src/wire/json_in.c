#include "wire/json_in.h"

#include "wire/json_data.h"
#include "wire/json_value.h"

#include <stdlib.h>

/* Scratch kept between reads. */
#define SCRATCH_KEPT ((size_t)64 * 1024)

struct onym_json_in {
    uint8_t *scratch;
    size_t scratch_cap;
    uint32_t now_s;
    uint32_t count;
    size_t len; /* of bytes in use */
    enum onym_status status;
    bool handle_alone; /* values need not be there */
    uint8_t bytes[ONYM_VALUES_LEN_MAX];
};

enum onym_status
onym_json_in_new(struct onym_json_in **out)
{
    struct onym_json_in *in = malloc(sizeof *in);

    if (in == NULL) {
        return ONYM_NO_MEMORY;
    }
    in->scratch = NULL;
    in->scratch_cap = 0;
    *out = in;
    return ONYM_OK;
}

void
onym_json_in_free(struct onym_json_in *in)
{
    if (in != NULL) {
        free(in->scratch);
        free(in);
    }
}

void
onym_json_in_trim(struct onym_json_in *in)
{
    if (in->scratch_cap > SCRATCH_KEPT) {
        free(in->scratch);
        in->scratch = NULL;
        in->scratch_cap = 0;
    }
}

static bool
fail(struct onym_json *json, struct onym_json_in *in, enum onym_status status, const char *what,
     unsigned most)
{
    if (!json->failed) {
        in->status = status;
    }
    return onym_json_fail(json, "%s; expected at most %u", what, most);
}

enum {
    MEMBER_HANDLE = ONYM_JSON_VALUE_MEMBERS,
    MEMBER_VALUES,
    MEMBER_RESPONSE_CODE,
    MEMBER_MESSAGE,
    MEMBER_REVISION,
    MEMBER_CREATED,
    MEMBER_MODIFIED,
    BODY_MEMBERS
};

static const struct onym_json_name names[] = {
    ONYM_JSON_VALUE_NAMES,
    [MEMBER_HANDLE] = ONYM_JSON_NAME("handle"),
    [MEMBER_VALUES] = ONYM_JSON_NAME("values"),
    [MEMBER_RESPONSE_CODE] = ONYM_JSON_NAME("responseCode"),
    [MEMBER_MESSAGE] = ONYM_JSON_NAME("message"),
    [MEMBER_REVISION] = ONYM_JSON_NAME("revision"),
    [MEMBER_CREATED] = ONYM_JSON_NAME("created"),
    [MEMBER_MODIFIED] = ONYM_JSON_NAME("modified"),
};

/* onym_op_form judges indexes, and the node sets the timestamp. */
static const struct onym_json_value_rules rules = {.index_min = INT32_MIN, .stamped = false};

static bool
keep_value(struct onym_json *json, struct onym_json_in *in, const struct onym_value *value,
           uint32_t seen)
{
    size_t len;

    if (json->failed || !onym_json_value_whole(json, seen)) {
        return false;
    }
    if (onym_value_encode(value, in->bytes + in->len, sizeof in->bytes - in->len, &len) !=
        ONYM_OK) {
        return fail(json, in, ONYM_VALUE_INVALID, "too many bytes of values", ONYM_VALUES_LEN_MAX);
    }
    in->len += len;
    in->count++;
    return true;
}

static struct onym_value
fresh_value(const struct onym_json_in *in)
{
    return (struct onym_value){
        .timestamp = in->now_s, .ttl = ONYM_TTL_DEFAULT, .permissions = ONYM_PERM_DEFAULT};
}

static bool
read_values(struct onym_json *json, struct onym_json_in *in)
{
    if (!onym_json_array(json)) {
        return false;
    }
    while (onym_json_item(json)) {
        struct onym_value value = fresh_value(in);
        size_t mark = json->scratch_len;
        uint32_t seen = 0;
        int member;

        if (in->count == ONYM_VALUES_MAX) {
            return fail(json, in, ONYM_VALUE_INVALID, "too many values", ONYM_VALUES_MAX);
        }
        if (!onym_json_object(json) || (onym_json_value_begin(json, names, &value, &seen) &&
                                        !onym_json_data(json, &value.data))) {
            return false;
        }
        while ((member = onym_json_member(json, names, ONYM_JSON_VALUE_MEMBERS, &seen)) >= 0) {
            if (!onym_json_value_member(json, member, &rules, &value)) {
                return false;
            }
        }
        if (!keep_value(json, in, &value, seen)) {
            return false;
        }
        json->scratch_len = mark; /* the byte form has its own copy */
    }
    return !json->failed;
}

/* {"values": ...}, or one value: which of the two shows as the members come. */
static bool
read_object(struct onym_json *json, struct onym_json_in *in, struct onym_json_body *out)
{
    struct onym_value value = fresh_value(in);
    uint32_t seen = 0;
    bool has_values;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, BODY_MEMBERS, &seen)) >= 0) {
        bool good = member < ONYM_JSON_VALUE_MEMBERS
                        ? onym_json_value_member(json, member, &rules, &value)
                    : member == MEMBER_HANDLE ? onym_json_handle(json, &out->handle)
                    : member == MEMBER_VALUES ? read_values(json, in)
                                              : onym_json_skip(json);

        if (!good) {
            return false;
        }
    }
    if (json->failed) {
        return false;
    }
    has_values = (seen & (1U << MEMBER_VALUES)) != 0;
    out->has_handle = (seen & (1U << MEMBER_HANDLE)) != 0;
    out->shape = has_values ? ONYM_JSON_SHAPE_RECORD : ONYM_JSON_SHAPE_VALUE;
    if (has_values && (seen & ((1U << ONYM_JSON_VALUE_MEMBERS) - 1)) != 0) {
        return onym_json_fail(json, "\"values\" beside members of a value; expected one or the "
                                    "other");
    }
    if (!has_values && (seen & ((1U << ONYM_JSON_VALUE_MEMBERS) - 1)) == 0) {
        if (in->handle_alone) {
            out->shape = ONYM_JSON_SHAPE_RECORD;
            return true;
        }
        return onym_json_fail(json, "a member is missing; expected \"values\"");
    }
    return has_values || keep_value(json, in, &value, seen);
}

static bool
read_body(struct onym_json *json, struct onym_json_in *in, struct onym_json_body *out)
{
    if (onym_json_peek(json) == ONYM_JSON_ARRAY) {
        out->shape = ONYM_JSON_SHAPE_ARRAY;
        return read_values(json, in) && onym_json_end(json);
    }
    return read_object(json, in, out) && onym_json_end(json);
}

static enum onym_status
read_text(struct onym_json_in *in, onym_span text, uint32_t now_s, struct onym_json_body *out,
          struct onym_json_error *error)
{
    struct onym_json_body body = {0};
    struct onym_json json;

    if (ONYM_JSON_SCRATCH_LEN(text.len) > in->scratch_cap) {
        free(in->scratch);
        in->scratch_cap = ONYM_JSON_SCRATCH_LEN(text.len);
        in->scratch = malloc(in->scratch_cap);
        if (in->scratch == NULL) {
            in->scratch_cap = 0;
            return ONYM_NO_MEMORY;
        }
    }
    in->now_s = now_s;
    in->count = 0;
    in->len = 0;
    in->status = ONYM_MALFORMED;
    if (text.at == NULL) {
        text = onym_span_text(""); /* places in it are pointers */
    }
    onym_json_open(&json, text, in->scratch, in->scratch_cap, error);
    if (!read_body(&json, in, &body)) {
        return in->status;
    }
    body.values = (struct onym_value_list){.raw = onym_span_of(in->bytes, in->len),
                                           .count = in->count};
    *out = body;
    return ONYM_OK;
}

enum onym_status
onym_json_in_read(struct onym_json_in *in, onym_span text, uint32_t now_s,
                  struct onym_json_body *out, struct onym_json_error *error)
{
    in->handle_alone = false;
    return read_text(in, text, now_s, out, error);
}

enum onym_status
onym_json_in_read_handle(struct onym_json_in *in, onym_span text, uint32_t now_s,
                         struct onym_json_body *out, struct onym_json_error *error)
{
    in->handle_alone = true;
    return read_text(in, text, now_s, out, error);
}
