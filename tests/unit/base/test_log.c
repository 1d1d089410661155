/* Log lines: what they say, that they stay within their bounds, and that nobody waits for them. */
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
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

static void
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
static void
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

static uint64_t
finish(struct bench *b)
{
    uint64_t dropped = onym_log_close(b->log, 2000);

    (void)close(b->fd[1]);
    read_all(b, -1);
    (void)close(b->fd[0]);
    return dropped;
}

static void
stop(struct bench *b)
{
    free(b->text);
}

/* The next line without its newline, cut out of the text; NULL at the end. */
static char *
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

static const char *
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
static void
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
static const char *
json_body(const char *line)
{
    check_json(line);
    assert_int_equal(strncmp(line, "{\"ts\":\"20", 9), 0);
    assert_int_equal(strncmp(line + 30, "Z\",", 3), 0);
    return line + 33;
}

/* What follows the time of a text line. */
static const char *
text_body(const char *line)
{
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[26], ':');
    assert_int_equal(line[29], ' ');
    return line + 30;
}

static void
every_kind_of_field_is_shown(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(2641)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    static const char *const want[] = {
        "\"level\":\"notice\",\"component\":\"server\",\"event\":\"node_ready\",\"msg\":\"the node "
        "is "
        "ready\",\"node\":\"node-a\",\"none\":\"\",\"workers\":18446744073709551615,\"delta\":-3,"
        "\"yes\":true,\"no\":false,\"peer\":\"127.0.0.1:2641\",\"from\":\"[::1]:1\",\"what\":"
        "\"unknown\",\"err\":\"identifier not found\"}",
        "notice  server: the node is ready event=node_ready node=node-a none=\"\" "
        "workers=18446744073709551615 delta=-3 yes=true no=false peer=127.0.0.1:2641 from=[::1]:1 "
        "what=unknown err=\"identifier not found\""};

    (void)state;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    for (int json = 0; json < 2; json++) {
        struct bench b;
        char *at;
        char *line;

        start(&b, json != 0 ? ONYM_LOG_JSON : ONYM_LOG_TEXT, 0);
        ONYM_LOG(b.log, ONYM_LOG_NOTICE, "server", "node_ready", "the node is ready",
                 onym_log_text("node", "node-a"), onym_log_text("none", NULL),
                 onym_log_u64("workers", UINT64_MAX), onym_log_i64("delta", -3),
                 onym_log_bool("yes", true), onym_log_bool("no", false),
                 onym_log_address("peer", (const struct sockaddr *)&v4),
                 onym_log_address("from", (const struct sockaddr *)&v6),
                 onym_log_address("what", NULL), onym_log_status("err", ONYM_NOT_FOUND));
        assert_int_equal(finish(&b), 0);
        at = b.text;
        line = next_line(&at);
        assert_non_null(line);
        assert_string_equal(json != 0 ? json_body(line) : text_body(line), want[json == 0]);
        assert_null(next_line(&at));
        stop(&b);
    }
}

static void
auto_is_json_on_a_pipe_and_a_pipe_has_no_colours(void **state)
{
    struct bench b;
    char *at;

    (void)state;
    start(&b, ONYM_LOG_AUTO, 0);
    ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m");
    assert_int_equal(finish(&b), 0);
    at = b.text;
    assert_string_equal(json_body(next_line(&at)),
                        "\"level\":\"info\",\"component\":\"c\",\"event\":\"e\",\"msg\":\"m\"}");
    stop(&b);

    start(&b, ONYM_LOG_TEXT, 0);
    ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m");
    assert_int_equal(finish(&b), 0);
    assert_null(strchr(b.text, '\033'));
    stop(&b);
}

static void
a_terminal_gets_coloured_text(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct onym_log_options o = {.level = ONYM_LOG_INFO, .format = ONYM_LOG_AUTO, .color = true};
    struct onym_log *log;
    char text[512] = "";

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        skip();
    }
    o.fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(o.fd >= 0);
    assert_int_equal(onym_log_open(&o, &log), ONYM_OK);
    ONYM_LOG(log, ONYM_LOG_ERROR, "c", "e", "m");
    assert_int_equal(onym_log_close(log, 2000), 0);
    assert_true(read(master, text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, " \033[1;31merror\033[0m   c: m event=e"));
    (void)close(o.fd);
    (void)close(master);
}

