/* The Authorization header of a request, cut apart. What it proves is not decided here.
 * Sources: proto/handle-rest.md section 5; RFC 9110 11, RFC 7617, RFC 6750.
 *
 *   Basic base64(user ":" secret)     user = index:handle, percent-encoded so that it has no ':';
 *                                     index:handle as it is, if the index stands alone before ':'
 *   Handle name="value", ...          a challenge session, or clientCert="true"
 *   Bearer token                      an access token of this node
 */
#ifndef ONYM_SERVICE_HTTP_AUTH_H
#define ONYM_SERVICE_HTTP_AUTH_H

#include "base/arena.h"
#include "onym/span.h"
#include "onym/status.h"

#define ONYM_HTTP_CREDENTIALS_MAX 8192U /* bytes of the header's value */
#define ONYM_HTTP_CNONCE_MAX      1024U /* bytes of a client's own challenge */

enum onym_http_scheme {
    ONYM_HTTP_NO_CREDENTIALS,
    ONYM_HTTP_BASIC,
    ONYM_HTTP_HANDLE,
    ONYM_HTTP_BEARER,
    ONYM_HTTP_CERTIFICATE, /* Handle clientCert="true": the TLS certificate is the proof; or unasked
                              (service/http_sender.h) */
    ONYM_HTTP_VERIFICATION /* of no header: somebody else's answer, with its nonce, is to be
                              checked, and proves nothing about who asks */
};

/* Spans borrow from the header or the arena. Secrets among them: never log one. */
struct onym_http_credentials {
    enum onym_http_scheme scheme;
    bool unasked;     /* CERTIFICATE: the request does not say so */
    onym_span handle; /* BASIC, HANDLE with `id`: who it claims to be */
    uint32_t index;   /* 0: any key of that handle */
    onym_span secret; /* BASIC: raw bytes; BEARER: the token */
    /* HANDLE; empty when not sent, base64 decoded unless a comment says otherwise */
    onym_span session; /* the id as text */
    onym_span nonce, cnonce;
    onym_span type; /* "HS_SECKEY" or "HS_PUBKEY", text */
    onym_span alg;  /* text */
    onym_span signature;
    onym_span salt;
    uint32_t iterations;
    uint32_t length; /* bits */
};

/* Reads the Authorization header among a request's header lines (onym_http1_request.fields).
 * ONYM_OK, scheme ONYM_HTTP_NO_CREDENTIALS when there is none; ONYM_MALFORMED, *why (static
 * English text) set: more than one such header, over ONYM_HTTP_CREDENTIALS_MAX, an unknown scheme,
 * not base64, a parameter twice or not understood, a user that is not index:handle;
 * ONYM_NO_SPACE arena full. *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_http_auth_read(onym_span fields, struct onym_arena *arena,
                                                   struct onym_http_credentials *out,
                                                   const char **why);

/* Takes one parameter of the scheme Handle, wherever it stood: value is what was meant, without
 * quotes or percent signs; base64 is decoded into the arena. *seen starts at 0. ONYM_OK, also for a
 * name that is not known; ONYM_MALFORMED, *why set: a second time, or no value of this parameter;
 * ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_http_auth_parameter(onym_span name, onym_span value,
                                                        struct onym_arena *arena, unsigned *seen,
                                                        struct onym_http_credentials *out,
                                                        const char **why);

#endif
