#include "tools/batch_https.h"

#include "base/clock.h"
#include "base/writer.h"
#include "tools/batch_https_answer.h"
#include "tools/batch_run_priv.h"
#include "tools/https_link.h"
#include "wire/json_record.h"
#include "wire/json_write.h"

#include <poll.h>
#include <stdlib.h>

#define OUT_MAX      ((size_t)8 << 20) /* holds what is filled and the longest row behind it */
#define OUT_ENOUGH   ((size_t)256 << 10)
#define CHUNK_FRONT  10U /* eight digits and a line end */
#define NS_PER_MS    1000000U
#define NS_PER_S     1000000000ULL
#define PAUSE_MIN_MS 50U
#define PAUSE_TRIES  5U /* the pause doubles so often: 1.6 s */
#define POLL_MS      200

struct onym_batch_https {
    struct onym_https_link *link;
    bool up, was_up;
    bool barrier;  /* the row under way must have the node for itself */
    bool is_ended; /* the request is written to its end */
    unsigned tries;
    uint64_t again_ns;                /* when to connect */
    uint64_t lost_ns;                 /* since when nothing came; 0: it is up, and rows come */
    uint64_t next;                    /* row to be sent next */
    uint64_t lines;                   /* sent in this request */
    uint64_t row[ONYM_BATCH_WINDOW];  /* of a line, at line % ONYM_BATCH_WINDOW */
    struct onym_batch_answer *answer; /* what comes back */
    size_t out_at, out_len;
    uint8_t out[OUT_MAX];
};

int
onym_batch_https_open(const struct onym_batch_order *order, struct onym_batch_https **out)
{
    struct onym_https_target target = {
        .what = order->what, .url = order->cli->server, .identity = order->identity};
    struct onym_batch_https *h = malloc(sizeof *h);
    int code;

    if (h == NULL || (h->answer = onym_batch_answer_new()) == NULL) {
        free(h);
        (void)fprintf(stderr, "onymctl %s: out of memory\n", order->what);
        return ONYM_EXIT_SERVER;
    }
    h->link = NULL;
    h->up = h->was_up = h->barrier = h->is_ended = false;
    h->tries = 0;
    h->again_ns = h->lost_ns = h->next = h->lines = 0;
    h->out_at = h->out_len = 0;
    code = onym_https_link_new(&target, &h->link);
    if (code != ONYM_EXIT_DONE) {
        onym_batch_https_close(h);
        return code;
    }
    *out = h;
    return ONYM_EXIT_DONE;
}

void
onym_batch_https_close(struct onym_batch_https *h)
{
    if (h != NULL) {
        onym_https_link_free(h->link);
        onym_batch_answer_free(h->answer);
        explicit_bzero(h->out, sizeof h->out); /* the head holds the proof */
        free(h);
    }
}

/* ---- the connection ---- */

/* The node will not have this client: nothing of this connection was taken, and another one would
 * end in the same way. */
static void
turned_away(struct onym_batch_running *r, const char *why)
{
    bool doubt = false;

    for (uint64_t row = r->job->rows; row < r->read; row++) {
        doubt = doubt || (onym_batch_entry_of(r, row)->doubt && !r->order->dry_run);
    }
    onym_batch_stop(r, doubt ? ONYM_EXIT_UNKNOWN : ONYM_EXIT_UNREACHABLE, why);
    r->flying = 0;
}

/* What was sent and not settled will go out again: nobody knows whether it was done. */
static void
lose(struct onym_batch_running *r)
{
    struct onym_batch_https *h = r->https;
    unsigned doubled = h->tries < PAUSE_TRIES ? h->tries : PAUSE_TRIES;
    char why[512];

    if (onym_https_link_is_refused(h->link, why, sizeof why)) {
        turned_away(r, why);
    }
    onym_https_link_down(h->link);
    h->up = false;
    h->tries++;
    h->again_ns = onym_clock_monotonic_ns();
    h->lost_ns = h->lost_ns != 0 ? h->lost_ns : h->again_ns;
    h->again_ns += ((uint64_t)PAUSE_MIN_MS << doubled) * NS_PER_MS;
}

static void
put_head(struct onym_batch_running *r)
{
    static const char *const modes[] = {[ONYM_BATCH_CREATE] = "create",
                                        [ONYM_BATCH_UPSERT] = "upsert",
                                        [ONYM_BATCH_DELETE] = "delete"};
    struct onym_batch_https *h = r->https;
    const struct onym_https *to = onym_https_link_to(h->link);
    int len = snprintf((char *)h->out, OUT_MAX,
                       "POST /api/v1/identifiers:batch?results=all&mode=%s%s HTTP/1.1\r\n"
                       "Host: %s:%s\r\nUser-Agent: onymctl\r\n%s%s%s"
                       "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
                       modes[r->order->input.mode], r->order->dry_run ? "&dry_run=true" : "",
                       to->host, to->port, to->authorization[0] != '\0' ? "Authorization: " : "",
                       to->authorization, to->authorization[0] != '\0' ? "\r\n" : "");

    h->out_at = 0;
    h->out_len = (size_t)len;
}

