#include "core/referral.h"

/* Three types as a text list in byte form (u4 length and bytes each), and what finding one means.
 */
struct kind {
    const uint8_t *types;
    size_t len;
    enum onym_status found;
};

static const uint8_t service_types[] = "\0\0\0\007HS_SITE"
                                       "\0\0\0\011HS_SITE.6"
                                       "\0\0\0\007HS_SERV";
static const uint8_t delegation_types[] = "\0\0\0\016HS_SITE.PREFIX"
                                          "\0\0\0\016HS_SERV.PREFIX"
                                          "\0\0\0\016HS_NA_DELEGATE";
static const struct kind service = {service_types, sizeof service_types - 1, ONYM_SERVICE_REFERRAL};
static const struct kind delegation = {delegation_types, sizeof delegation_types - 1,
                                       ONYM_PREFIX_REFERRAL};

static enum onym_status
refer_from(struct onym_resolver *r, onym_span prefix_record, const struct kind *kind,
           struct onym_arena *arena, struct onym_resolution *out)
{
    struct onym_query query = {.types = {.raw = {.at = kind->types, .len = kind->len}, .count = 3}};
    struct onym_record record;
    enum onym_status status = onym_view_record(r->view, ONYM_KIND_HANDLE, prefix_record, &record);
    uint8_t *name;

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_select(&query, record.public_values, arena, &out->selection);
    if (status != ONYM_OK) {
        return status;
    }
    if (out->selection.count == 0) {
        return ONYM_NOT_FOUND;
    }
    name = onym_arena_take(arena, prefix_record.len);
    if (name == NULL) {
        return ONYM_NO_SPACE;
    }
    memcpy(name, prefix_record.at, prefix_record.len);
    out->referral = onym_span_of(name, prefix_record.len);
    return kind->found;
}

enum onym_status
onym_refer(struct onym_resolver *r, onym_span folded, struct onym_arena *arena,
           struct onym_resolution *out)
{
    onym_span record = onym_ident_prefix_record(folded, r->prefix, sizeof r->prefix);
    onym_span prefix = onym_span_from(record, 5);
    enum onym_status status = refer_from(r, record, &service, arena, out);

    for (unsigned level = 0; status == ONYM_NOT_FOUND && level < ONYM_DELEGATION_LEVELS_MAX;
         level++) {
        prefix = onym_prefix_parent(prefix);
        if (prefix.len == 0) {
            break;
        }
        record.len = 5 + prefix.len;
        if (onym_homed_has(&r->homed, r->view, record)) {
            status = refer_from(r, record, &delegation, arena, out);
            break; /* the nearest homed prefix decides */
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_NOT_RESPONSIBLE : status;
}
