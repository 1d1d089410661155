/* Accept-Language (RFC 9110 12.5.4), as far as there is a choice: English, or Chinese. */
#ifndef ONYM_SERVICE_HTTP_LANGUAGE_H
#define ONYM_SERVICE_HTTP_LANGUAGE_H

#include "wire/http1.h"

/* Whether the request wants Chinese rather than English: the greater weight, which a language that
 * is not named has of `*`; of equal ones the first that is named; English when neither is wanted.
 */
bool onym_http_prefers_chinese(const struct onym_http1_request *request);

#endif
