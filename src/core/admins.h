/* The list of the setting auth.server_admins: who has every right here. */
#ifndef ONYM_CORE_ADMINS_H
#define ONYM_CORE_ADMINS_H

#include "core/authz.h"

/* Whether list ("300:0.NA/P" entries separated by spaces; what is not of that form names nobody)
 * names who. Handles compare with ONYM_FOLD_PREFIX. Nobody (an empty handle) is never named. */
bool onym_admins_name(onym_span list, const struct onym_principal *who);

/* The identity of somebody proven; who's spans are borrowed. */
struct onym_identity onym_admins_identity(onym_span list, const struct onym_principal *who);

#endif
