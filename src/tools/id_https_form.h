/* Questions and changes as the HTTP API spells them: methods, targets and bodies. Pure. */
#ifndef ONYM_TOOLS_ID_HTTPS_FORM_H
#define ONYM_TOOLS_ID_HTTPS_FORM_H

#include "onym/client.h"

/* What a node takes of a request's line (docs/http-api.md). */
#define ONYM_ID_TARGET_MAX 8193U

/* Each writes a target with its NUL; false: it is too long. */
bool onym_id_target_query(char out[ONYM_ID_TARGET_MAX], const struct onym_client_query *query);
bool onym_id_target_change(char out[ONYM_ID_TARGET_MAX], const struct onym_client_change *change);
/* cursor: of the page before; "" for the first. */
bool onym_id_target_list(char out[ONYM_ID_TARGET_MAX], onym_span prefix, unsigned limit,
                         const char *cursor);

/* The method of a change; NULL: HTTP has none. */
const char *onym_id_method(enum onym_action action);

/* The values as a body, NUL-terminated; release with free. NULL: no memory, or beyond what a body
 * may have. */
char *onym_id_body(const struct onym_client_change *change);

#endif
