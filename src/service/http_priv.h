/* Between service/http.c and service/http_rows.c. */
#ifndef ONYM_SERVICE_HTTP_PRIV_H
#define ONYM_SERVICE_HTTP_PRIV_H

#include "service/bulk.h"
#include "service/routes.h"

/* "100 Continue", once. REPLY. */
enum onym_http_verdict onym_http_say_continue(struct onym_http_connection *connection,
                                              struct onym_http_reply *reply);

/* Begins an answer for the request of the connection, which has this plan. */
struct onym_http_plan onym_http_begin(struct onym_http_call *call,
                                      struct onym_http_connection *connection,
                                      struct onym_http_service *service, uint64_t now_ms,
                                      struct onym_http_reply *reply);
/* The request is over: ready for the next, or ended when close. */
enum onym_http_verdict onym_http_next(struct onym_http_connection *connection,
                                      struct onym_http_service *service, bool close);

/* Starts the stage ROWS for the request of call, which identity asks. ONYM_OK; ONYM_BUSY,
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_http_rows_start(struct onym_http_call *call,
                                                    const struct onym_bulk_options *options,
                                                    const struct onym_identity *identity);
/* Input in the stage ROWS. */
enum onym_http_verdict onym_http_rows_feed(struct onym_http_connection *connection,
                                           struct onym_http_service *service, onym_span *input,
                                           uint64_t now_ms, struct onym_http_reply *reply);
/* What op would come to as things stand, without doing it; for a dry run. */
void onym_bulk_foresee(struct onym_http_service *service, const struct onym_operation *op,
                       const struct onym_identity *identity, struct onym_http_result *out);

/* Gives back what the stage holds; NULL rows are fine. */
void onym_http_rows_drop(struct onym_http_connection *connection,
                         struct onym_http_service *service);

#endif
