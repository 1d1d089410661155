/* Work of a request that would hold a worker's loop, cut into slices: each is done on another
 * thread over a snapshot of the store of its own, and between two of them others have their turn.
 * Then the connection's thread answers. */
#ifndef ONYM_SERVICE_HTTP_JOB_H
#define ONYM_SERVICE_HTTP_JOB_H

#include "service/http_call.h"

/* First member of a job; the memory is the heap's. */
struct onym_http_job {
    /* Arithmetic alone, which anyone may ask for: it waits with the proofs of others, where
     * addresses take turns, and not with what reads the store. One step, and view is NULL. */
    bool proves;
    /* ONYM_OK so far. What does not concern the request, such as ONYM_IO, is answered without
     * asking `answer`. */
    enum onym_status status;
    /* One slice, a few milliseconds at most; view is a snapshot that dies with the call. True:
     * there is more to do. */
    bool (*step)(struct onym_http_job *job, const struct onym_view *view);
    void (*answer)(struct onym_http_call *call, struct onym_http_job *job);
    void (*release)(struct onym_http_job *job); /* frees it */
};

/* Gives the job to the backend, or frees it and says why not. */
enum onym_http_when onym_http_work(struct onym_http_call *call, struct onym_http_job *job);

#endif
