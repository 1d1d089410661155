/* The parameters of `Authorization: Handle` where the session resource takes them besides: in the
 * query, in a form, or as members of an object of JSON. Source: proto/handle-rest.md section 5.3.
 * As in the header, '+' is itself; here everything is percent-decoded, and in JSON nothing. */
#ifndef ONYM_SERVICE_HTTP_AUTH_FORM_H
#define ONYM_SERVICE_HTTP_AUTH_FORM_H

#include "service/http_auth.h"

/* NAME=VALUE&... of a query or a body. ONYM_OK, scheme ONYM_HTTP_HANDLE with a sessionId and
 * ONYM_HTTP_NO_CREDENTIALS without one; ONYM_MALFORMED, *why (static English text) set: a parameter
 * twice, or one that cannot be read; ONYM_NO_SPACE. *out changes on success only; it borrows from
 * text and arena. Names that are not known are passed over. */
ONYM_MUST_USE enum onym_status onym_http_auth_read_form(onym_span text, struct onym_arena *arena,
                                                        struct onym_http_credentials *out,
                                                        const char **why);

/* {"sessionId": ..., ...}: strings, or numbers where a number is meant. Likewise, but a member that
 * is not known is ONYM_MALFORMED. */
ONYM_MUST_USE enum onym_status onym_http_auth_read_json(onym_span text, struct onym_arena *arena,
                                                        struct onym_http_credentials *out,
                                                        const char **why);

#endif
