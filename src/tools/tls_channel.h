/* TLS under the client of the Handle protocol. */
#ifndef ONYM_TOOLS_TLS_CHANNEL_H
#define ONYM_TOOLS_TLS_CHANNEL_H

#include "net/tls_dial.h"
#include "onym/client.h"

/* Channels whose connections come from dialer, which must stay as long as they are used. */
struct onym_client_channel onym_tls_channel(struct onym_tls_dialer *dialer);

#endif
