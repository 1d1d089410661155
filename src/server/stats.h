/* What net/ counts, under the names of the metrics. */
#ifndef ONYM_SERVER_STATS_H
#define ONYM_SERVER_STATS_H

#include "base/metrics.h"
#include "net/tcp.h"

/* Stores the connection figures of one listener; for the thread that owns counters. */
void onym_stats_copy(const struct onym_tcp_stats *from, struct onym_counters *counters,
                     enum onym_listener listener);

#endif
