/* The text of a scrape: sums over workers, both formats, room for the worst case. The names are
 * looked at in test_metrics_page.c. */
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_MAX_LEN 80U

struct scrape {
    struct onym_counters *worker[2];
    const struct onym_counters *workers[2];
    struct onym_change_counters changes;
    struct onym_metrics metrics;
    char text[ONYM_METRICS_TEXT_MAX + 1];
};

static int
setup(void **state)
{
    struct scrape *s = calloc(1, sizeof *s);

    assert_non_null(s);
    for (size_t i = 0; i < 2; i++) {
        s->worker[i] = aligned_alloc(64, sizeof *s->worker[i]);
        assert_non_null(s->worker[i]);
        memset(s->worker[i], 0, sizeof *s->worker[i]);
        s->workers[i] = s->worker[i];
    }
    s->metrics = (struct onym_metrics){
        .workers = s->workers,
        .worker_count = 2,
        .has_store = true,
        .identifiers = 8000,
        .prefixes = 15,
        .map_used_bytes = 3U << 20,
        .map_size_bytes = (uint64_t)1 << 30,
        .log_dropped = 4,
        .process = {.cpu_us = 1234567, .resident_bytes = 4096, .open_fds = 9, .max_fds = 1024},
        .start_epoch_ms = 1700000000123,
        .version = "0.1.0",
        .revision = "a\"b\\c\nd"};
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scrape *s = *state;

    free(s->worker[0]);
    free(s->worker[1]);
    free(s);
    return 0;
}

static size_t
render(struct scrape *s, enum onym_metrics_format format)
{
    size_t len = 0;

    assert_int_equal(
        onym_metrics_render(&s->metrics, format, (uint8_t *)s->text, ONYM_METRICS_TEXT_MAX, &len),
        ONYM_OK);
    s->text[len] = '\0';
    return len;
}

static void
assert_line(const struct scrape *s, const char *line)
{
    const char *at = strstr(s->text, line);

    if (at == NULL || at == s->text || at[-1] != '\n' || at[strlen(line)] != '\n') {
        fail_msg("no line \"%s\" in:\n%s", line, s->text);
    }
}

static bool
has(const struct scrape *s, const char *part)
{
    return strstr(s->text, part) != NULL;
}

static void
metrics_sum_the_workers(void **state)
{
    struct scrape *s = *state;

    onym_counter_add(&s->worker[0]->requests[ONYM_BY_UDP][ONYM_OK], 5);
    onym_counter_add(&s->worker[1]->requests[ONYM_BY_UDP][ONYM_OK], 6);
    onym_counter_add(&s->worker[1]->requests[ONYM_BY_TCP][ONYM_NOT_FOUND], 1);
    onym_counter_add(&s->worker[1]->udp_dropped[ONYM_DROP_SEND_FAILED], 2);
    onym_counter_add(&s->worker[0]->bytes_in[ONYM_LISTENER_HANDLE_TCP], 100);
    onym_counter_add(&s->worker[1]->bytes_out[ONYM_LISTENER_OPS], 200);
    onym_counter_add(&s->worker[0]->http_requests[ONYM_LISTENER_OPS][4], 3);
    onym_counter_add(&s->worker[0]->corrupt_records, 8);
    onym_counter_add(&s->worker[1]->store_errors, 9);
    onym_counter_add(&s->worker[1]->cache_lookups[ONYM_LOOKUP_STALE], 12);
    onym_counter_add(&s->worker[0]->cache_bytes, 1000);
    onym_counter_add(&s->worker[1]->cache_bytes, 24);
    onym_counter_add(&s->worker[1]->rate_limited[ONYM_LISTENER_HANDLE_UDP], 10);
    onym_counter_add(&s->worker[1]->refused[ONYM_LISTENER_HANDLE_TCP], 11);
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_resolve_requests_total{transport=\"udp\",code=\"1\"} 11");
    assert_line(s, "onym_resolve_requests_total{transport=\"tcp\",code=\"1\"} 0");
    assert_line(s, "onym_resolve_requests_total{transport=\"tcp\",code=\"100\"} 1");
    assert_line(s, "onym_udp_dropped_total{reason=\"send_failed\"} 2");
    assert_line(s, "onym_udp_dropped_total{reason=\"runt\"} 0");
    assert_line(s, "onym_received_bytes_total{listener=\"handle_tcp\"} 100");
    assert_line(s, "onym_sent_bytes_total{listener=\"ops\"} 200");
    assert_line(s, "onym_http_requests_total{listener=\"ops\",class=\"4xx\"} 3");
    assert_line(s, "onym_corrupt_records_total 8");
    assert_line(s, "onym_store_errors_total 9");
    assert_line(s, "onym_cache_lookups_total{result=\"stale\"} 12");
    assert_line(s, "onym_cache_lookups_total{result=\"hit\"} 0");
    assert_line(s, "onym_cache_used_bytes 1024");
    assert_line(s, "onym_rate_limited_total{listener=\"handle_udp\"} 10");
    assert_line(s, "onym_connections_refused_total{listener=\"handle_tcp\"} 11");
    assert_line(s, "onym_identifiers 8000");
    assert_line(s, "onym_prefixes 15");
    assert_line(s, "onym_storage_used_bytes 3145728");
    assert_line(s, "onym_storage_map_used_ratio 0.002929687");
    assert_line(s, "onym_log_dropped_total 4");
    assert_line(s, "onym_build_info{version=\"0.1.0\",revision=\"a\\\"b\\\\c\\nd\"} 1");
    assert_line(s, "process_cpu_seconds_total 1.234567");
    assert_line(s, "process_start_time_seconds 1700000000.123");
    assert_int_equal(onym_metrics_requests(&s->metrics), 12);
}

