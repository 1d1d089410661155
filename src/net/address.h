/* Socket addresses as text and errors of sockets as faults. */
#ifndef ONYM_NET_ADDRESS_H
#define ONYM_NET_ADDRESS_H

#include "base/fault.h"

#include <sys/socket.h>

#define ONYM_ADDRESS_TEXT_MAX 64U

/* "127.0.0.1:2641" or "[::1]:2641" into out. */
void onym_address_text(const struct sockaddr *address, char out[ONYM_ADDRESS_TEXT_MAX]);

/* The port in host order. */
uint16_t onym_address_port(const struct sockaddr *address);

/* Puts another port into it, in host order. */
void onym_address_set_port(struct sockaddr *address, uint16_t port);

/* The address bytes alone, 4 or 16 in network order; an IPv4 address mapped into IPv6 gives its 4.
 * Borrowed from address. */
onym_span onym_address_bytes(const struct sockaddr *address);

/* Whether it is the wildcard address. */
bool onym_address_is_any(const struct sockaddr *address);

/* Opens a non-blocking socket of type (SOCK_DGRAM, SOCK_STREAM) with SO_REUSEADDR and SO_REUSEPORT,
 * IPv6 only for IPv6, bound to address. ONYM_OK and *fd (the caller closes it); else a status with
 * *fault naming transport and address and what to do: ONYM_IN_USE, ONYM_NO_PERMISSION, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_address_bind(const struct sockaddr *address, int type, int *fd,
                                                 struct onym_fault *fault);

#endif
