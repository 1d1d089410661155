/* Log lines on their way: order, levels, drops, repeats, and that nobody waits for them. */
#include "unit/base/log_bench.h"

#include "base/clock.h"

#include <fcntl.h>
#include <pthread.h>

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