static void
connect_again(struct onym_batch_running *r)
{
    struct onym_batch_https *h = r->https;
    struct onym_fault fault = {.status = ONYM_OK};
    int code = onym_https_link_up(h->link, &fault);

    if (code == ONYM_EXIT_DONE) {
        for (uint64_t row = r->job->rows; row < h->next; row++) {
            struct onym_batch_entry *entry = onym_batch_entry_of(r, row);

            if (entry->flying) {
                entry->flying = false;
                entry->doubt = true;
                r->flying--;
            }
        }
        h->up = h->was_up = true;
        h->barrier = h->is_ended = false;
        h->lines = 0;
        h->next = r->job->rows;
        onym_batch_answer_begin(h->answer);
        put_head(r);
    } else if (h->was_up && (code == ONYM_EXIT_UNREACHABLE || code == ONYM_EXIT_SERVER) &&
               h->again_ns - h->lost_ns < r->order->retry_s * NS_PER_S) {
        r->put_off[0] = '\0';
        lose(r);
    } else {
        if (code == ONYM_EXIT_UNREACHABLE && r->flying > 0 && !r->order->dry_run) {
            code = ONYM_EXIT_UNKNOWN;
        }
        onym_batch_stop(r, code, fault.text[0] != '\0' ? fault.text : NULL);
        r->flying = 0;
    }
}

/* ---- sending ---- */

static bool
put_row(struct onym_batch_https *h, const struct onym_batch_row *row)
{
    struct onym_writer w = onym_writer_over(h->out + h->out_len, OUT_MAX - h->out_len);
    struct onym_time_memo times = {0};

    onym_json_put(&w, "{\"handle\":");
    onym_json_put_string(&w, row->name);
    if (row->action == ONYM_ACTION_CREATE) {
        onym_json_put(&w, ",\"values\":[");
        for (size_t i = 0; i < row->value_count; i++) {
            onym_json_put(&w, i > 0 ? "," : "");
            onym_json_value_write(&w, &row->values[i], false, &times);
        }
        onym_json_put(&w, "]");
    }
    onym_json_put(&w, "}\n");
    if (w.status != ONYM_OK || w.len > ONYM_LINE_LEN_MAX) {
        return false;
    }
    h->out_len += w.len;
    return true;
}

