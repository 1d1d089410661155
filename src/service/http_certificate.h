/* When the client certificate of a connection proves who asks although the request does not say so
 * (docs/decisions/0204-a-certificate-without-a-header.md). */
#ifndef ONYM_SERVICE_HTTP_CERTIFICATE_H
#define ONYM_SERVICE_HTTP_CERTIFICATE_H

#include "wire/http1.h"

/* False: a page may have made a browser send the request, which shows certificates by itself, or
 * somebody passes it on for another. Then only Authorization: Handle clientCert="true" counts,
 * which no page of another site can send without asking first. By the header lines alone; whether
 * Authorization is there is not looked at. */
bool onym_http_certificate_counts(const struct onym_http1_request *request);

#endif