static void
values_are_escaped(void **state)
{
    static const struct {
        const char *value;
        const char *json;
        const char *text;
    } cases[] = {
        {"plain", "plain", "v=plain"},
        {"two words", "two words", "v=\"two words\""},
        {"a=b", "a=b", "v=\"a=b\""},
        {"say \"x\"", "say \\\"x\\\"", "v=\"say \\\"x\\\"\""},
        {"a\\b", "a\\\\b", "v=\"a\\\\b\""},
        {"a\nb\r\t", "a\\nb\\r\\t", "v=\"a\\nb\\r\\t\""},
        {"\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f", "v=\"\\u0001\\u001b[31m\\u007f\""},
        {"\xC2\x9B", "\\u009b", "v=\"\\u009b\""},     /* a control sequence in one byte */
        {"\xE2\x80\xAE", "\\u202e", "v=\"\\u202e\""}, /* right-to-left override */
        {"\xE9\x9B\xB6\xE4\xBB\xB6", "\xE9\x9B\xB6\xE4\xBB\xB6", "v=\xE9\x9B\xB6\xE4\xBB\xB6"},
        {"a\x80\xC3(", "a\xEF\xBF\xBD\xEF\xBF\xBD(", "v=\"a\\x80\\xc3(\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int json = 0; json < 2; json++) {
            char want[256];
            struct bench b;
            char *at;

            start(&b, json != 0 ? ONYM_LOG_JSON : ONYM_LOG_TEXT, 0);
            ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m", onym_log_text("v", cases[i].value));
            assert_int_equal(finish(&b), 0);
            at = b.text;
            if (json != 0) {
                (void)snprintf(
                    want, sizeof want,
                    "\"level\":\"info\",\"component\":\"c\",\"event\":\"e\",\"msg\":\"m\","
                    "\"v\":\"%s\"}",
                    cases[i].json);
                assert_string_equal(json_body(next_line(&at)), want);
            } else {
                (void)snprintf(want, sizeof want, "info    c: m event=e %s", cases[i].text);
                assert_string_equal(text_body(next_line(&at)), want);
            }
            stop(&b);
        }
    }
}

/* One line with a value of len bytes made of unit; true when it was cut. */
static bool
cut_with(enum onym_log_format format, const char *unit, size_t len)
{
    char *value = calloc(1, len + 1);
    size_t unit_len = strlen(unit);
    struct bench b;
    char *at;
    char *line;
    bool cut;

    assert_non_null(value);
    for (size_t i = 0; i + unit_len <= len; i += unit_len) {
        memcpy(value + i, unit, unit_len);
    }
    start(&b, format, 0);
    ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m", onym_log_text("v", value),
             onym_log_u64("after", 7));
    assert_int_equal(finish(&b), 0);
    at = b.text;
    line = next_line(&at);
    assert_non_null(line);
    assert_true(strlen(line) < ONYM_LOG_LINE_MAX);
    assert_true(onym_utf8_valid(onym_span_text(line)));
    if (format == ONYM_LOG_JSON) {
        check_json(line);
    }
    cut = strstr(line, format == ONYM_LOG_JSON ? "\"cut\":true}" : " cut=true") != NULL;
    /* either all is there or the cut is marked */
    assert_int_equal(cut, strstr(line, "after") == NULL);
    assert_null(next_line(&at));
    stop(&b);
    free(value);
    return cut;
}

static void
long_lines_are_cut_visibly_at_a_character(void **state)
{
    static const char *const units[] = {"x", "\n", "\x01", "\xE9\x9B\xB6", "\x80", "a \""};
    static const enum onym_log_format formats[] = {ONYM_LOG_JSON, ONYM_LOG_TEXT};

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        size_t last_whole = 0;
        assert_false(cut_with(formats[f], "x", 3800));
        assert_true(cut_with(formats[f], "x", 4096));
        assert_true(cut_with(formats[f], "x", 100000));
        for (size_t len = 3900; len < 4096; len++) {
            if (!cut_with(formats[f], "x", len)) {
                assert_true(last_whole == 0 || last_whole == len - 1);
                last_whole = len;
            }
        }
        assert_true(last_whole >= 3900);
        for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
            for (size_t len = 4090; len < 4096; len++) {
                (void)cut_with(formats[f], units[u], len * strlen(units[u]) / 6);
                (void)cut_with(formats[f], units[u], len);
            }
        }
    }
}

static void
levels_filter_and_can_be_changed(void **state)
{
    struct bench b;
    char *at;

    (void)state;
    start(&b, ONYM_LOG_TEXT, 0);
    assert_false(onym_log_enabled(NULL, ONYM_LOG_ERROR));
    ONYM_LOG(NULL, ONYM_LOG_ERROR, "c", "e", "m");
    assert_int_equal(onym_log_dropped(NULL), 0);
    assert_int_equal(onym_log_close(NULL, 0), 0);
    ONYM_LOG(b.log, ONYM_LOG_DEBUG, "c", "hidden", "m");
    onym_log_set_level(b.log, ONYM_LOG_DEBUG);
    ONYM_LOG(b.log, ONYM_LOG_DEBUG, "c", "shown", "m");
    onym_log_set_level(b.log, ONYM_LOG_ERROR);
    ONYM_LOG(b.log, ONYM_LOG_WARNING, "c", "hidden", "m");
    ONYM_LOG(b.log, ONYM_LOG_ERROR, "c", "error", "m");
    assert_int_equal(finish(&b), 0);
    at = b.text;
    assert_string_equal(text_body(next_line(&at)), "debug   c: m event=shown");
    assert_string_equal(text_body(next_line(&at)), "error   c: m event=error");
    assert_null(next_line(&at));
    stop(&b);
}

