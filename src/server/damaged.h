/* Damaged records that a worker met while it answered, told to the log. */
#ifndef ONYM_SERVER_DAMAGED_H
#define ONYM_SERVER_DAMAGED_H

#include "base/log.h"
#include "service/answer.h"

/* Logs the last damaged record that answerer met since this was called before, if any, and forgets
 * it. times: of all damaged records that this worker met. By the thread that owns answerer. */
void onym_damaged_report(struct onym_answerer *answerer, uint64_t times, struct onym_log *log);

#endif