static void
fail_here(const struct onym_batch_running *r, struct onym_batch_entry *entry,
          enum onym_status status, const char *reason)
{
    entry->settled = entry->failed = true;
    entry->verdict = r->order->dry_run ? "would fail" : "failed";
    entry->status = status;
    entry->code = onym_status_wire(status);
    (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
}

/* Writes one row into the open chunk. False: it has to wait. */
static bool
send_row(struct onym_batch_running *r, struct onym_batch_entry *entry)
{
    struct onym_batch_https *h = r->https;
    bool barrier = onym_batch_is_barrier(entry->row);

    if (entry->row->action != ONYM_ACTION_CREATE && entry->row->action != ONYM_ACTION_DELETE) {
        fail_here(r, entry, ONYM_UNSUPPORTED,
                  "over HTTPS a row creates, replaces or deletes; for this "
                  "one use --server HOST[:PORT]");
        return true;
    }
    if (h->barrier || (barrier && r->flying > 0) || !onym_batch_announce(r, h->next)) {
        return false;
    }
    if (!put_row(h, entry->row)) {
        fail_here(r, entry, ONYM_VALUE_INVALID, "longer as JSON than 2097152 bytes");
        return true;
    }
    h->barrier = barrier;
    h->row[h->lines++ % ONYM_BATCH_WINDOW] = h->next;
    entry->flying = true;
    r->flying++;
    return true;
}

static void
fill(struct onym_batch_running *r)
{
    struct onym_batch_https *h = r->https;
    size_t chunk;

    if (h->out_at > 0) {
        h->out_len -= h->out_at;
        memmove(h->out, h->out + h->out_at, h->out_len);
        h->out_at = 0;
    }
    chunk = h->out_len;
    h->out_len += CHUNK_FRONT;
    while (!r->stopping && h->next < r->read && h->out_len < OUT_ENOUGH) {
        struct onym_batch_entry *entry = onym_batch_entry_of(r, h->next);

        if (!entry->settled && !send_row(r, entry)) {
            break;
        }
        h->next++;
        r->begun = h->next > r->begun ? h->next : r->begun;
    }
    if (h->out_len == chunk + CHUNK_FRONT) {
        h->out_len = chunk;
    } else {
        char front[CHUNK_FRONT + 1];

        (void)snprintf(front, sizeof front, "%08zx\r\n", h->out_len - chunk - CHUNK_FRONT);
        memcpy(h->out + chunk, front, CHUNK_FRONT);
        memcpy(h->out + h->out_len, "\r\n", 2);
        h->out_len += 2;
    }
    if (r->at_end && h->next == r->read && !h->is_ended) {
        memcpy(h->out + h->out_len, "0\r\n\r\n", 5);
        h->out_len += 5;
        h->is_ended = true;
    }
}

/* ---- moving bytes ---- */

static bool
write_some(struct onym_batch_https *h)
{
    while (h->out_at < h->out_len) {
        size_t done = 0;
        enum onym_tls_dial_state state = onym_tls_dial_write(
            onym_https_link_dial(h->link), h->out + h->out_at, h->out_len - h->out_at, &done);

        h->out_at += done;
        if (state != ONYM_TLS_DIAL_DONE) {
            return state != ONYM_TLS_DIAL_ENDED;
        }
    }
    return true;
}

/* What a result means for its row. False: nothing certain, the row goes out again. */
static bool
settle(struct onym_batch_running *r, const struct onym_batch_verdict *v)
{
    struct onym_batch_https *h = r->https;
    struct onym_batch_entry *entry;

    if (v->passing) {
        (void)snprintf(r->put_off, sizeof r->put_off, "%s", v->reason);
    }
    if (v->row == 0 || v->row > h->lines || v->row + ONYM_BATCH_WINDOW <= h->lines || v->passing) {
        return false;
    }
    entry = onym_batch_entry_of(r, h->row[(v->row - 1) % ONYM_BATCH_WINDOW]);
    if (!entry->flying) {
        return false;
    }
    entry->flying = false;
    entry->settled = true;
    entry->failed = v->failed &&
                    !(v->missing && entry->doubt && entry->row->action == ONYM_ACTION_DELETE);
    entry->verdict = v->failed && !entry->failed ? "unchanged" : v->verdict;
    entry->code = v->code;
    (void)snprintf(entry->reason, sizeof entry->reason, "%s", v->reason);
    r->flying--;
    r->heard_ns = onym_clock_monotonic_ns();
    r->put_off[0] = '\0';
    h->barrier = false;
    h->tries = 0;
    h->lost_ns = 0;
    return true;
}

static void
refused(struct onym_batch_running *r)
{
    int status = 0;
    const char *detail = onym_batch_answer_problem(r->https->answer, &status);
    char text[512];

    if (status == 503 || status == 429) {
        (void)snprintf(r->put_off, sizeof r->put_off, "%.255s", detail);
        lose(r);
        return;
    }
    if (status == 401 || status == 403) {
        (void)snprintf(text, sizeof text,
                       "%s; say who you are with --as INDEX:HANDLE and --key FILE or --secret-file "
                       "FILE, or with --token-file FILE, and continue with the same command",
                       detail);
    } else {
        (void)snprintf(text, sizeof text, "the node answers %d: %s", status, detail);
    }
    onym_batch_stop(r, status == 401 || status == 403 ? ONYM_EXIT_AUTH : ONYM_EXIT_SERVER, text);
    r->flying = 0;
}

static void
hear(struct onym_batch_running *r)
{
    struct onym_batch_https *h = r->https;
    struct onym_batch_verdict verdict;
    enum onym_batch_heard heard;
    bool open = onym_batch_answer_read(h->answer, onym_https_link_dial(h->link), r->order->dry_run);

    while ((heard = onym_batch_answer_next(h->answer, &verdict)) == ONYM_BATCH_HEARD_ROW) {
        if (!settle(r, &verdict)) {
            lose(r);
            return;
        }
    }
    if (heard == ONYM_BATCH_HEARD_PROBLEM) {
        refused(r);
    } else if (heard == ONYM_BATCH_HEARD_BROKEN ||
               (heard == ONYM_BATCH_HEARD_END && r->flying > 0) || (!open && r->flying > 0)) {
        lose(r);
    }
}

void
onym_batch_https_step(struct onym_batch_running *r)
{
    struct onym_batch_https *h = r->https;
    struct pollfd fds[2] = {{.fd = r->signals, .events = POLLIN}};
    uint64_t now_ns = onym_clock_monotonic_ns();

    if (!h->up && now_ns >= h->again_ns) {
        connect_again(r);
    }
    if (h->up) {
        fill(r);
    }
    if (h->up && !write_some(h)) {
        lose(r);
    }
    fds[1] = (struct pollfd){.fd = h->up ? onym_https_link_fd(h->link) : -1,
                             .events = (short)(POLLIN | (h->out_at < h->out_len ? POLLOUT : 0))};
    if (r->flying > 0 || !h->up) {
        (void)poll(fds, 2, h->up ? POLL_MS : (int)PAUSE_MIN_MS);
    }
    if (h->up) {
        hear(r);
    }
}
