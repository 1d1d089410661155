/* The body of an HTTP/1.1 request (RFC 9112 6 and 7.1), fed in pieces however torn. Pure; keeps no
 * byte of it: every call hands out the run of body bytes it found. How long a body may be is the
 * caller's to say, from onym_http1_request.body_len and from what was handed out so far.
 *
 * As strict as the guard of heads (wire/http1.h), and for the same reason: a chunk's size is one to
 * eight hexadecimal digits, lines end in CR LF and nothing else, extensions hold no control bytes,
 * trailer lines have the form of header lines. Extensions and trailers mean nothing here and are
 * dropped, at most ONYM_HTTP1_BODY_EXTRA_MAX bytes of them per body. */
#ifndef ONYM_WIRE_HTTP1_BODY_H
#define ONYM_WIRE_HTTP1_BODY_H

#include "wire/http1.h"

#define ONYM_HTTP1_BODY_EXTRA_MAX 16384U /* bytes of chunk extensions and trailers of one body */

/* One body. The caller owns the memory. */
struct onym_http1_content {
    struct onym_http1_refusal refusal; /* after ONYM_HTTP1_REFUSED */
    uint64_t left;                     /* bytes of the body, or of the chunk, still to come */
    uint32_t extra;                    /* bytes of extensions and trailers so far */
    uint8_t digits;                    /* of the chunk size so far */
    uint8_t state;
};

/* Ready for the body that request's head announced (body and body_len). */
void onym_http1_body_init(struct onym_http1_content *body,
                          const struct onym_http1_request *request);

/* Takes bytes from the front of *input and moves it past them; *data is the run of body bytes among
 * them (borrowed from input, may be empty).
 * MORE: with input left, call again; with none, the body goes on. READY: this was its last byte;
 * *data may hold some. REFUSED: refusal says why, what follows cannot be told apart any more. After
 * READY or REFUSED nothing is taken until onym_http1_body_init. */
enum onym_http1_step onym_http1_body_feed(struct onym_http1_content *body, onym_span *input,
                                          onym_span *data);

#endif
