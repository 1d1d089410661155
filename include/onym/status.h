/* The one list of outcomes: name, wire response code, HTTP status under /api/v1, HTTP status under
 * /api/handles, text. Wire codes: proto/handle.md section 6. Statuses of our own carry the wire
 * code a Handle client is told in their place. */
#ifndef ONYM_STATUS_H
#define ONYM_STATUS_H

#include <stdint.h>

#define ONYM_STATUS_MAP(X)                                                                         \
    X(OK, 1, 200, 200, "done")                                                                     \
    X(ERROR, 2, 500, 500, "internal error")                                                        \
    X(BUSY, 3, 503, 503, "over a limit; try again later")                                          \
    X(MALFORMED, 4, 400, 400, "the message breaks its grammar")                                    \
    X(UNSUPPORTED, 5, 501, 501, "operation not supported")                                         \
    X(RECURSION_LIMIT, 6, 500, 500, "recursion limit reached")                                     \
    X(READ_ONLY, 7, 503, 503, "the node takes no changes now")                                     \
    X(NOT_FOUND, 100, 404, 404, "identifier not found")                                            \
    X(EXISTS, 101, 409, 409, "identifier exists")                                                  \
    X(NAME_INVALID, 102, 400, 400, "invalid identifier")                                           \
    X(VALUE_NOT_FOUND, 200, 200, 200, "no value selected")                                         \
    X(VALUE_EXISTS, 201, 409, 409, "value exists")                                                 \
    X(VALUE_INVALID, 202, 400, 400, "invalid value")                                               \
    X(SITE_OUTDATED, 300, 500, 500, "the client's site information is out of date")                \
    X(NOT_RESPONSIBLE, 301, 421, 400, "this node does not serve that prefix")                      \
    X(SERVICE_REFERRAL, 302, 421, 300, "ask the service named in the answer")                      \
    X(PREFIX_REFERRAL, 303, 421, 300, "ask the prefix service named in the answer")                \
    X(NO_PERMISSION, 400, 403, 403, "the caller lacks the permission")                             \
    X(VALUE_FORBIDS, 401, 403, 403, "the value forbids it")                                        \
    X(AUTH_NEEDED, 402, 401, 401, "authentication needed")                                         \
    X(AUTH_FAILED, 403, 401, 403, "authentication failed")                                         \
    X(CREDENTIAL_INVALID, 404, 401, 403, "credential invalid")                                     \
    X(CHALLENGE_TIMEOUT, 405, 401, 500, "the challenge has expired")                               \
    X(CANNOT_AUTHENTICATE, 406, 401, 500, "unable to authenticate")                                \
    X(SESSION_UNKNOWN, 500, 401, 500, "session unknown or timed out")                              \
    X(SESSION_FAILED, 501, 401, 500, "the session could not be set up")                            \
    X(SESSION_KEY_INVALID, 502, 401, 500, "session key invalid")                                   \
    X(SESSION_NEEDS_RSA, 503, 401, 500, "an RSA key is needed for key exchange")                   \
    X(SESSION_REQUEST_INVALID, 504, 401, 500, "session setup request invalid")                     \
    X(SESSION_REJECTED, 505, 401, 500, "session message rejected")                                 \
    X(LIMIT_REQUESTS, 603, 429, 500, "daily request limit reached")                                \
    X(LIMIT_REGISTRATIONS, 604, 429, 500, "registration limit reached")                            \
    X(LIMIT_PREFIXES, 605, 429, 500, "prefix limit reached")                                       \
    X(NO_SPACE, 2, 500, 500, "does not fit the space given")                                       \
    X(NO_MEMORY, 3, 503, 503, "out of memory")                                                     \
    X(CORRUPT, 2, 500, 500, "a stored record is damaged and is not served")                        \
    X(IO, 2, 500, 500, "the operating system reports an input/output error")                       \
    X(IN_USE, 2, 500, 500, "in use by another process")                                            \
    X(FULL, 3, 503, 503, "the disk or the map is full")                                            \
    X(UNCERTAIN, 3, 503, 503, "whether it happened is not known; repeat the same operation")       \
    X(UNREACHABLE, 2, 503, 503, "no answer")                                                       \
    X(INVALID, 4, 400, 400, "invalid setting or argument")                                         \
    X(STALE, 2, 412, 412, "the record is not in the revision the caller expects")

enum onym_status {
#define ONYM_STATUS_ENUM(name, wire, http, facade, text) ONYM_##name,
    ONYM_STATUS_MAP(ONYM_STATUS_ENUM)
#undef ONYM_STATUS_ENUM
        ONYM_STATUS_COUNT
};

/* The name without its prefix, for example "NOT_FOUND". Static; never NULL. */
const char *onym_status_name(enum onym_status status);
/* A short English text. Static; never NULL. */
const char *onym_status_text(enum onym_status status);
/* The response code a Handle client is told. */
uint32_t onym_status_wire(enum onym_status status);
/* The HTTP status under /api/v1 and under /api/handles. */
int onym_status_http(enum onym_status status);
int onym_status_http_facade(enum onym_status status);
/* The status a wire response code means; ONYM_ERROR for codes not in the list. Codes shared by
 * several statuses give the first. */
enum onym_status onym_status_from_wire(uint32_t code);

#endif