static void
metrics_show_statuses_of_one_code_as_one(void **state)
{
    struct scrape *s = *state;

    s->worker[0]->requests[ONYM_BY_UDP][ONYM_ERROR] = 1;
    s->worker[0]->requests[ONYM_BY_UDP][ONYM_CORRUPT] = 2; /* both are code 2 on the wire */
    s->worker[1]->requests[ONYM_BY_UDP][ONYM_IO] = 4;
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_resolve_requests_total{transport=\"udp\",code=\"2\"} 7");
    assert_false(has(s, "code=\"3\""));
}

static void
metrics_connections_are_accepted_less_closed(void **state)
{
    struct scrape *s = *state;

    s->worker[0]->accepted[ONYM_LISTENER_HANDLE_TCP] = 10;
    s->worker[1]->closed[ONYM_LISTENER_HANDLE_TCP][ONYM_CLOSE_IDLE] = 3;
    s->worker[0]->closed[ONYM_LISTENER_HANDLE_TCP][ONYM_CLOSE_SHUTDOWN] = 1;
    s->worker[0]->closed[ONYM_LISTENER_OPS][ONYM_CLOSE_PEER] = 1; /* its accept not seen yet */
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_connections{listener=\"handle_tcp\"} 6");
    assert_line(s, "onym_connections{listener=\"ops\"} 0");
    assert_line(s, "onym_connections_closed_total{listener=\"handle_tcp\",reason=\"idle\"} 3");
    assert_false(has(s, "onym_connections{listener=\"handle_udp\"}"));
}

static void
metrics_histogram_has_cumulative_buckets(void **state)
{
    struct scrape *s = *state;

    onym_histogram_record(&s->worker[0]->resolve_ns[ONYM_BY_TCP], 4000, 64);
    onym_histogram_record(&s->worker[1]->resolve_ns[ONYM_BY_TCP], 2000000, 1);
    onym_histogram_record(&s->worker[1]->resolve_ns[ONYM_BY_TCP], 60000000000, 1);
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"2.5e-06\"} 0");
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"5e-06\"} 64");
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"0.001\"} 64");
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"0.0025\"} 65");
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"2.5\"} 65");
    assert_line(s, "onym_resolve_duration_seconds_bucket{transport=\"tcp\",le=\"+Inf\"} 66");
    assert_line(s, "onym_resolve_duration_seconds_count{transport=\"tcp\"} 66");
    assert_line(s, "onym_resolve_duration_seconds_sum{transport=\"tcp\"} 60.002256000");
    assert_line(s, "onym_resolve_duration_seconds_count{transport=\"udp\"} 0");
}

