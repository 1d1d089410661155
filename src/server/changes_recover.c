/* A disk that failed during a commit. The kernel calls the pages of a failed sync clean, and LMDB
 * goes on as if nothing had happened or takes no transaction any more: only what is read from the
 * disk again says what is there. */
#include "server/changes_priv.h"

#include "base/clock.h"
#include "store/check.h"

#define RETRY_FIRST_MS 250U
#define RETRY_LAST_MS  30000U

static void
ignore_damage(void *arg, onym_span name, const char *why)
{
    struct onym_changes *c = arg;

    ONYM_LOG(c->options.log, ONYM_LOG_ERROR, "store", "record_damaged",
             "a stored record is damaged and is not served", onym_log_span("id", name),
             onym_log_text("why", why));
}

/* Reads everything. */
static enum onym_status
check(struct onym_changes *c, struct onym_fault *fault)
{
    struct onym_check_options options = {.damaged = ignore_damage, .arg = c};
    struct onym_check_report report;
    struct onym_view *view = NULL;
    enum onym_status status = onym_view_open(c->options.env, &view);

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "the store cannot be read: %s",
                              onym_status_text(status));
    }
    status = onym_store_check(view, &options, &report, fault);
    onym_view_close(view);
    if (status == ONYM_OK && !onym_check_is_good(&report)) {
        return onym_fault_set(fault, ONYM_CORRUPT,
                              "%llu damaged records, counts %s, log %s; restore the store from a "
                              "dump or backup",
                              (unsigned long long)report.damaged,
                              report.counts_good ? "good" : "wrong",
                              report.log_good ? "good" : report.log_problem);
    }
    return status;
}

/* A commit that changes nothing but has to be written and synced. */
static enum onym_status
prove_commit(struct onym_changes *c, struct onym_fault *fault)
{
    struct onym_change *change;
    enum onym_status status = onym_change_begin(c->options.env, &change, fault);

    return status == ONYM_OK ? onym_change_commit(change, fault) : status;
}

static enum onym_status
attempt(struct onym_changes *c, bool *is_quiet, struct onym_fault *fault)
{
    enum onym_status status;

    if (!*is_quiet && c->options.quiet != NULL) {
        c->options.quiet(c->options.of);
    }
    *is_quiet = true;
    status = onym_env_reopen(c->options.env, fault);
    if (status != ONYM_OK) {
        return status;
    }
    /* resolution goes on while the check runs */
    if (c->options.resume != NULL) {
        c->options.resume(c->options.of);
    }
    *is_quiet = false;
    status = check(c, fault);
    return status == ONYM_OK ? prove_commit(c, fault) : status;
}

/* True: the changes are being stopped. */
static bool
wait_or_stop(struct onym_changes *c, uint32_t wait_ms)
{
    uint64_t until_ns = onym_clock_monotonic_ns() + (uint64_t)wait_ms * 1000000U;
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000U),
                             .tv_nsec = (long)(until_ns % 1000000000U)};
    bool stopping;

    (void)pthread_mutex_lock(&c->lock);
    while (!c->is_stopping &&
           pthread_cond_clockwait(&c->arrived, &c->lock, CLOCK_MONOTONIC, &until) == 0) {
    }
    stopping = c->is_stopping;
    (void)pthread_mutex_unlock(&c->lock);
    return stopping;
}

bool
onym_changes_recover(struct onym_changes *c)
{
    uint64_t began_ns = onym_clock_monotonic_ns();
    bool is_quiet = false;

    for (uint32_t wait_ms = RETRY_FIRST_MS;; wait_ms *= 2) {
        struct onym_fault fault = {0};

        if (attempt(c, &is_quiet, &fault) == ONYM_OK) {
            break;
        }
        ONYM_LOG(c->options.log, ONYM_LOG_ERROR, "store", "store_not_good",
                 "the store is not good yet and the node takes no changes",
                 onym_log_text("err", fault.text));
        wait_ms = wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS;
        if (wait_or_stop(c, wait_ms)) {
            return false;
        }
    }
    (void)pthread_mutex_lock(&c->lock);
    c->stat.read_only = false;
    (void)pthread_mutex_unlock(&c->lock);
    ONYM_LOG(c->options.log, ONYM_LOG_NOTICE, "store", "store_good",
             "the store was opened again and checked; the node takes changes",
             onym_log_u64("dur_ms", (onym_clock_monotonic_ns() - began_ns) / 1000000U));
    return true;
}
