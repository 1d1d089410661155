/* JSONP: the answer as a call of a function that the page asking for it has, so that a <script>
 * element of another site can fetch it. Source: proto/handle-rest.md section 2 (`callback`).
 *
 * A page of any site can make a browser ask so, with whatever passwords that browser keeps for this
 * node. So credentials do not count in such a request, and only what anyone may read is shown. */
#ifndef ONYM_SERVICE_HTTP_JSONP_H
#define ONYM_SERVICE_HTTP_JSONP_H

#include "base/writer.h"

#define ONYM_HTTP_CALLBACK_MAX 128U

/* Whether this is the name of a function and nothing else that a browser would run: 1 to
 * ONYM_HTTP_CALLBACK_MAX bytes of A-Z a-z 0-9 _ $ and '.', no digit or '.' in front. */
bool onym_http_callback_is_name(onym_span text);

/* Makes NAME(BODY); of what was written. Overflow sticks in w. */
void onym_http_callback_wrap(struct onym_writer *w, onym_span name);

#endif
