/* What went wrong, for people and for programs: RFC 9457 problems under /api/v1, in English or
 * Chinese, and what statuses of HTTP mean. Contract: proto/openapi.yaml, Problem. */
#ifndef ONYM_SERVICE_PROBLEM_H
#define ONYM_SERVICE_PROBLEM_H

#include "base/writer.h"

/* The reason phrase of an HTTP status this node sends (RFC 9110 15). Static; never NULL. */
const char *onym_http_reason(int status);

struct onym_problem {
    enum onym_status status; /* gives code, name and type when http is 0 */
    int http;                /* a status of HTTP itself (404 for an unknown path, 405, 413, ...);
                                0: that of `status` */
    onym_span detail;        /* English; empty: the text of the status */
    onym_span field;         /* empty: none */
    bool has_position;
    size_t position; /* byte of the body */
    onym_span instance;
    onym_span request_id;
};

/* The HTTP status it goes out with. */
int onym_problem_http(const struct onym_problem *problem);

/* The text of a status in Chinese. Static; never NULL. */
const char *onym_status_chinese(enum onym_status status);

/* A detail as it is told: title when it is empty; in Chinese its translation, or as it is behind
 * the title when it has none. Borrows from its arguments or from room. */
#define ONYM_PROBLEM_DETAIL_MAX 1024U
onym_span onym_problem_detail(onym_span english, const char *title, bool chinese,
                              uint8_t room[ONYM_PROBLEM_DETAIL_MAX]);

/* Writes the members without the braces around them, so that more may follow. Overflow sticks in w.
 */
void onym_problem_write(struct onym_writer *w, const struct onym_problem *problem, bool chinese);

#endif