/* Event names of their own, so that lines are not taken for repeats. */
#define NAMES 2000U
struct names {
    char at[NAMES][16];
};

static struct names *
make_names(void)
{
    struct names *n = calloc(1, sizeof *n);

    assert_non_null(n);
    for (unsigned i = 0; i < NAMES; i++) {
        (void)snprintf(n->at[i], sizeof n->at[i], "event_%u", i);
    }
    return n;
}

static void
a_full_queue_drops_counts_and_says_so(void **state)
{
    struct names *names = make_names();
    char value[1000];
    struct bench b;
    uint64_t begin_ns;
    uint64_t told = 0;
    uint64_t written = 0;
    uint64_t dropped;
    char *at;

    (void)state;
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = 0;
    start(&b, ONYM_LOG_JSON, 8);
    assert_true(fcntl(b.fd[1], F_SETPIPE_SZ, 4096) >= 4096);
    begin_ns = onym_clock_monotonic_ns();
    for (unsigned i = 0; i < NAMES; i++) {
        ONYM_LOG(b.log, ONYM_LOG_INFO, "c", names->at[i], "m", onym_log_text("v", value));
    }
    /* nobody reads, and still all lines were handed over at once */
    assert_true(onym_clock_monotonic_ns() - begin_ns < 2000000000U);
    dropped = onym_log_dropped(b.log);
    assert_true(dropped > NAMES - 64U);
    read_all(&b, 300);
    assert_int_equal(finish(&b), dropped);
    at = b.text;
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        const char *n = strstr(line, "\"dropped\":");
        check_json(line);
        if (n != NULL) {
            assert_non_null(strstr(line, "\"event\":\"log_dropped\""));
            assert_non_null(strstr(line, "\"level\":\"warning\""));
            told += strtoull(n + 10, NULL, 10);
        } else {
            written++;
        }
    }
    assert_int_equal(told, dropped);
    assert_int_equal(written + dropped, NAMES);
    stop(&b);
    free(names);
}

static void
closing_does_not_wait_for_a_reader_that_never_comes(void **state)
{
    struct names *names = make_names();
    struct bench b;
    uint64_t begin_ns;
    uint64_t dropped;
    uint64_t lines = 0;

    (void)state;
    start(&b, ONYM_LOG_TEXT, 512);
    assert_true(fcntl(b.fd[1], F_SETPIPE_SZ, 4096) >= 4096);
    for (unsigned i = 0; i < 500; i++) {
        ONYM_LOG(b.log, ONYM_LOG_INFO, "c", names->at[i], "m");
    }
    begin_ns = onym_clock_monotonic_ns();
    dropped = onym_log_close(b.log, 200);
    assert_true(onym_clock_monotonic_ns() - begin_ns < 5000000000U);
    assert_true(dropped > 0);
    (void)close(b.fd[1]);
    read_all(&b, -1);
    for (char *at = b.text; next_line(&at) != NULL;) {
        lines++;
    }
    assert_int_equal(lines + dropped, 500);
    (void)close(b.fd[0]);
    stop(&b);
    free(names);
}

static void
a_closed_reader_costs_lines_and_not_the_program(void **state)
{
    struct bench b;

    (void)state;
    start(&b, ONYM_LOG_TEXT, 0);
    (void)close(b.fd[0]);
    ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m");
    assert_int_equal(onym_log_close(b.log, 1000), 1);
    (void)close(b.fd[1]);
    stop(&b);
}

static void
equal_lines_collapse_with_a_count(void **state)
{
    struct bench b;
    char *at;

    (void)state;
    start(&b, ONYM_LOG_TEXT, 0);
    for (int i = 0; i < 50; i++) {
        ONYM_LOG(b.log, ONYM_LOG_WARNING, "c", "full", "m", onym_log_u64("n", 1));
    }
    ONYM_LOG(b.log, ONYM_LOG_ERROR, "c", "full", "m", onym_log_u64("n", 1));
    /* the count comes by itself when the second is over */
    read_all(&b, 1500);
    assert_non_null(strstr(b.text, "repeated=49"));
    ONYM_LOG(b.log, ONYM_LOG_WARNING, "c", "full", "m", onym_log_u64("n", 1));
    assert_int_equal(finish(&b), 0);
    at = b.text;
    assert_string_equal(text_body(next_line(&at)), "warning c: m event=full n=1");
    assert_string_equal(text_body(next_line(&at)), "error   c: m event=full n=1");
    assert_string_equal(text_body(next_line(&at)), "warning c: m event=full repeated=49");
    assert_string_equal(text_body(next_line(&at)), "warning c: m event=full n=1");
    assert_null(next_line(&at));
    stop(&b);
}

