#include "base/log.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log_line.h"
#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS     1000000000U
#define POLL_MS       100 /* how soon a stalled writer notices that the log closes */
#define REPEAT_EVENTS 64U /* events watched for repeats at once */

/* turn says whose the slot is: equal to a position = free for the line at that position, one more
 * = holds that line. */
struct slot {
    _Atomic uint64_t turn;
    uint64_t epoch_ms;
    uint64_t at_ns; /* monotonic */
    enum onym_log_level level;
    const char *component;
    const char *event;
    const char *msg;
    size_t len;
    char body[ONYM_LOG_BODY_MAX];
};

/* An event seen within the last second; event is NULL when the row is free. */
struct repeat {
    enum onym_log_level level;
    const char *component;
    const char *event;
    const char *msg;
    uint64_t since_ns;
    uint64_t last; /* hash of the latest body */
    uint32_t lines;
    uint64_t held; /* lines counted and not written */
};

struct onym_log {
    int fd;
    bool json;
    bool color;
    _Atomic int level;
    _Atomic uint64_t head; /* position of the next line */
    _Atomic uint64_t dropped;
    _Atomic bool closing;
    uint64_t give_up_ns; /* set before closing */
    sem_t ready;         /* at least one post after each line put */
    pthread_t writer;
    uint64_t mask;
    struct slot *slots;

    /* the writer's own */
    uint64_t tail;
    uint64_t told; /* dropped lines reported */
    uint64_t told_ns;
    struct repeat repeat[REPEAT_EVENTS];
};

void
onym_log_put(struct onym_log *log, enum onym_log_level level, const char *component,
             const char *event, const char *msg, const struct onym_log_field *fields)
{
    struct onym_log_body body = {.json = log->json,
                                 .color = log->color,
                                 .level = level,
                                 .component = component,
                                 .event = event,
                                 .msg = msg,
                                 .fields = fields};
    uint64_t pos = atomic_load_explicit(&log->head, memory_order_relaxed);
    int saved = errno;
    struct slot *slot;

    for (;;) {
        slot = &log->slots[pos & log->mask];
        uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        if (turn == pos) {
            if (atomic_compare_exchange_weak_explicit(&log->head, &pos, pos + 1,
                                                      memory_order_relaxed, memory_order_relaxed)) {
                break;
            }
        } else if (turn < pos) {
            (void)atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
            return;
        } else {
            pos = atomic_load_explicit(&log->head, memory_order_relaxed);
        }
    }
    slot->epoch_ms = onym_clock_epoch_ms();
    slot->at_ns = onym_clock_monotonic_ns();
    slot->level = level;
    slot->component = component;
    slot->event = event;
    slot->msg = msg;
    slot->len = onym_log_line_body(&body, slot->body);
    atomic_store_explicit(&slot->turn, pos + 1, memory_order_release);
    (void)sem_post(&log->ready);
    errno = saved;
}

/* False when the log closes, its time is over and the reader still takes nothing. */
static bool
wait_writable(struct onym_log *log)
{
    struct pollfd p = {.fd = log->fd, .events = POLLOUT};

    for (;;) {
        bool over = atomic_load_explicit(&log->closing, memory_order_acquire) &&
                    onym_clock_monotonic_ns() >= log->give_up_ns;
        if (poll(&p, 1, over ? 0 : POLL_MS) > 0) {
            return true;
        }
        if (over) {
            return false;
        }
    }
}

