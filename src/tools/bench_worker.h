/* One thread of a load: an epoll loop that feeds connections when requests are due and takes their
 * answers. For tools/bench_*.c. */
#ifndef ONYM_TOOLS_BENCH_WORKER_H
#define ONYM_TOOLS_BENCH_WORKER_H

#include "tools/bench_conn.h"

/* Makes worker `number` of settings->threads with its share of the connections; opens none yet.
 * ONYM_OK (release with onym_bench_worker_free), ONYM_NO_MEMORY, ONYM_IO, or the statuses of
 * onym_tls_dialer_new, all with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_worker_new(struct onym_bench_shared *shared,
                                                     uint32_t number,
                                                     struct onym_bench_worker **out,
                                                     struct onym_fault *fault);
void onym_bench_worker_free(struct onym_bench_worker *w); /* NULL is fine */

/* Runs until the measured time is over and every request has ended. */
void onym_bench_worker_run(struct onym_bench_worker *w);

#endif
