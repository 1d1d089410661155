/* Whether what a browser adds to a request by itself, a certificate or a kept password, is meant:
 * by the header lines alone (docs/decisions/0204-a-certificate-without-a-header.md,
 * 0205-a-kept-password-is-not-for-other-pages.md). */
#ifndef ONYM_SERVICE_HTTP_SENDER_H
#define ONYM_SERVICE_HTTP_SENDER_H

#include "wire/http1.h"

/* Whether the client certificate of the connection proves who asks although the request does not
 * say so. False: a page may have made a browser send it, or somebody passes it on for another. Then
 * only Authorization: Handle clientCert="true" counts, which no page of another site can send
 * without asking first. Whether Authorization is there is not looked at. */
bool onym_http_certificate_counts(const struct onym_http1_request *request);

/* Whether a browser sent it for a page of another site, which it did without asking first. */
bool onym_http_from_other_site(const struct onym_http1_request *request);

#endif
