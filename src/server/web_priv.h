/* Between server/web.c, which knows connections, and server/web_open.c, which knows listeners. */
#ifndef ONYM_SERVER_WEB_PRIV_H
#define ONYM_SERVER_WEB_PRIV_H

#include "server/web.h"

/* For the handlers of a transport. */
size_t onym_web_bytes(struct onym_web_door *door, void *connection, onym_span bytes);
void onym_web_closed(const struct onym_web_door *door, void *connection);

/* Names those who take later answers in web->post. */
void onym_web_answer_with(struct onym_web *web);

#endif