static void
metrics_show_tls_of_its_listeners_alone(void **state)
{
    struct scrape *s = *state;

    s->worker[0]->handshakes[ONYM_LISTENER_HANDLE_TLS][ONYM_HANDSHAKE_FULL] = 2;
    s->worker[1]->handshakes[ONYM_LISTENER_HANDLE_TLS][ONYM_HANDSHAKE_FULL] = 3;
    s->worker[1]->handshakes[ONYM_LISTENER_HANDLE_TLS][ONYM_HANDSHAKE_EXPIRED] = 4;
    s->worker[1]->tls_versions[ONYM_LISTENER_HANDLE_TLS][ONYM_TLS_VERSION_1_3] = 5;
    s->metrics.certificate_expiry_s[ONYM_LISTENER_HANDLE_TLS] = 1800000000;
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_tls_handshakes_total{listener=\"handle_tls\",result=\"full\"} 5");
    assert_line(s, "onym_tls_handshakes_total{listener=\"handle_tls\",result=\"resumed\"} 0");
    assert_line(s, "onym_tls_handshakes_total{listener=\"handle_tls\",result=\"expired\"} 4");
    assert_line(s, "onym_tls_connections_total{listener=\"handle_tls\",version=\"1.2\"} 0");
    assert_line(s, "onym_tls_connections_total{listener=\"handle_tls\",version=\"1.3\"} 5");
    assert_line(s, "onym_tls_certificate_expiry_timestamp_seconds{listener=\"handle_tls\"} "
                   "1800000000");
    assert_false(has(s, "onym_tls_handshakes_total{listener=\"handle_tcp\""));
    s->metrics.certificate_expiry_s[ONYM_LISTENER_HANDLE_TLS] = 0;
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_false(has(s, "onym_tls_certificate_expiry"));
}

static void
metrics_tell_changes_by_their_ends(void **state)
{
    struct scrape *s = *state;

    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_false(has(s, "onym_register_operations")); /* a node that takes none */
    assert_false(has(s, "onym_commit_duration"));
    s->metrics.changes = &s->changes;
    s->changes.operations[ONYM_REGISTER_CREATE][ONYM_REGISTERED_DONE] = 7;
    s->changes.operations[ONYM_REGISTER_UNHOME][ONYM_REGISTERED_UNKNOWN] = 1;
    onym_histogram_record(&s->changes.commit_ns, 400000, 3);
    onym_histogram_record(&s->changes.commit_ns, 30000000, 1);
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_line(s, "onym_register_operations_total{op=\"create\",result=\"done\"} 7");
    assert_line(s, "onym_register_operations_total{op=\"create\",result=\"busy\"} 0");
    assert_line(s, "onym_register_operations_total{op=\"unhome_prefix\",result=\"unknown\"} 1");
    assert_line(s, "onym_commit_duration_seconds_bucket{le=\"0.00025\"} 0");
    assert_line(s, "onym_commit_duration_seconds_bucket{le=\"0.0005\"} 3");
    assert_line(s, "onym_commit_duration_seconds_bucket{le=\"+Inf\"} 4");
    assert_line(s, "onym_commit_duration_seconds_sum 0.031200000");
    assert_line(s, "onym_commit_duration_seconds_count 4");
}

static void
metrics_leave_out_what_is_not_known(void **state)
{
    struct scrape *s = *state;

    s->metrics.has_store = false;
    s->metrics.process = (struct onym_process_sample){.max_fds = UINT64_MAX};
    s->metrics.start_epoch_ms = 0;
    s->metrics.worker_count = 0;
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_false(has(s, "onym_identifiers"));
    assert_false(has(s, "onym_storage"));
    assert_false(has(s, "process_open_fds"));
    assert_false(has(s, "process_start_time_seconds"));
    assert_line(s, "process_max_fds +Inf");
    assert_line(s, "onym_connections{listener=\"handle_tcp\"} 0");
}

