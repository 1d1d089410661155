#include "tools/batch_run_priv.h"

#include "base/clock.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* FILE.job allows so many rows to be sent before it is written again. */
#define SENT_STEP       1024U
#define SENT_STEP_HTTPS ONYM_BATCH_WINDOW
#define SAVE_NS         ((uint64_t)500 * 1000 * 1000)
#define NS_PER_S        1000000000ULL

/* ---- reading ---- */

static void
take_row(struct onym_batch_running *r, struct onym_batch_row *row)
{
    struct onym_batch_entry *entry = onym_batch_entry_of(r, r->read);

    *entry = (struct onym_batch_entry){.row = row, .doubt = r->read < r->doubt};
    if (row->kind == ONYM_BATCH_BROKEN) {
        entry->settled = true;
        entry->failed = true;
        entry->verdict = r->order->dry_run ? "would fail" : "failed";
        entry->status = row->status;
        entry->code = onym_status_wire(row->status);
        memcpy(entry->reason, row->why, sizeof entry->reason);
    }
    r->bytes += row->text.len;
    r->read++;
}

static void
read_rows(struct onym_batch_running *r)
{
    struct onym_fault fault = {.status = ONYM_OK};
    struct onym_batch_row *row;

    while (!r->at_end && !r->stopping && r->read - r->job->rows < ONYM_BATCH_WINDOW &&
           r->bytes < ONYM_BATCH_BYTES) {
        enum onym_status status = onym_batch_rows_next(r->rows, &row, &fault);

        if (status == ONYM_OK) {
            take_row(r, row);
        } else {
            r->at_end = true;
            if (status != ONYM_NOT_FOUND) {
                /* what was read before stands; what comes behind cannot be told apart */
                onym_progress_clear(&r->progress);
                (void)fprintf(stderr, "onymctl %s: %s\n  the rows behind it are not read\n",
                              r->order->what, fault.text);
                r->code = status == ONYM_INVALID ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_SERVER;
                (void)snprintf(r->why, sizeof r->why, "%.400s; the rows behind it are not read",
                               fault.text);
            }
        }
    }
}

/* ---- sending ---- */

bool
onym_batch_is_barrier(const struct onym_batch_row *row)
{
    return row->action == ONYM_ACTION_HOME || row->action == ONYM_ACTION_UNHOME ||
           (row->name.len > 2 && row->name.at[0] == '0' && row->name.at[1] == '.');
}

static bool
same_name(onym_span a, onym_span b)
{
    return a.len == b.len && strncasecmp((const char *)a.at, (const char *)b.at, a.len) == 0;
}

/* A slot for the row, or NULL when it must wait: rows of one identifier keep their order. */
static struct onym_batch_slot *
slot_for(struct onym_batch_running *r, const struct onym_batch_row *row)
{
    struct onym_batch_slot *idle = NULL;

    for (unsigned i = 0; i < r->order->connections; i++) {
        const struct onym_batch_entry *other = r->slots[i].entry;

        if (other == NULL) {
            idle = &r->slots[i];
        } else if (onym_batch_is_barrier(row) || onym_batch_is_barrier(other->row) ||
                   same_name(other->row->name, row->name)) {
            return NULL;
        }
    }
    return idle;
}

bool
onym_batch_announce(struct onym_batch_running *r, uint64_t row)
{
    if (row < r->job->sent) {
        return true;
    }
    r->job->sent = row + (r->https != NULL ? SENT_STEP_HTTPS : SENT_STEP);
    return onym_batch_save(r);
}

static void
send_rows(struct onym_batch_running *r)
{
    while (!r->stopping && r->begun < r->read) {
        struct onym_batch_entry *entry = onym_batch_entry_of(r, r->begun);
        struct onym_batch_slot *slot;

        if (entry->row->kind == ONYM_BATCH_IDENTITY) {
            if (r->flying > 0 || !onym_batch_identify(r, entry->row)) {
                return;
            }
            entry->settled = true;
        } else if (!entry->settled) {
            slot = slot_for(r, entry->row);
            if (slot == NULL || !onym_batch_announce(r, r->begun)) {
                return;
            }
            onym_batch_slot_start(slot, entry, r->order->dry_run);
            r->flying++;
        }
        r->begun++;
    }
}

/* ---- hearing ---- */

