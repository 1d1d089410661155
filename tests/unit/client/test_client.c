#include "onym/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct onym_client_server local = {.address = {127, 0, 0, 1}, .port = 9};

static enum onym_status
try_options(struct onym_client_options options)
{
    struct onym_client *client = NULL;
    enum onym_status status = onym_client_new(&options, &client);

    onym_client_free(client);
    return status;
}

static void
options_are_checked_at_their_limits(void **state)
{
    struct onym_client_server many[ONYM_CLIENT_SERVERS_MAX + 1];
    struct onym_client_server no_port = local;

    (void)state;
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) {
        many[i] = local;
    }
    no_port.port = 0;
    assert_int_equal(try_options((struct onym_client_options){0}), ONYM_INVALID);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .timeout_ms = 0}), ONYM_OK);
    assert_int_equal(try_options((struct onym_client_options){many, 16, .timeout_ms = 0}), ONYM_OK);
    assert_int_equal(try_options((struct onym_client_options){many, 17, .timeout_ms = 0}),
                     ONYM_INVALID);
    assert_int_equal(try_options((struct onym_client_options){&no_port, 1, .timeout_ms = 0}),
                     ONYM_INVALID);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .timeout_ms = 3600000}),
                     ONYM_OK);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .timeout_ms = 3600001}),
                     ONYM_INVALID);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .version = 0x0200}),
                     ONYM_OK);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .version = 0x01FF}),
                     ONYM_INVALID);
    assert_int_equal(try_options((struct onym_client_options){many, 1, .suggested = 0x020C}),
                     ONYM_INVALID);
}

static void
a_query_over_a_limit_is_invalid_without_a_packet(void **state)
{
    static uint32_t indexes[ONYM_CLIENT_SELECT_MAX + 1];
    static uint8_t type[ONYM_CLIENT_TYPES_LEN_MAX];
    onym_span one_type = onym_span_of(type, sizeof type - 4);
    struct onym_client_options options = {.servers = &local, .server_count = 1, .timeout_ms = 50};
    struct onym_client_query query = {.name = onym_span_text("a/b"), .indexes = indexes};
    struct onym_client_result result;
    struct onym_client *client = NULL;

    (void)state;
    assert_int_equal(onym_client_new(&options, &client), ONYM_OK);
    query.index_count = ONYM_CLIENT_SELECT_MAX + 1;
    assert_int_equal(onym_client_resolve(client, &query, &result), ONYM_INVALID);
    assert_int_equal(result.outcome, ONYM_OUTCOME_FAILED);
    assert_int_equal(result.sent, 0);
    query.index_count = ONYM_CLIENT_SELECT_MAX;
    assert_int_not_equal(onym_client_resolve(client, &query, &result), ONYM_INVALID);
    query.index_count = 0;
    query.types = &one_type;
    query.type_count = 1;
    assert_int_not_equal(onym_client_resolve(client, &query, &result), ONYM_INVALID);
    one_type.len += 1;
    assert_int_equal(onym_client_resolve(client, &query, &result), ONYM_INVALID);
    onym_client_free(client);
}

static void
nothing_running_waits_for_ever_and_never_ends(void **state)
{
    struct onym_client_options options = {.servers = &local, .server_count = 1, .timeout_ms = 50};
    struct onym_client_query query = {.name = onym_span_text("a/b")};
    struct onym_client_result result;
    struct onym_client *client = NULL;
    int fd;

    (void)state;
    assert_int_equal(onym_client_new(&options, &client), ONYM_OK);
    fd = onym_client_fd(client);
    assert_true(fd >= 0);
    assert_int_equal(onym_client_wait_ms(client), -1);
    assert_false(onym_client_step(client, &result));
    onym_client_start(client, &query);
    assert_in_range(onym_client_wait_ms(client), 0, 50);
    assert_int_equal(onym_client_fd(client), fd);
    onym_client_cancel(client);
    assert_int_equal(onym_client_wait_ms(client), -1);
    assert_false(onym_client_step(client, &result));
    onym_client_free(client);
    onym_client_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked_at_their_limits),
        cmocka_unit_test(a_query_over_a_limit_is_invalid_without_a_packet),
        cmocka_unit_test(nothing_running_waits_for_ever_and_never_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