/* Every counter at its longest, every code shown. */
static void
metrics_worst_case_fits_and_one_byte_less_is_refused(void **state)
{
    struct scrape *s = *state;
    char name[65];
    uint8_t *out = malloc(ONYM_METRICS_TEXT_MAX);

    assert_non_null(out);
    memset(name, '"', 64);
    name[64] = '\0';
    memset(s->worker[0], 0xFF, sizeof *s->worker[0]);
    memset(s->worker[0]->closed, 0, sizeof s->worker[0]->closed);
    s->metrics.worker_count = 1;
    memset(&s->changes, 0xFF, sizeof s->changes);
    s->metrics.changes = &s->changes;
    s->metrics.identifiers = s->metrics.prefixes = s->metrics.log_dropped = UINT64_MAX;
    s->metrics.map_used_bytes = UINT64_MAX;
    s->metrics.process = (struct onym_process_sample){UINT64_MAX, UINT64_MAX, UINT64_MAX, 1};
    s->metrics.start_epoch_ms = UINT64_MAX;
    s->metrics.version = s->metrics.revision = name;
    for (int format = ONYM_METRICS_PROMETHEUS; format <= ONYM_METRICS_OPENMETRICS; format++) {
        size_t len = render(s, (enum onym_metrics_format)format);
        size_t again = 0;

        assert_true(len > 8192); /* the codes are there */
        assert_int_equal(
            onym_metrics_render(&s->metrics, (enum onym_metrics_format)format, out, len, &again),
            ONYM_OK);
        assert_int_equal(again, len);
        assert_int_equal(onym_metrics_render(&s->metrics, (enum onym_metrics_format)format, out,
                                             len - 1, &again),
                         ONYM_NO_SPACE);
        assert_int_equal(again, len);
    }
    free(out);
}

/* Copies from text up to one of stop; the length. */
static size_t
word(const char *text, const char *stop, char *out, size_t cap)
{
    size_t len = strcspn(text, stop);

    assert_true(len < cap);
    memcpy(out, text, len);
    out[len] = '\0';
    return len;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static void
metrics_openmetrics_differs_where_the_standard_does(void **state)
{
    struct scrape *s = *state;
    size_t len = render(s, ONYM_METRICS_OPENMETRICS);

    assert_line(s, "# TYPE onym_resolve_requests counter");
    assert_line(s, "onym_resolve_requests_total{transport=\"udp\",code=\"1\"} 0");
    assert_line(s, "# TYPE onym_build info");
    assert_line(s, "# UNIT onym_resolve_duration_seconds seconds");
    assert_line(s, "# TYPE process_cpu_seconds counter");
    assert_line(s, "# UNIT process_cpu_seconds seconds");
    assert_true(len > 6 && strcmp(s->text + len - 6, "# EOF\n") == 0);
    /* a unit is the end of its family's name */
    for (const char *line = s->text; (line = strstr(line, "\n# UNIT ")) != NULL;) {
        char name[NAME_MAX_LEN];
        char unit[NAME_MAX_LEN];

        line += 8;
        line += word(line, " ", name, sizeof name) + 1;
        line += word(line, "\n", unit, sizeof unit);
        assert_true(ends_with(name, unit));
    }
    (void)render(s, ONYM_METRICS_PROMETHEUS);
    assert_false(has(s, "# UNIT"));
    assert_false(has(s, "# EOF"));
}

static void
process_sample_tells_the_truth(void **state)
{
    struct onym_process_sample before;
    struct onym_process_sample after;
    int fd;

    (void)state;
    onym_process_sample(&before);
    fd = dup(STDERR_FILENO);
    assert_true(fd >= 0);
    onym_process_sample(&after);
    assert_int_equal(after.open_fds, before.open_fds + 1);
    (void)close(fd);
    assert_true(after.max_fds >= after.open_fds);
    assert_true(after.resident_bytes > 100000 && after.resident_bytes < (uint64_t)1 << 40);
    assert_true(after.cpu_us >= before.cpu_us);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metrics_sum_the_workers, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_show_statuses_of_one_code_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_connections_are_accepted_less_closed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(metrics_histogram_has_cumulative_buckets, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_show_tls_of_its_listeners_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_tell_changes_by_their_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_leave_out_what_is_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_worst_case_fits_and_one_byte_less_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(metrics_openmetrics_differs_where_the_standard_does, setup,
                                        teardown),
        cmocka_unit_test(process_sample_tells_the_truth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