static bool
write_line(struct onym_log *log, uint64_t epoch_ms, const char *body, size_t len)
{
    char line[ONYM_LOG_LINE_MAX];
    size_t left = onym_log_line_time(log->json, epoch_ms, line);
    const char *at = line;

    memcpy(line + left, body, len);
    left += len;
    line[left++] = '\n';
    while (left > 0) {
        ssize_t n;

        if (!wait_writable(log)) {
            return false;
        }
        n = write(log->fd, at, left);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* A line of the log's own with one number: repeats and drops. */
static bool
write_count(struct onym_log *log, const struct repeat *what, const char *key, uint64_t n)
{
    char text[ONYM_LOG_BODY_MAX];
    struct onym_log_field fields[] = {onym_log_u64(key, n), {.kind = ONYM_LOG_FIELD_END}};
    struct onym_log_body body = {.json = log->json,
                                 .color = log->color,
                                 .level = what->level,
                                 .component = what->component,
                                 .event = what->event,
                                 .msg = what->msg,
                                 .fields = fields};
    size_t len = onym_log_line_body(&body, text);

    return write_line(log, onym_clock_epoch_ms(), text, len);
}

static void
count_dropped(struct onym_log *log, uint64_t n)
{
    (void)atomic_fetch_add_explicit(&log->dropped, n, memory_order_relaxed);
}

/* Ends a row's second: says how many lines were held and frees the row. */
static void
end_repeat(struct onym_log *log, struct repeat *r)
{
    if (r->held > 0 && !write_count(log, r, "repeated", r->held)) {
        count_dropped(log, r->held);
    }
    r->event = NULL;
}

/* The row of the slot's event; a new one when the event was not seen within the last second. */
static struct repeat *
find_repeat(struct onym_log *log, const struct slot *slot)
{
    struct repeat *unused = NULL;
    struct repeat *oldest = &log->repeat[0];

    for (size_t i = 0; i < REPEAT_EVENTS; i++) {
        struct repeat *r = &log->repeat[i];
        if (r->event == NULL) {
            unused = r;
            continue;
        }
        if (r->level == slot->level && strcmp(r->event, slot->event) == 0 &&
            strcmp(r->component, slot->component) == 0) {
            if (slot->at_ns < r->since_ns + SECOND_NS) {
                return r;
            }
            end_repeat(log, r);
            unused = r;
            break;
        }
        if (oldest->event == NULL || r->since_ns < oldest->since_ns) {
            oldest = r;
        }
    }
    if (unused == NULL) {
        end_repeat(log, oldest);
        unused = oldest;
    }
    *unused = (struct repeat){.level = slot->level,
                              .component = slot->component,
                              .event = slot->event,
                              .msg = slot->msg,
                              .since_ns = slot->at_ns};
    return unused;
}

static void
handle_line(struct onym_log *log, const struct slot *slot)
{
    struct repeat *r = find_repeat(log, slot);
    uint64_t hash = onym_hash64(onym_span_of(slot->body, slot->len), 0);
    bool same = r->lines > 0 && r->last == hash;

    r->last = hash;
    if (same || r->lines >= ONYM_LOG_BURST) {
        r->held++;
        return;
    }
    r->lines++;
    if (!write_line(log, slot->epoch_ms, slot->body, slot->len)) {
        count_dropped(log, 1);
    }
}

/* Handles what is queued, but not for ever when producers keep up with it. */
static bool
drain(struct onym_log *log)
{
    for (uint64_t n = 0; n <= log->mask; n++) {
        struct slot *slot = &log->slots[log->tail & log->mask];
        if (atomic_load_explicit(&slot->turn, memory_order_acquire) != log->tail + 1) {
            return n > 0;
        }
        handle_line(log, slot);
        atomic_store_explicit(&slot->turn, log->tail + log->mask + 1, memory_order_release);
        log->tail++;
    }
    return true;
}

/* Ends rows whose second is over (all = every row); returns when the next one will be, or 0. */
static uint64_t
end_repeats(struct onym_log *log, uint64_t now_ns, bool all)
{
    uint64_t next = 0;

    for (size_t i = 0; i < REPEAT_EVENTS; i++) {
        struct repeat *r = &log->repeat[i];
        uint64_t end = r->since_ns + SECOND_NS;
        if (r->event == NULL) {
            continue;
        }
        if (all || end <= now_ns) {
            end_repeat(log, r);
        } else if (r->held > 0 && (next == 0 || end < next)) {
            next = end;
        }
    }
    return next;
}

/* Reports lines lost since the last report, once a second; returns when it is due, or 0. */
static uint64_t
report_dropped(struct onym_log *log, uint64_t now_ns, bool must)
{
    static const struct repeat what = {.level = ONYM_LOG_WARNING,
                                       .component = "log",
                                       .event = "log_dropped",
                                       .msg = "log lines were dropped; the reader is too slow"};
    uint64_t dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed);

    if (dropped == log->told) {
        return 0;
    }
    if (!must && log->told_ns != 0 && now_ns < log->told_ns + SECOND_NS) {
        return log->told_ns + SECOND_NS;
    }
    log->told_ns = now_ns;
    if (write_count(log, &what, "dropped", dropped - log->told)) {
        log->told = dropped;
        return 0;
    }
    return now_ns + SECOND_NS;
}

static void
wait_ready(struct onym_log *log, uint64_t until_ns)
{
    if (until_ns == 0) {
        (void)sem_wait(&log->ready);
    } else {
        struct timespec t = {.tv_sec = (time_t)(until_ns / SECOND_NS),
                             .tv_nsec = (long)(until_ns % SECOND_NS)};
        (void)sem_clockwait(&log->ready, CLOCK_MONOTONIC, &t);
    }
    while (sem_trywait(&log->ready) == 0) {
        /* one pass serves all posts so far */
    }
}

static void *
writer_main(void *arg)
{
    struct onym_log *log = arg;
    uint64_t until_ns = 0;

    onym_process_name_thread("log");
    for (;;) {
        uint64_t now_ns;
        uint64_t repeats_ns;
        uint64_t dropped_ns;
        bool closing = atomic_load_explicit(&log->closing, memory_order_acquire);
        bool more = drain(log);

        now_ns = onym_clock_monotonic_ns();
        if (closing && !more) {
            (void)end_repeats(log, now_ns, true);
            (void)report_dropped(log, now_ns, true);
            return NULL;
        }
        repeats_ns = end_repeats(log, now_ns, false);
        dropped_ns = report_dropped(log, now_ns, false);
        until_ns = repeats_ns;
        if (dropped_ns != 0 && (until_ns == 0 || dropped_ns < until_ns)) {
            until_ns = dropped_ns;
        }
        if (!more) {
            wait_ready(log, until_ns);
        }
    }
}

static uint64_t
queue_size(uint32_t lines)
{
    uint64_t size = 1;

    while (size < (lines == 0 ? 512U : lines)) {
        size *= 2;
    }
    return size;
}

/* The writer must not be chosen for the program's signals, and a closed pipe must give it EPIPE. */
static bool
start_writer(struct onym_log *log)
{
    sigset_t all;
    sigset_t before;
    int failed;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&log->writer, NULL, writer_main, log);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

enum onym_status
onym_log_open(const struct onym_log_options *options, struct onym_log **out)
{
    uint64_t size = queue_size(options->queue_lines);
    bool terminal = isatty(options->fd) == 1;
    struct onym_log *log;

    if (options->queue_lines > ONYM_LOG_QUEUE_MAX) {
        return ONYM_INVALID;
    }
    log = calloc(1, sizeof *log);
    if (log == NULL) {
        return ONYM_NO_MEMORY;
    }
    log->fd = options->fd;
    log->json = options->format == ONYM_LOG_JSON || (options->format == ONYM_LOG_AUTO && !terminal);
    log->color = !log->json && terminal && options->color;
    atomic_init(&log->level, (int)options->level);
    log->mask = size - 1;
    log->slots = calloc(size, sizeof *log->slots);
    if (log->slots == NULL) {
        free(log);
        return ONYM_NO_MEMORY;
    }
    for (uint64_t i = 0; i < size; i++) {
        atomic_init(&log->slots[i].turn, i);
    }
    (void)sem_init(&log->ready, 0, 0);
    if (!start_writer(log)) {
        (void)sem_destroy(&log->ready);
        free(log->slots);
        free(log);
        return ONYM_ERROR;
    }
    *out = log;
    return ONYM_OK;
}

uint64_t
onym_log_close(struct onym_log *log, uint32_t timeout_ms)
{
    uint64_t dropped;

    if (log == NULL) {
        return 0;
    }
    log->give_up_ns = onym_clock_monotonic_ns() + (uint64_t)timeout_ms * 1000000U;
    atomic_store_explicit(&log->closing, true, memory_order_release);
    (void)sem_post(&log->ready);
    (void)pthread_join(log->writer, NULL);
    dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed);
    (void)sem_destroy(&log->ready);
    free(log->slots);
    free(log);
    return dropped;
}

void
onym_log_set_level(struct onym_log *log, enum onym_log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool
onym_log_enabled(const struct onym_log *log, enum onym_log_level level)
{
    return log != NULL && (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

uint64_t
onym_log_dropped(const struct onym_log *log)
{
    return log != NULL ? atomic_load_explicit(&log->dropped, memory_order_relaxed) : 0;
}