static void
refuse_identity(struct onym_batch_running *r, const struct onym_client_result *result)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "%s (%u); say who you are with --as INDEX:HANDLE and --key FILE or "
                   "--secret-file FILE, and continue with the same command",
                   result->detail, (unsigned)result->code);
    onym_batch_stop(r, ONYM_EXIT_AUTH, text);
}

static void
hear(struct onym_batch_running *r)
{
    uint64_t now_ns = onym_clock_monotonic_ns();

    for (unsigned i = 0; i < r->order->connections; i++) {
        struct onym_batch_slot *slot = &r->slots[i];
        bool busy = slot->entry != NULL;
        enum onym_batch_end end = onym_batch_slot_step(slot, now_ns);

        if (busy && (end == ONYM_BATCH_SETTLED || end == ONYM_BATCH_IDENTITY_REFUSED)) {
            r->flying--;
            r->heard_ns = now_ns;
            r->put_off[0] = '\0';
        } else if (busy && end == ONYM_BATCH_AGAIN) {
            bool heard = slot->result.status == ONYM_BUSY || slot->result.status == ONYM_READ_ONLY;

            (void)snprintf(r->put_off, sizeof r->put_off, "%s",
                           heard ? onym_status_text(slot->result.status) : "");
        }
        if (end == ONYM_BATCH_IDENTITY_REFUSED && !r->stopping) {
            refuse_identity(r, &slot->result);
        }
    }
}

/* Whether of a row under way nobody knows if it is stored. */
static bool
in_doubt(const struct onym_batch_running *r)
{
    if (r->https != NULL) {
        return r->flying > 0 && !r->order->dry_run;
    }
    for (unsigned i = 0; i < r->order->connections; i++) {
        const struct onym_batch_slot *slot = &r->slots[i];

        if (slot->entry != NULL && !slot->dry_run &&
            (slot->entry->doubt || (slot->asking && slot->tries == 0))) {
            return true;
        }
    }
    return false;
}

static void
give_up(struct onym_batch_running *r)
{
    bool unknown = in_doubt(r);
    bool put_off = r->put_off[0] != '\0';
    char text[PATH_MAX + 512];

    (void)snprintf(
        text, sizeof text, "the node %s%s%s; when it does again: onymctl batch resume %s",
        put_off ? "takes no rows: " : "does not answer", r->put_off,
        unknown ? ", and some rows under way may be stored or not" : "", r->order->input.path);
    onym_batch_stop(r, unknown ? ONYM_EXIT_UNKNOWN : ONYM_EXIT_UNREACHABLE, text);
    r->flying = 0;
}

/* No row was settled for too long, or the user has enough. */
static void
consider_stopping(struct onym_batch_running *r)
{
    struct signalfd_siginfo info;

    if (r->flying > 0 && onym_clock_monotonic_ns() - r->heard_ns > r->order->retry_s * NS_PER_S) {
        give_up(r);
    }
    if (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        char text[PATH_MAX + 64];

        (void)snprintf(text, sizeof text, "interrupted; go on with onymctl batch resume %s",
                       r->order->input.path);
        onym_batch_stop(r, ONYM_EXIT_INTERRUPTED, text);
        r->flying = 0;
    }
}

static void
wait_a_little(struct onym_batch_running *r)
{
    struct pollfd fds[ONYM_BATCH_CONNECTIONS_MAX + 1];
    uint64_t now_ns = onym_clock_monotonic_ns();
    nfds_t count = 0;
    int wait_ms = 200;

    for (unsigned i = 0; i < r->order->connections; i++) {
        int own_ms = onym_batch_slot_wait_ms(&r->slots[i], now_ns);

        if (own_ms >= 0) {
            fds[count++] = (struct pollfd){.fd = onym_client_fd(r->slots[i].c.client),
                                           .events = POLLIN};
            wait_ms = own_ms < wait_ms ? own_ms : wait_ms;
        }
    }
    fds[count++] = (struct pollfd){.fd = r->signals, .events = POLLIN};
    (void)poll(fds, count, wait_ms);
}

/* ---- settling ---- */

/* FILE.failed runs by itself: who asked for a row stands in front of it. */
static void
put_failed(struct onym_batch_running *r, const struct onym_batch_entry *entry)
{
    if (r->identity != NULL && !r->identity_told) {
        (void)fwrite(r->identity->text.at, 1, r->identity->text.len, r->failed);
        (void)fputs("\n\n", r->failed);
        r->identity_told = true;
    }
    onym_batch_row_put_failed(r->failed, onym_batch_rows_format(r->rows), entry->row, entry->code,
                              onym_span_text(entry->reason));
}