static void
lines_of_one_event_collapse_after_a_burst(void **state)
{
    struct bench b;
    char *at;

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        start(&b, ONYM_LOG_TEXT, 0);
        for (unsigned i = 0; i < ONYM_LOG_BURST + more; i++) {
            ONYM_LOG(b.log, ONYM_LOG_INFO, "c", "e", "m", onym_log_u64("i", i));
        }
        assert_int_equal(finish(&b), 0);
        at = b.text;
        for (unsigned i = 0; i < ONYM_LOG_BURST; i++) {
            char want[64];
            (void)snprintf(want, sizeof want, "info    c: m event=e i=%u", i);
            assert_string_equal(text_body(next_line(&at)), want);
        }
        if (more > 0) {
            assert_string_equal(text_body(next_line(&at)), "info    c: m event=e repeated=1");
        }
        assert_null(next_line(&at));
        stop(&b);
    }
}

#define THREADS 4U
struct producer {
    struct onym_log *log;
    const struct names *names;
    unsigned first;
};

static void *
produce(void *arg)
{
    const struct producer *p = arg;

    for (unsigned i = p->first; i < NAMES; i += THREADS) {
        ONYM_LOG(p->log, ONYM_LOG_INFO, "c", p->names->at[i], "m", onym_log_u64("i", i));
    }
    return NULL;
}

static void *
consume(void *arg)
{
    read_all(arg, -1);
    return NULL;
}

static void
lines_of_many_threads_stay_whole_and_in_order(void **state)
{
    struct names *names = make_names();
    struct producer producers[THREADS];
    pthread_t threads[THREADS];
    pthread_t reader;
    struct bench b;
    unsigned seen = 0;
    unsigned last[THREADS] = {0};
    char *at;

    (void)state;
    start(&b, ONYM_LOG_JSON, NAMES);
    assert_int_equal(pthread_create(&reader, NULL, consume, &b), 0);
    for (unsigned t = 0; t < THREADS; t++) {
        producers[t] = (struct producer){.log = b.log, .names = names, .first = t};
        assert_int_equal(pthread_create(&threads[t], NULL, produce, &producers[t]), 0);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    }
    assert_int_equal(onym_log_close(b.log, 10000), 0);
    (void)close(b.fd[1]);
    assert_int_equal(pthread_join(reader, NULL), 0);
    at = b.text;
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        const char *n = strstr(json_body(line), "\"i\":");
        unsigned i;

        assert_non_null(n);
        i = (unsigned)strtoul(n + 4, NULL, 10);
        assert_true(i < THREADS || i == last[i % THREADS] + THREADS);
        last[i % THREADS] = i;
        seen++;
    }
    assert_int_equal(seen, NAMES);
    (void)close(b.fd[0]);
    stop(&b);
    free(names);
}

static void
the_queue_has_a_maximum(void **state)
{
    struct onym_log_options o = {.fd = 2, .queue_lines = ONYM_LOG_QUEUE_MAX};
    struct onym_log *log = NULL;

    (void)state;
    assert_int_equal(onym_log_open(&o, &log), ONYM_OK);
    assert_int_equal(onym_log_close(log, 100), 0);
    log = NULL;
    o.queue_lines = ONYM_LOG_QUEUE_MAX + 1;
    assert_int_equal(onym_log_open(&o, &log), ONYM_INVALID);
    assert_null(log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_is_shown),
        cmocka_unit_test(auto_is_json_on_a_pipe_and_a_pipe_has_no_colours),
        cmocka_unit_test(a_terminal_gets_coloured_text),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(long_lines_are_cut_visibly_at_a_character),
        cmocka_unit_test(levels_filter_and_can_be_changed),
        cmocka_unit_test(a_full_queue_drops_counts_and_says_so),
        cmocka_unit_test(closing_does_not_wait_for_a_reader_that_never_comes),
        cmocka_unit_test(a_closed_reader_costs_lines_and_not_the_program),
        cmocka_unit_test(equal_lines_collapse_with_a_count),
        cmocka_unit_test(lines_of_one_event_collapse_after_a_burst),
        cmocka_unit_test(lines_of_many_threads_stay_whole_and_in_order),
        cmocka_unit_test(the_queue_has_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
