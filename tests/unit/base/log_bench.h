/* A log that writes into a pipe, and what the tests of it need to read the lines. */
#ifndef ONYM_TESTS_LOG_BENCH_H
#define ONYM_TESTS_LOG_BENCH_H

#include "base/log.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above in place */
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_MAX 1048576U

struct bench {
    int fd[2];
    struct onym_log *log;
    char *text; /* all that was read */
    size_t len;
};

static inline void
start(struct bench *b, enum onym_log_format format, uint32_t queue_lines)
{
    struct onym_log_options o = {
        .level = ONYM_LOG_INFO, .format = format, .color = true, .queue_lines = queue_lines};

    assert_int_equal(pipe(b->fd), 0);
    o.fd = b->fd[1];
    b->text = calloc(1, READ_MAX + 1);
    assert_non_null(b->text);
    b->len = 0;
    assert_int_equal(onym_log_open(&o, &b->log), ONYM_OK);
}

/* Reads until the writing end is closed or, with timeout_ms >= 0, nothing came for that long. */
static inline void
read_all(struct bench *b, int timeout_ms)
{
    struct pollfd p = {.fd = b->fd[0], .events = POLLIN};

    while (b->len < READ_MAX && poll(&p, 1, timeout_ms) > 0) {
        ssize_t n = read(b->fd[0], b->text + b->len, READ_MAX - b->len);
        if (n <= 0) {
            break;
        }
        b->len += (size_t)n;
    }
    b->text[b->len] = 0;
}

static inline uint64_t
finish(struct bench *b)
{
    uint64_t dropped = onym_log_close(b->log, 2000);

    (void)close(b->fd[1]);
    read_all(b, -1);
    (void)close(b->fd[0]);
    return dropped;
}

static inline void
stop(struct bench *b)
{
    free(b->text);
}

/* The next line without its newline, cut out of the text; NULL at the end. */
static inline char *
next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');

    if (end == NULL) {
        assert_int_equal(*line, 0);
        return NULL;
    }
    *end = 0;
    *at = end + 1;
    return line;
}

static inline const char *
skip_string(const char *at)
{
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        assert_true((unsigned char)*at >= 0x20);
        if (*at == '\\') {
            at++;
            assert_non_null(strchr("\"\\/bfnrtu", *at));
            if (*at == 'u') {
                for (int i = 0; i < 4; i++) {
                    at++;
                    assert_non_null(strchr("0123456789abcdef", *at));
                }
            }
        }
    }
    return at + 1;
}

/* The line is one flat JSON object of strings, whole numbers and booleans. */
static inline void
check_json(const char *line)
{
    const char *at = line;

    assert_true(strlen(line) < ONYM_LOG_LINE_MAX);
    assert_true(onym_utf8_valid(onym_span_text(line)));
    assert_int_equal(*at, '{');
    do {
        at = skip_string(at + 1);
        assert_int_equal(*at, ':');
        at++;
        if (*at == '"') {
            at = skip_string(at);
        } else if (strncmp(at, "true", 4) == 0 || strncmp(at, "false", 5) == 0) {
            at += *at == 't' ? 4 : 5;
        } else {
            char *end;
            (void)strtod(at, &end);
            assert_true(end > at);
            at = end;
        }
    } while (*at == ',');
    assert_string_equal(at, "}");
}

/* What follows the time of a JSON line. */
static inline const char *
json_body(const char *line)
{
    check_json(line);
    assert_int_equal(strncmp(line, "{\"ts\":\"20", 9), 0);
    assert_int_equal(strncmp(line + 30, "Z\",", 3), 0);
    return line + 33;
}

/* What follows the time of a text line. */
static inline const char *
text_body(const char *line)
{
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[26], ':');
    assert_int_equal(line[29], ' ');
    return line + 30;
}

#endif
