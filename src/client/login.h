/* A login (opcode 2001) for the sake of its challenge: it changes nothing, and shows whether a
 * proof is accepted. For tools that look for a fault; programs need none of it. */
#ifndef ONYM_CLIENT_LOGIN_H
#define ONYM_CLIENT_LOGIN_H

#include "client/errand.h"

/* Begins as onym_client_start does; onym_client_step ends it. handle and index are those named in
 * the request, which need not be the client's identity. ONYM_OK: the proof was accepted, or the
 * server asked for none; ONYM_AUTH_NEEDED: a challenge came and nobody answers. */
void onym_client_start_login(struct onym_client *client, onym_span handle, uint32_t index);

/* The challenge of the last change, list, look at private values or login of this client; NULL
 * before the first. It lives until the next of these. */
const struct onym_errand_challenge *onym_client_challenge(const struct onym_client *client);

#endif