static void
count_row(struct onym_batch_running *r, const struct onym_batch_entry *entry)
{
    onym_span reason = onym_span_text(entry->reason);
    struct onym_batch_told told = {.row = entry->row,
                                   .verdict = entry->verdict,
                                   .failed = entry->failed,
                                   .code = entry->code,
                                   .reason = reason};

    if (entry->failed) {
        r->job->failed++;
        if (!r->order->dry_run) {
            put_failed(r, entry);
        }
    } else if (strcmp(entry->verdict, "unchanged") == 0) {
        r->job->unchanged++;
    } else {
        r->job->done++;
    }
    if (r->order->results != ONYM_BATCH_RESULTS_NONE) {
        onym_progress_clear(&r->progress);
    }
    onym_batch_report_row(r->order, &told);
    if (entry->failed && r->order->stop_on_error) {
        onym_batch_stop(r, ONYM_EXIT_NEGATIVE, "stopped at the first row that failed");
    }
}

static void
settle_rows(struct onym_batch_running *r)
{
    while (r->job->rows < r->begun && onym_batch_entry_of(r, r->job->rows)->settled) {
        struct onym_batch_entry *entry = onym_batch_entry_of(r, r->job->rows);

        r->bytes -= entry->row->text.len;
        if (entry->row->kind == ONYM_BATCH_IDENTITY) {
            onym_batch_keep_identity(r, entry->row);
        } else {
            count_row(r, entry);
            onym_batch_row_free(entry->row);
        }
        entry->row = NULL;
        r->job->rows++;
    }
    if (onym_clock_monotonic_ns() - r->saved_ns > SAVE_NS && !r->stopping) {
        (void)onym_batch_save(r);
    }
    (void)snprintf(r->phase, sizeof r->phase, "%llu failed,", (unsigned long long)r->job->failed);
    onym_progress_step(&r->progress, r->job->rows, onym_batch_rows_done(r->rows), r->job->size);
}

static void
finish(struct onym_batch_running *r)
{
    bool complete = !r->stopping && r->at_end && r->code == ONYM_EXIT_DONE;
    struct onym_batch_end_told end;

    onym_progress_clear(&r->progress);
    if (complete && onym_batch_job_is_stale(r->job, r->order->input.path)) {
        onym_batch_stop(r, ONYM_EXIT_REFUSED,
                        "the file was written to while its rows were read; run it again: rows that "
                        "are stored already stay as they are");
        complete = false;
    }
    r->job->finished = complete;
    if (!onym_batch_save(r)) {
        complete = false;
    }
    if (complete && r->job->failed == 0 && !r->order->dry_run) {
        (void)unlink(r->job->failed_path);
    }
    if (r->code == ONYM_EXIT_DONE && r->job->failed > 0) {
        r->code = ONYM_EXIT_NEGATIVE;
    }
    end = (struct onym_batch_end_told){
        .complete = complete,
        .code = r->code,
        .why = r->why,
        .seconds = (double)(onym_clock_monotonic_ns() - r->start_ns) / (double)NS_PER_S};
    onym_batch_report_end(r->order, r->job, &end);
}

int
onym_batch_run(const struct onym_batch_order *order, struct onym_batch_job *job)
{
    struct onym_batch_running *r = calloc(1, sizeof *r);
    int code;

    if (r == NULL) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", order->what);
        return ONYM_EXIT_SERVER;
    }
    r->order = order;
    r->job = job;
    r->signals = -1;
    r->doubt = job->sent;
    r->start_ns = r->saved_ns = r->heard_ns = onym_clock_monotonic_ns();
    if (onym_batch_open(r)) {
        onym_progress_start(&r->progress, order->cli, order->what, r->phase);
        do {
            read_rows(r);
            if (r->https != NULL) {
                onym_batch_https_step(r);
            } else {
                send_rows(r);
                if (r->flying > 0) {
                    wait_a_little(r);
                }
                hear(r);
            }
            settle_rows(r);
            consider_stopping(r);
            if (r->flying == 0) {
                r->heard_ns = onym_clock_monotonic_ns();
            }
        } while (r->flying > 0 || (!r->stopping && (!r->at_end || r->begun < r->read)));
        settle_rows(r);
        finish(r);
    }
    code = r->code;
    onym_batch_close(r);
    free(r);
    return code;
}
