/* The text of one log line: escaping, bounds and the two formats. Pure; used by base/log.c. */
#ifndef ONYM_BASE_LOG_LINE_H
#define ONYM_BASE_LOG_LINE_H

#include "base/log.h"

#define ONYM_LOG_TIME_MAX 40U                                         /* with its NUL */
#define ONYM_LOG_BODY_MAX (ONYM_LOG_LINE_MAX - ONYM_LOG_TIME_MAX - 1) /* leaves room for '\n' */

struct onym_log_body {
    bool json;
    bool color; /* text only */
    enum onym_log_level level;
    const char *component;
    const char *event;
    const char *msg;
    const struct onym_log_field *fields; /* ended by ONYM_LOG_FIELD_END */
};

/* Writes everything that follows the time, without newline or NUL; returns its bytes. Two lines
 * differ in their bodies unless they say the same. */
size_t onym_log_line_body(const struct onym_log_body *body, char out[ONYM_LOG_BODY_MAX]);

/* Writes what stands in front of the body: the opening of the JSON object with UTC time, or local
 * time with its offset and a space. Returns its bytes. */
size_t onym_log_line_time(bool json, uint64_t epoch_ms, char out[ONYM_LOG_TIME_MAX]);

#endif
