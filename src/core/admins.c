#include "core/admins.h"

#include "onym/model/ident.h"

#define DIGITS_MAX 10U /* of an index */

static bool
names(onym_span entry, const struct onym_principal *who)
{
    uint64_t index = 0;
    size_t at = 0;

    while (at < entry.len && at < DIGITS_MAX && entry.at[at] >= '0' && entry.at[at] <= '9') {
        index = index * 10 + (uint64_t)(entry.at[at++] - '0');
    }
    return at > 0 && at < entry.len && entry.at[at] == ':' && index == who->index &&
           onym_ident_equal(onym_span_from(entry, at + 1), who->handle, ONYM_FOLD_PREFIX);
}

bool
onym_admins_name(onym_span list, const struct onym_principal *who)
{
    while (list.len > 0 && who->handle.len > 0) {
        const uint8_t *space = memchr(list.at, ' ', list.len);
        size_t len = space != NULL ? (size_t)(space - list.at) : list.len;

        if (names(onym_span_front(list, len), who)) {
            return true;
        }
        list = onym_span_from(list, len + 1);
    }
    return false;
}

struct onym_identity
onym_admins_identity(onym_span list, const struct onym_principal *who)
{
    return (struct onym_identity){
        .handle = who->handle, .index = who->index, .is_server_admin = onym_admins_name(list, who)};
}
