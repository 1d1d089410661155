/* Where else to ask for an identifier whose prefix is not homed here. */
#ifndef ONYM_CORE_REFERRAL_H
#define ONYM_CORE_REFERRAL_H

#include "core/resolver.h"

/* folded: an identifier this node does not serve, upper-cased, with a '/'.
 *
 * 1. its prefix record is here with HS_SITE, HS_SITE.6 or HS_SERV (an enterprise that runs its own
 *    server): ONYM_SERVICE_REFERRAL with those values;
 * 2. the nearest homed prefix above delegates (HS_SITE.PREFIX, HS_SERV.PREFIX, HS_NA_DELEGATE):
 *    ONYM_PREFIX_REFERRAL with those values;
 * 3. otherwise ONYM_NOT_RESPONSIBLE.
 * Also ONYM_NO_SPACE, ONYM_CORRUPT, ONYM_IO. Only public values are ever told. */
enum onym_status onym_refer(struct onym_resolver *resolver, onym_span folded,
                            struct onym_arena *arena, struct onym_resolution *out);

#endif
