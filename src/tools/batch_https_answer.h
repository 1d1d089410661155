/* The answer to a batch over HTTPS, however torn: results of rows, the end, or a problem. */
#ifndef ONYM_TOOLS_BATCH_HTTPS_ANSWER_H
#define ONYM_TOOLS_BATCH_HTTPS_ANSWER_H

#include "net/tls_dial.h"

struct onym_batch_answer; /* opaque */

/* NULL: out of memory. */
struct onym_batch_answer *onym_batch_answer_new(void);
void onym_batch_answer_free(struct onym_batch_answer *answer); /* NULL is fine */
/* A new answer begins. */
void onym_batch_answer_begin(struct onym_batch_answer *answer);

/* Takes what has come and fits. False: nothing more will come. dry_run: verdicts are "would ...".
 */
bool onym_batch_answer_read(struct onym_batch_answer *answer, struct onym_tls_dial *dial,
                            bool dry_run);

enum onym_batch_heard {
    ONYM_BATCH_HEARD_NOTHING, /* more must be read */
    ONYM_BATCH_HEARD_ROW,
    ONYM_BATCH_HEARD_END,     /* all that will be told was told */
    ONYM_BATCH_HEARD_PROBLEM, /* the request as a whole was refused */
    ONYM_BATCH_HEARD_BROKEN   /* this is no answer of a node */
};

struct onym_batch_verdict {
    uint64_t row;        /* of the request, from 1 */
    const char *verdict; /* static: "created", ... */
    bool failed;
    bool missing; /* failed: there is no such identifier */
    bool passing; /* failed for reasons that are not the row's */
    uint32_t code;
    char reason[256];
};

/* The next thing that was heard in full; *out is filled for ROW alone. */
enum onym_batch_heard onym_batch_answer_next(struct onym_batch_answer *answer,
                                             struct onym_batch_verdict *out);

/* After PROBLEM: HTTP status, and what is the matter. */
const char *onym_batch_answer_problem(const struct onym_batch_answer *answer, int *status);

#endif
