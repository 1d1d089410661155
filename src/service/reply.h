/* A reply on its way out: the envelope's fields and the message as spans, nothing copied that a
 * span could name. The transport adds the envelope bytes, one per packet or one per message. */
#ifndef ONYM_SERVICE_REPLY_H
#define ONYM_SERVICE_REPLY_H

#include "core/select.h"
#include "wire/header.h"

/* Front block, runs of public and of private values, credential field. */
#define ONYM_REPLY_PARTS_MAX (2U * ONYM_RUNS_MAX + 2U)

struct onym_reply {
    struct onym_envelope envelope; /* message_len is the sum of the parts */
    enum onym_status status;       /* what the reply says, for the counters */
    bool closed;                   /* it holds values that not everybody may read */
    size_t parts;
    onym_span part[ONYM_REPLY_PARTS_MAX]; /* borrowed: view snapshot, arena or static */
};

/* What a server does with one request. */
enum onym_verdict {
    ONYM_VERDICT_REPLY,   /* send the reply */
    ONYM_VERDICT_PENDING, /* the reply comes later; nothing else of this connection before it */
    ONYM_VERDICT_SILENT,  /* say nothing */
    ONYM_VERDICT_CLOSE    /* send the reply, if it has parts, and close the connection */
};

#endif
