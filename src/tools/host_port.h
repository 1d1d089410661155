/* HOST[:PORT] on a command line. */
#ifndef ONYM_TOOLS_HOST_PORT_H
#define ONYM_TOOLS_HOST_PORT_H

#include <stdbool.h>

#define ONYM_HOST_MAX 256U

/* Cuts "host", "host:port", "[::1]" and "[::1]:port"; several colons without brackets are an IPv6
 * address. False: none of them. */
bool onym_host_port(const char *text, const char *port_default, char host[ONYM_HOST_MAX],
                    char port[8]);

#endif
