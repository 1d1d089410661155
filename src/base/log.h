/* Structured log lines that never make a worker wait.
 *
 * A line is formatted by the thread that has something to say, put into a bounded queue (no lock,
 * no system call unless the writer sleeps) and written by one thread of the log. A full queue
 * drops the line and counts it; the count is itself reported as soon as the reader keeps up again.
 *
 * Caveats first:
 * - component, event, msg and every field key must be static strings: the queue keeps pointers.
 * - Nothing secret and no full values belong into a line.
 * - Repeats collapse: within one second of an event's first line, a line equal to the one before
 *   it, or any beyond ONYM_LOG_BURST lines of that event, is only counted; when the second is over
 *   one line of that event says repeated=N. An event is known by its level, component and name.
 * - A line is at most ONYM_LOG_LINE_MAX bytes with its newline, so that the kernel writes it to a
 *   pipe in one piece. What does not fit is cut at a character, ends in "..." and says cut=true.
 *
 * JSON lines are {"ts","level","component","event","msg", fields...} with UTC time; text lines are
 * "local time LEVEL component: msg event=... key=value". Bytes that are not UTF-8 become U+FFFD in
 * JSON and \xNN in text; control characters and direction marks are escaped in both. */
#ifndef ONYM_BASE_LOG_H
#define ONYM_BASE_LOG_H

#include "onym/span.h"
#include "onym/status.h"

struct sockaddr;
struct onym_log;

#define ONYM_LOG_LINE_MAX  4096U /* bytes of a line with its newline (PIPE_BUF of Linux) */
#define ONYM_LOG_QUEUE_MAX 65536U
#define ONYM_LOG_BURST     10U

enum onym_log_level {
    ONYM_LOG_ERROR,
    ONYM_LOG_WARNING,
    ONYM_LOG_NOTICE,
    ONYM_LOG_INFO,
    ONYM_LOG_DEBUG
};

/* AUTO is text on a terminal and JSON otherwise. */
enum onym_log_format { ONYM_LOG_AUTO, ONYM_LOG_TEXT, ONYM_LOG_JSON };

struct onym_log_options {
    int fd;                    /* borrowed until close, normally 2; never closed by the log */
    enum onym_log_level level; /* lines above it are not made */
    enum onym_log_format format;
    bool color;           /* colours, if the lines are text and fd is a terminal */
    uint32_t queue_lines; /* 1..ONYM_LOG_QUEUE_MAX, rounded up to a power of two; 0 = 512 */
};

/* Starts the writer thread, which takes no signals. *out is set on success and is closed with
 * onym_log_close. ONYM_NO_MEMORY, or ONYM_ERROR when no thread can be started; ONYM_INVALID for a
 * queue_lines above its maximum. */
ONYM_MUST_USE enum onym_status onym_log_open(const struct onym_log_options *options,
                                             struct onym_log **out);

/* Writes what is queued, for at most timeout_ms, stops the writer and frees the log; NULL is
 * allowed. No other thread may use the log any more. Returns the number of lines that were dropped
 * over the life of the log, those that could not be flushed included. */
uint64_t onym_log_close(struct onym_log *log, uint32_t timeout_ms);

/* Changes the level of lines to come; any thread. */
void onym_log_set_level(struct onym_log *log, enum onym_log_level level);

/* Whether a line of that level would be made; false for a NULL log. Any thread. */
bool onym_log_enabled(const struct onym_log *log, enum onym_log_level level);

/* Lines dropped so far (metric onym_log_dropped_total); 0 for a NULL log. Any thread. */
uint64_t onym_log_dropped(const struct onym_log *log);

enum onym_log_kind {
    ONYM_LOG_FIELD_END,
    ONYM_LOG_FIELD_U64,
    ONYM_LOG_FIELD_I64,
    ONYM_LOG_FIELD_BOOL,
    ONYM_LOG_FIELD_BYTES,
    ONYM_LOG_FIELD_ADDRESS
};

/* One typed key and value; made with the functions below. Values are read before ONYM_LOG
 * returns. */
struct onym_log_field {
    enum onym_log_kind kind;
    const char *key; /* static, snake_case */
    union {
        uint64_t u64;
        int64_t i64;
        onym_span bytes;
        const struct sockaddr *address;
    } as;
};

static inline struct onym_log_field
onym_log_u64(const char *key, uint64_t value)
{
    return (struct onym_log_field){.kind = ONYM_LOG_FIELD_U64, .key = key, .as.u64 = value};
}

static inline struct onym_log_field
onym_log_i64(const char *key, int64_t value)
{
    return (struct onym_log_field){.kind = ONYM_LOG_FIELD_I64, .key = key, .as.i64 = value};
}

static inline struct onym_log_field
onym_log_bool(const char *key, bool value)
{
    return (struct onym_log_field){.kind = ONYM_LOG_FIELD_BOOL, .key = key, .as.u64 = value};
}

static inline struct onym_log_field
onym_log_span(const char *key, onym_span value)
{
    return (struct onym_log_field){.kind = ONYM_LOG_FIELD_BYTES, .key = key, .as.bytes = value};
}

/* A C string; NULL is shown as empty. */
static inline struct onym_log_field
onym_log_text(const char *key, const char *value)
{
    return onym_log_span(key, value != NULL ? onym_span_text(value) : onym_span_of(NULL, 0));
}

/* The status's text, usually under the key "err". */
static inline struct onym_log_field
onym_log_status(const char *key, enum onym_status value)
{
    return onym_log_text(key, onym_status_text(value));
}

/* An IPv4 or IPv6 address with its port, as "192.0.2.1:2641" or "[2001:db8::1]:2641". */
static inline struct onym_log_field
onym_log_address(const char *key, const struct sockaddr *value)
{
    return (struct onym_log_field){.kind = ONYM_LOG_FIELD_ADDRESS, .key = key, .as.address = value};
}

/* ONYM_LOG(log, level, component, event, msg[, fields...]): one line. log may be NULL. Never
 * waits, never fails visibly to the caller; any thread.
 *
 *   ONYM_LOG(log, ONYM_LOG_INFO, "server", "node_ready", "the node is ready",
 *            onym_log_text("node", id), onym_log_u64("workers", n));
 *
 * Fields are evaluated only when the level is on. */
#define ONYM_LOG(log, level, component, event, ...)                                                \
    do {                                                                                           \
        if (onym_log_enabled((log), (level))) {                                                    \
            ONYM_LOG_PUT(log, level, component, event, __VA_ARGS__, {.kind = ONYM_LOG_FIELD_END}); \
        }                                                                                          \
    } while (0)

/* The end mark joins the fields here so that a message without fields needs no second macro. */
#define ONYM_LOG_PUT(log, level, component, event, msg, ...)                                       \
    onym_log_put((log), (level), (component), (event), (msg),                                      \
                 (const struct onym_log_field[]){__VA_ARGS__})

/* What ONYM_LOG calls; fields end with ONYM_LOG_FIELD_END. */
void onym_log_put(struct onym_log *log, enum onym_log_level level, const char *component,
                  const char *event, const char *msg, const struct onym_log_field *fields);

/* "error", "warning", "notice", "info", "debug". Static; never NULL. */
const char *onym_log_level_name(enum onym_log_level level);

#endif
