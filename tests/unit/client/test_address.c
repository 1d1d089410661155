#include "onym/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
addresses_are_read_and_written(void **state)
{
    static const char *const pairs[][2] = {
        {"127.0.0.1", "127.0.0.1:2641"},
        {"127.0.0.1:1", "127.0.0.1:1"},
        {"192.0.2.7:65535", "192.0.2.7:65535"},
        {"::1", "[::1]:2641"},
        {"[::1]", "[::1]:2641"},
        {"[2001:db8::5]:80", "[2001:db8::5]:80"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct onym_client_server server;
        char text[ONYM_CLIENT_SERVER_TEXT];
        size_t count = 0;

        assert_int_equal(onym_client_server_parse(pairs[i][0], &server), ONYM_OK);
        onym_client_server_format(&server, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(server.transport, ONYM_TRANSPORT_ANY);
        assert_int_equal(onym_client_server_lookup(pairs[i][0], &server, 1, &count), ONYM_OK);
        assert_int_equal(count, 1);
    }
}

static void
what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      ":",
                                      ":2641",
                                      "127.0.0.1:",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:100000",
                                      "127.0.0.1:+1",
                                      "127.0.0.1: 1",
                                      "127.0.0.1:1x",
                                      "[::1",
                                      "[::1]x",
                                      "[::1]:",
                                      "[]",
                                      "[]:1",
                                      "::1::2",
                                      "fe80::1%no-such-interface",
                                      "a b",
                                      "http://127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct onym_client_server server = {.port = 9};
        size_t count = 0;

        assert_int_equal(onym_client_server_parse(bad[i], &server), ONYM_INVALID);
        assert_int_equal(server.port, 9);
        assert_int_equal(onym_client_server_lookup(bad[i], &server, 1, &count), ONYM_INVALID);
    }
}

static void
names_need_the_call_that_may_block(void **state)
{
    struct onym_client_server servers[4];
    size_t count = 0;

    (void)state;
    assert_int_equal(onym_client_server_parse("localhost", &servers[0]), ONYM_INVALID);
    assert_int_equal(onym_client_server_lookup("localhost:1234", servers, 4, &count), ONYM_OK);
    assert_in_range(count, 1, 4);
    assert_int_equal(servers[0].port, 1234);
    assert_int_equal(onym_client_server_lookup("localhost", servers, 0, &count), ONYM_INVALID);
}

static void
a_host_name_has_at_most_253_bytes(void **state)
{
    struct onym_client_server server;
    char name[256];
    size_t count = 0;

    (void)state;
    memset(name, 'a', sizeof name);
    name[254] = '\0';
    assert_int_equal(onym_client_server_lookup(name, &server, 1, &count), ONYM_INVALID);
    name[253] = '\0'; /* no such name, but a name: one label is longer than DNS allows */
    assert_int_equal(onym_client_server_lookup(name, &server, 1, &count), ONYM_UNREACHABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(names_need_the_call_that_may_block),
        cmocka_unit_test(a_host_name_has_at_most_253_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
