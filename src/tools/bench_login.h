/* A connection of the Handle protocol that is logged in, and the requests sent on it.
 * Source: proto/handle.md sections 2, 3, 8, 11. */
#ifndef ONYM_TOOLS_BENCH_LOGIN_H
#define ONYM_TOOLS_BENCH_LOGIN_H

#include "base/rng.h"
#include "onym/span.h"
#include "wire/header.h"

#include <sys/socket.h>

/* Version 2.10, the one deployed clients log in with. */
#define ONYM_BENCH_LOGIN_VERSION ONYM_VERSION(2, 10)

/* Writes a request with flags REC CA PO to out; its length, or 0 when cap is too small. */
size_t onym_bench_login_request(uint32_t opcode, uint32_t session, uint32_t request_id,
                                onym_span body, uint8_t *out, size_t cap);

/* Connects and proves to know the secret of user's key value: site information (2), login (2001)
 * and the answer to its challenge (200), as clients do. The connected descriptor, which the caller
 * closes, without delay of small packets, or -1, errno (EACCES when the proof was refused) and one
 * line on stderr. Waits at most 10 s for each answer. */
ONYM_MUST_USE int onym_bench_login_open(const struct sockaddr *to, socklen_t to_len,
                                        const char *user, uint32_t index, const char *secret,
                                        uint32_t session, struct onym_rng *rng);

#endif
