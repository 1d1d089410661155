/* Who the client certificate of a TLS connection stands for. */
#ifndef ONYM_SERVER_ADMIN_CERTIFICATE_H
#define ONYM_SERVER_ADMIN_CERTIFICATE_H

#include "server/admin.h"

/* The callback `certified` of struct onym_admin_backend; of is the post of the connection's worker.
 * The certificate's subject names a handle as onym_http_subject_read takes it. Keys that are not
 * the named one's count as failed logins do, and are not looked at when there were too many. */
enum onym_status onym_admin_certified(void *of, const void *connection, onym_span peer,
                                      struct onym_admin_certified *out);

#endif
