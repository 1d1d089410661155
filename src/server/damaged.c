#include "server/damaged.h"

void
onym_damaged_report(struct onym_answerer *answerer, uint64_t times, struct onym_log *log)
{
    if (answerer->damaged_len == 0) {
        return;
    }
    ONYM_LOG(log, ONYM_LOG_ERROR, "store", "record_damaged",
             "a stored record is damaged and was not served; run onymctl check and load it again",
             onym_log_span("id", onym_span_of(answerer->damaged, answerer->damaged_len)),
             onym_log_u64("times", times));
    answerer->damaged_len = 0;
}
