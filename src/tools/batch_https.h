/* A bulk job over HTTPS: one request carries the rows as a stream, its answer the results
 * (proto/openapi.yaml, batchIdentifiers). A connection that is lost is made anew, and the rows that
 * were not settled go out again. */
#ifndef ONYM_TOOLS_BATCH_HTTPS_H
#define ONYM_TOOLS_BATCH_HTTPS_H

#include "tools/batch_run.h"

struct onym_batch_running;
struct onym_batch_https; /* opaque */

/* Asks nobody yet. An exit code, told on stderr when it is not
 * ONYM_EXIT_DONE. */
int onym_batch_https_open(const struct onym_batch_order *order, struct onym_batch_https **out);
void onym_batch_https_close(struct onym_batch_https *https); /* NULL is fine */

/* Sends rows that were read, waits a little, and settles rows by the results that came. */
void onym_batch_https_step(struct onym_batch_running *r);

#endif
