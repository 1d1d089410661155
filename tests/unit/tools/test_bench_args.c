#include "tools/bench_args.h"

#include "tools/bench_ops.h"
#include "tools/bench_source.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
args_read_numbers_and_times(void **state)
{
    static const char *const bad[] = {"", "k", "-1", "1e3", " 1", "1 ", "nan", "inf", "1kk", "0x1"};
    double number;
    uint64_t ms;

    (void)state;
    assert_true(onym_bench_args_number("50k", 1, 1e9, &number));
    assert_float_equal(number, 50000, 0);
    assert_true(onym_bench_args_number("1.5M", 1, 1e9, &number));
    assert_float_equal(number, 1500000, 0);
    assert_true(onym_bench_args_number("7", 7, 7, &number));
    assert_false(onym_bench_args_number("8", 1, 7, &number));
    assert_true(onym_bench_args_duration("10", 1, 86400000, &ms) && ms == 10000);
    assert_true(onym_bench_args_duration("0.5s", 1, 86400000, &ms) && ms == 500);
    assert_true(onym_bench_args_duration("300ms", 1, 86400000, &ms) && ms == 300);
    assert_true(onym_bench_args_duration("2m", 1, 86400000, &ms) && ms == 120000);
    assert_true(onym_bench_args_duration("24h", 1, 86400000, &ms) && ms == 86400000);
    assert_false(onym_bench_args_duration("25h", 1, 86400000, &ms));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(onym_bench_args_number(bad[i], 0, 1e9, &number));
        assert_false(onym_bench_args_duration(bad[i], 0, 86400000, &ms));
    }
}

static void
args_read_servers(void **state)
{
    struct sockaddr_storage at;
    socklen_t len;
    char host[256];

    (void)state;
    assert_int_equal(onym_bench_args_server("127.0.0.1", 2642, &at, &len, host, NULL), ONYM_OK);
    assert_int_equal(ntohs(((struct sockaddr_in *)&at)->sin_port), 2642);
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(onym_bench_args_server("127.0.0.1:2641", 2642, &at, &len, host, NULL),
                     ONYM_OK);
    assert_int_equal(ntohs(((struct sockaddr_in *)&at)->sin_port), 2641);
    assert_int_equal(onym_bench_args_server("[::1]:77", 2642, &at, &len, host, NULL), ONYM_OK);
    assert_int_equal(ntohs(((struct sockaddr_in6 *)&at)->sin6_port), 77);
    assert_string_equal(host, "::1");
    assert_int_equal(onym_bench_args_server("::1", 2642, &at, &len, host, NULL), ONYM_OK);
    assert_int_equal(ntohs(((struct sockaddr_in6 *)&at)->sin6_port), 2642);
    assert_int_equal(onym_bench_args_server("127.0.0.1", 0, &at, &len, host, NULL), ONYM_INVALID);
    assert_int_equal(onym_bench_args_server("127.0.0.1:0", 1, &at, &len, host, NULL), ONYM_INVALID);
}

static void
ops_page_is_read_by_name(void **state)
{
    struct onym_bench_ops ops;

    (void)state;
    assert_true(onym_bench_ops_parse("HTTP/1.1 200 OK\r\n\r\n# TYPE process_cpu_seconds_total c\n"
                                     "onym_build_info{version=\"0.1.0\",revision=\"abc\"} 1\n"
                                     "process_cpu_seconds_total 1.25\n"
                                     "process_resident_memory_bytes 4096\n",
                                     &ops));
    assert_float_equal(ops.cpu_s, 1.25, 0);
    assert_float_equal(ops.resident_bytes, 4096, 0);
    assert_string_equal(ops.version, "0.1.0");
    assert_string_equal(ops.revision, "abc");
    assert_false(onym_bench_ops_parse("process_cpu_seconds_total 1.25\n", &ops));
    assert_false(onym_bench_ops_parse("", &ops));
}

static void
source_composes_names_beyond_the_ready_ones(void **state)
{
    struct onym_bench_source source;
    struct onym_rng rng = onym_rng_seeded(3);
    uint8_t room[ONYM_BENCH_NAME_LEN_MAX], again[ONYM_BENCH_NAME_LEN_MAX];

    (void)state;
    assert_int_equal(onym_bench_source_open(NULL, 2000, ONYM_GENERATE_SEED, 0, &source), ONYM_OK);
    assert_int_equal(source.ready.count, 2000);
    source.ready.count = 1000; /* the rest is composed, and must be the same */
    for (uint64_t rank = 1000; rank < 2000; rank++) {
        onym_span composed = onym_bench_source_at(&source, rank, room);

        assert_true(onym_span_equal(composed, onym_bench_names_at(&source.ready, (size_t)rank)));
    }
    onym_span first = onym_bench_source_at(&source, 0, room);
    onym_span missing = onym_bench_source_missing(&source, &rng, again);
    assert_memory_equal(missing.at, "88.9420.", 8);
    assert_non_null(memmem(missing.at, missing.len, "/absent.", 8));
    size_t prefix = (size_t)((const uint8_t *)memchr(first.at, '/', first.len) - first.at);
    onym_span route = onym_bench_source_route(&source, 0, again);
    assert_int_equal(route.len, 5 + prefix);
    assert_memory_equal(route.at, "0.NA/", 5);
    assert_memory_equal(route.at + 5, first.at, prefix);
    onym_bench_source_free(&source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(args_read_numbers_and_times),
        cmocka_unit_test(args_read_servers),
        cmocka_unit_test(ops_page_is_read_by_name),
        cmocka_unit_test(source_composes_names_beyond_the_ready_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
