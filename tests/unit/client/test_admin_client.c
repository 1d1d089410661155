/* The public calls of administration: limits of identities, changes and lists, without a server. */
#include "base/bytes.h"
#include "client/client_priv.h"
#include "wire/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Port 9 of this machine: nothing listens there, so what goes out ends at once. */
static const struct onym_client_server local = {.address = {127, 0, 0, 1}, .port = 9};

static struct onym_client *
new_client(void)
{
    struct onym_client_options options = {.servers = &local, .server_count = 1, .timeout_ms = 500};
    struct onym_client *client = NULL;

    assert_int_equal(onym_client_new(&options, &client), ONYM_OK);
    return client;
}

static void
identities_are_checked_at_their_limits(void **state)
{
    static uint8_t bytes[ONYM_CLIENT_KEY_LEN_MAX + 1];
    struct onym_client *client = new_client();
    struct onym_client_identity who = {.index = 300};
    const char *why = NULL;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID); /* nobody */
    assert_non_null(strstr(why, "handle"));
    who.handle = onym_span_of(bytes, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID); /* nothing proves */
    assert_non_null(strstr(why, "either"));
    who.secret = onym_span_of(bytes, ONYM_CLIENT_SECRET_LEN_MAX);
    assert_int_equal(onym_client_identify(client, &who, NULL), ONYM_OK);
    who.handle.len++;
    assert_int_equal(onym_client_identify(client, &who, NULL), ONYM_INVALID);
    assert_null(client->proof); /* after a failure nobody */
    who.handle.len--;
    who.secret.len++;
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID);
    assert_non_null(strstr(why, "1024"));
    who.private_key = onym_span_of(bytes, 10);
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID); /* both */
    who.secret.len = 0;
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID); /* no key */
    who.private_key.len = sizeof bytes;
    assert_int_equal(onym_client_identify(client, &who, &why), ONYM_INVALID);
    assert_non_null(strstr(why, "16384"));
    assert_int_equal(onym_client_identify(client, NULL, &why), ONYM_OK);
    onym_client_free(client);
}

static enum onym_status
try_change(struct onym_client *client, const struct onym_client_change *change)
{
    struct onym_client_result result;
    enum onym_status status = onym_client_change(client, change, &result);

    assert_int_equal(result.status, status);
    assert_int_equal(result.outcome, ONYM_OUTCOME_FAILED); /* nobody listens: nothing is unknown */
    assert_int_equal(result.sent, 0);
    return status;
}

static void
a_change_over_a_limit_is_invalid_without_a_packet(void **state)
{
    static struct onym_value values[ONYM_VALUES_MAX + 1];
    static uint32_t indexes[ONYM_VALUES_MAX + 1];
    static uint8_t bytes[ONYM_MESSAGE_LEN_MAX];
    struct onym_client *client = new_client();
    struct onym_client_change change = {.action = ONYM_ACTION_CREATE,
                                        .name = onym_span_of(bytes, ONYM_NAME_LEN_MAX),
                                        .values = values,
                                        .value_count = ONYM_VALUES_MAX};

    (void)state;
    assert_int_equal(try_change(client, &change), ONYM_UNREACHABLE);
    change.name.len++;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    change.name.len = 0;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    change.name.len = 3;
    change.value_count++;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    /* a message to the last byte: header, name, count, one value, empty credential */
    change.value_count = 1;
    values[0].data = onym_span_of(bytes, ONYM_MESSAGE_LEN_MAX - ONYM_HEADER_LEN - (4 + 3) - 4 -
                                             ONYM_VALUE_LEN_MIN - 4);
    assert_int_equal(try_change(client, &change), ONYM_UNREACHABLE);
    values[0].data.len++;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    change = (struct onym_client_change){.action = ONYM_ACTION_REMOVE,
                                         .name = onym_span_text("a/b"),
                                         .indexes = indexes,
                                         .index_count = ONYM_VALUES_MAX};
    assert_int_equal(try_change(client, &change), ONYM_UNREACHABLE);
    change.index_count++;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    change.index_count = 1;
    change.action = (enum onym_action)99;
    assert_int_equal(try_change(client, &change), ONYM_INVALID);
    onym_client_free(client);
}

static enum onym_status
try_list(struct onym_client *client, onym_span prefix)
{
    struct onym_client_listing listing = {.prefix = prefix};
    struct onym_client_result result;

    return onym_client_list(client, &listing, &result);
}

static void
a_prefix_may_be_as_long_as_a_name(void **state)
{
    static uint8_t bytes[ONYM_NAME_LEN_MAX + 1];
    struct onym_client *client = new_client();

    (void)state;
    memset(bytes, '8', sizeof bytes);
    assert_int_equal(try_list(client, onym_span_of(NULL, 0)), ONYM_UNREACHABLE);
    assert_int_equal(try_list(client, onym_span_of(bytes, ONYM_NAME_LEN_MAX - 5)),
                     ONYM_UNREACHABLE);
    assert_int_equal(try_list(client, onym_span_of(bytes, ONYM_NAME_LEN_MAX - 4)), ONYM_INVALID);
    memcpy(bytes, "0.NA/", 5);
    assert_int_equal(try_list(client, onym_span_of(bytes, ONYM_NAME_LEN_MAX)), ONYM_UNREACHABLE);
    assert_int_equal(try_list(client, onym_span_of(bytes, ONYM_NAME_LEN_MAX + 1)), ONYM_INVALID);
    onym_client_free(client);
}

static void
private_values_are_asked_for_over_tcp_once_somebody_asks(void **state)
{
    struct onym_client *client = new_client();
    struct onym_client_identity who = {
        .handle = onym_span_text("0.NA/88.1"), .index = 300, .secret = onym_span_text("s")};
    struct onym_client_query query = {.name = onym_span_text("a/b"), .private_too = true};
    struct onym_client_result result;

    (void)state;
    assert_int_equal(onym_client_identify(client, &who, NULL), ONYM_OK);
    assert_int_equal(onym_client_resolve(client, &query, &result), ONYM_UNREACHABLE);
    assert_int_equal(result.transport, ONYM_TRANSPORT_TCP);
    assert_int_equal(result.outcome, ONYM_OUTCOME_UNKNOWN);
    assert_int_equal(result.sent, 0); /* by UDP one would have gone out */
    query.name.len = 0;
    assert_int_equal(onym_client_resolve(client, &query, &result), ONYM_INVALID);
    onym_client_free(client);
}

static void
a_cancelled_change_leaves_a_client_that_works(void **state)
{
    struct onym_client *client = new_client();
    struct onym_client_change change = {.action = ONYM_ACTION_DELETE,
                                        .name = onym_span_text("a/b")};
    struct onym_client_result result;
    int fd = onym_client_fd(client);

    (void)state;
    onym_client_start_change(client, &change);
    onym_client_cancel(client);
    assert_int_equal(onym_client_wait_ms(client), -1);
    assert_false(onym_client_step(client, &result));
    assert_int_equal(onym_client_fd(client), fd);
    assert_int_equal(try_change(client, &change), ONYM_UNREACHABLE);
    onym_client_start_change(client, &change);
    onym_client_free(client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_checked_at_their_limits),
        cmocka_unit_test(a_change_over_a_limit_is_invalid_without_a_packet),
        cmocka_unit_test(a_prefix_may_be_as_long_as_a_name),
        cmocka_unit_test(private_values_are_asked_for_over_tcp_once_somebody_asks),
        cmocka_unit_test(a_cancelled_change_leaves_a_client_that_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
