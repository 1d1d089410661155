/* What the workers share of the HTTP API's logins: sessions, and how many failed. For
 * server/http_backend*.c. */
#ifndef ONYM_SERVER_HTTP_BACKEND_DESK_H
#define ONYM_SERVER_HTTP_BACKEND_DESK_H

#include "server/http_backend.h"
#include "server/http_backend_failures.h"
#include "server/http_backend_sessions.h"

struct onym_http_desk {
    const struct onym_settings *settings;
    struct onym_http_sessions *sessions;
    struct onym_http_failures *failures;
    uint32_t flights; /* atomic: requests with many changes, of all workers */
};

/* One attempt to prove something: from where, for whom, how. */
struct onym_http_attempt {
    onym_span peer; /* address bytes */
    struct onym_principal who;
    enum onym_login method;
};

/* Whether the address, and the address for this user, may fail once more (auth.http_failures;
 * limits.exempt always may). */
bool onym_http_may_try(const struct onym_http_desk *desk, const struct onym_http_attempt *attempt);

/* It failed; or it was counted beforehand and did not. */
void onym_http_count_failure(const struct onym_http_desk *desk,
                             const struct onym_http_attempt *attempt);
void onym_http_forgive(const struct onym_http_desk *desk, const struct onym_http_attempt *attempt);

#endif
