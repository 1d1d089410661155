/* The ops listener: statuses, bodies, pipelining, what closes a connection, and which format a
 * scrape gets. */
#include "service/ops.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_S 784111777U /* the instant RFC 9110 5.6.7 uses as its example */

struct node {
    struct onym_ops_check check[ONYM_OPS_CHECKS_MAX];
    size_t count;
    struct onym_counters counters;
    const struct onym_counters *workers[1];
    unsigned metrics_asked;
};

static size_t
tell_checks(void *of, struct onym_ops_check *out)
{
    struct node *node = of;

    memcpy(out, node->check, sizeof node->check);
    return node->count;
}

static size_t
tell_nothing(void *of, struct onym_ops_check *out)
{
    (void)of;
    (void)out;
    return 0;
}

static void
tell_metrics(void *of, struct onym_metrics *out)
{
    struct node *node = of;

    node->metrics_asked++;
    node->workers[0] = &node->counters;
    *out = (struct onym_metrics){
        .workers = node->workers, .worker_count = 1, .version = "1.2.3", .revision = "abc"};
}

struct exchange {
    struct node node;
    struct onym_ops_source source;
    struct onym_ops_connection connection;
    struct onym_ops_reply reply;
    char text[ONYM_OPS_REPLY_MAX + 1]; /* the last answer */
    const char *body;
};

static int
setup(void **state)
{
    struct exchange *x = calloc(1, sizeof *x);

    assert_non_null(x);
    x->source = (struct onym_ops_source){
        .of = &x->node, .live = tell_nothing, .ready = tell_checks, .metrics = tell_metrics};
    x->reply.cap = ONYM_OPS_REPLY_MAX;
    x->reply.buffer = malloc(x->reply.cap);
    assert_non_null(x->reply.buffer);
    onym_ops_connection_init(&x->connection);
    *state = x;
    return 0;
}

static int
teardown(void **state)
{
    struct exchange *x = *state;

    free(x->reply.buffer);
    free(x);
    return 0;
}

static enum onym_ops_verdict
feed(struct exchange *x, onym_span *input)
{
    enum onym_ops_verdict verdict = onym_ops_feed(&x->connection, input, &x->source, NOW_S,
                                                  &x->reply);

    if (verdict != ONYM_OPS_MORE) {
        memcpy(x->text, x->reply.bytes.at, x->reply.bytes.len);
        x->text[x->reply.bytes.len] = '\0';
        x->body = strstr(x->text, "\r\n\r\n");
        assert_non_null(x->body);
        x->body += 4;
    }
    return verdict;
}

/* One request on a connection of its own. */
static enum onym_ops_verdict
ask(struct exchange *x, const char *request)
{
    onym_span input = onym_span_text(request);

    onym_ops_connection_init(&x->connection);
    return feed(x, &input);
}

static void
assert_has(const struct exchange *x, const char *part)
{
    if (strstr(x->text, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, x->text);
    }
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static void
ops_answers_health_with_its_whole_head(void **state)
{
    struct exchange *x = *state;

    assert_int_equal(ask(x, GET("/livez")), ONYM_OPS_REPLY);
    assert_string_equal(x->text, "HTTP/1.1 200 OK\r\n"
                                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Content-Length: 16\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: keep-alive\r\n\r\n"
                                 "{\"status\":\"ok\"}\n");
    assert_int_equal(x->reply.status, 200);
}

static void
ops_tells_every_check_when_verbose_and_failed_ones_always(void **state)
{
    struct exchange *x = *state;

    x->node.count = 2;
    x->node.check[0] = (struct onym_ops_check){.name = "store", .ok = true, .detail = "8000 ids"};
    x->node.check[1] = (struct onym_ops_check){.name = "worker_1", .ok = true};
    (void)ask(x, GET("/readyz"));
    assert_string_equal(x->body, "{\"status\":\"ok\"}\n");
    (void)ask(x, GET("/readyz?a=b&verbose=1"));
    assert_string_equal(x->body, "{\"status\":\"ok\",\"checks\":["
                                 "{\"name\":\"store\",\"ok\":true,\"detail\":\"8000 ids\"},"
                                 "{\"name\":\"worker_1\",\"ok\":true,\"detail\":\"\"}]}\n");
    x->node.check[1] = (struct onym_ops_check){.name = "worker_1", .detail = "\"no\" tick\n"};
    assert_int_equal(ask(x, GET("/readyz?verbos")), ONYM_OPS_REPLY);
    assert_int_equal(x->reply.status, 503);
    assert_has(x, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_string_equal(x->body, "{\"status\":\"failed\",\"checks\":["
                                 "{\"name\":\"worker_1\",\"ok\":false,"
                                 "\"detail\":\"\\\"no\\\" tick\\u000a\"}]}\n");
    assert_int_equal(ask(x, GET("/livez")), ONYM_OPS_REPLY);
    assert_int_equal(x->reply.status, 200);
}

static void
ops_health_has_room_for_the_most_checks(void **state)
{
    struct exchange *x = *state;
    json_t *root;

    x->node.count = ONYM_OPS_CHECKS_MAX;
    for (size_t i = 0; i < ONYM_OPS_CHECKS_MAX; i++) {
        x->node.check[i].name = "check";
        /* the longest escape, and no terminator in sight */
        memset(x->node.check[i].detail, 1, sizeof x->node.check[i].detail);
    }
    assert_int_equal(ask(x, GET("/readyz?verbose")), ONYM_OPS_REPLY);
    root = json_loads(x->body, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "checks")), ONYM_OPS_CHECKS_MAX);
    json_decref(root);
}

static void
ops_head_is_the_answer_without_its_body(void **state)
{
    struct exchange *x = *state;
    char head[1024];

    (void)ask(x, GET("/livez"));
    assert_true((size_t)(x->body - x->text) < sizeof head);
    memcpy(head, x->text, (size_t)(x->body - x->text));
    head[x->body - x->text] = '\0';
    assert_int_equal(ask(x, "HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n"), ONYM_OPS_REPLY);
    assert_string_equal(x->text, head);
    (void)ask(x, "HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(x->body, "");
    (void)ask(x, "HEAD /nowhere HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(x->reply.status, 404);
    assert_string_equal(x->body, "");
}

struct refusal {
    const char *request;
    int status;
    enum onym_ops_verdict verdict;
    const char *type;
    const char *instance; /* NULL: none */
};

static void
ops_refuses_with_a_problem(void **state)
{
    static const struct refusal table[] = {
        {GET("/"), 404, ONYM_OPS_REPLY, "/problems/not-found", "/"},
        {GET("/metrics/"), 404, ONYM_OPS_REPLY, "/problems/not-found", "/metrics/"},
        {GET("/METRICS"), 404, ONYM_OPS_REPLY, "/problems/not-found", "/METRICS"},
        {GET("/writez"), 404, ONYM_OPS_REPLY, "/problems/not-found", "/writez"},
        {GET("/a\"\\?b"), 404, ONYM_OPS_REPLY, "/problems/not-found", "/a\"\\?b"},
        {GET("/\xE6\x9B\xB2\xFF"), 404, ONYM_OPS_REPLY, "/problems/not-found",
         "/\xE6\x9B\xB2\xEF\xBF\xBD"},
        {"DELETE /metrics HTTP/1.1\r\nHost: h\r\n\r\n", 405, ONYM_OPS_REPLY,
         "/problems/method-not-allowed", "/metrics"},
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 405, ONYM_OPS_REPLY,
         "/problems/method-not-allowed", "*"},
        {"GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", 413,
         ONYM_OPS_REPLY_CLOSE, "/problems/content-too-large", "/metrics"},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413,
         ONYM_OPS_REPLY_CLOSE, "/problems/content-too-large", "/"},
        {"GET /metrics HTTP/1.1\r\n\r\n", 400, ONYM_OPS_REPLY_CLOSE, "/problems/bad-request", NULL},
        {"GET /metrics HTTP/2.0\r\nHost: h\r\n\r\n", 505, ONYM_OPS_REPLY_CLOSE,
         "/problems/http-version-not-supported", NULL},
        {"BREW /metrics HTTP/1.1\r\nHost: h\r\n\r\n", 501, ONYM_OPS_REPLY_CLOSE,
         "/problems/not-implemented", NULL},
    };
    struct exchange *x = *state;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum onym_ops_verdict verdict = ask(x, table[i].request);
        json_t *root = json_loads(x->body, JSON_REJECT_DUPLICATES, NULL);
        const char *instance = json_string_value(json_object_get(root, "instance"));

        if (root == NULL || verdict != table[i].verdict || x->reply.status != table[i].status) {
            fail_msg("row %zu: verdict %d:\n%s", i, (int)verdict, x->text);
        }
        assert_has(x, "Content-Type: application/problem+json\r\n");
        assert_string_equal(json_string_value(json_object_get(root, "type")), table[i].type);
        assert_int_equal(json_integer_value(json_object_get(root, "status")), table[i].status);
        assert_non_null(json_string_value(json_object_get(root, "title")));
        assert_non_null(json_string_value(json_object_get(root, "detail")));
        if (table[i].instance == NULL) {
            assert_null(instance);
        } else {
            assert_string_equal(instance, table[i].instance);
        }
        assert_int_equal(strstr(x->text, "Allow: GET, HEAD\r\n") != NULL, table[i].status == 405);
        assert_has(x, verdict == ONYM_OPS_REPLY ? "keep-alive\r\n" : "Connection: close\r\n");
        json_decref(root);
    }
}

static void
ops_answers_the_longest_target(void **state)
{
    struct exchange *x = *state;
    char request[ONYM_HTTP1_TARGET_MAX + 64];
    onym_span input;
    size_t len = 4;

    memcpy(request, "GET /", 5);
    memset(request + 5, 0xFF, ONYM_HTTP1_TARGET_MAX - 1); /* six characters each in the answer */
    len += ONYM_HTTP1_TARGET_MAX;
    memcpy(request + len, " HTTP/1.1\r\nHost: h\r\n\r\n", 22);
    input = onym_span_of(request, len + 22);
    onym_ops_connection_init(&x->connection);
    assert_int_equal(feed(x, &input), ONYM_OPS_REPLY);
    assert_int_equal(input.len, 0);
    assert_int_equal(x->reply.status, 404);
    assert_true(x->reply.bytes.len > (size_t)6 * (ONYM_HTTP1_TARGET_MAX - 1));
}

static void
ops_closes_when_asked_to(void **state)
{
    struct exchange *x = *state;
    onym_span more = onym_span_text(GET("/livez"));

    assert_int_equal(ask(x, "GET /livez HTTP/1.0\r\n\r\n"), ONYM_OPS_REPLY_CLOSE);
    assert_has(x, "Connection: close\r\n");
    assert_int_equal(ask(x, "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                     ONYM_OPS_REPLY_CLOSE);
    assert_int_equal(feed(x, &more), ONYM_OPS_MORE);
    assert_int_equal(more.len, 0);
}

static void
ops_answers_pipelined_requests_one_by_one_however_torn(void **state)
{
    static const char text[] = GET("/livez") "\r\n" GET("/nowhere") GET("/readyz");
    struct exchange *x = *state;

    for (size_t piece = 1; piece < sizeof text; piece++) {
        int seen[4] = {0};
        unsigned answers = 0;

        onym_ops_connection_init(&x->connection);
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            onym_span input = onym_span_front(
                onym_span_from(onym_span_of(text, sizeof text - 1), at), piece);

            while (input.len > 0 && feed(x, &input) == ONYM_OPS_REPLY) {
                assert_true(answers < 3);
                seen[answers] = x->reply.status;
                answers++;
            }
        }
        assert_int_equal(answers, 3);
        assert_int_equal(seen[0], 200);
        assert_int_equal(seen[1], 404);
        assert_int_equal(seen[2], 200);
    }
}

static void
ops_asks_for_metrics_only_when_they_are_wanted(void **state)
{
    struct exchange *x = *state;

    (void)ask(x, GET("/livez"));
    assert_int_equal(x->node.metrics_asked, 0);
    onym_counter_add(&x->node.counters.requests[ONYM_BY_TCP][ONYM_NOT_FOUND], 7);
    assert_int_equal(ask(x, GET("/metrics?x")), ONYM_OPS_REPLY);
    assert_int_equal(x->node.metrics_asked, 1);
    assert_has(x, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    assert_has(x, "\nonym_resolve_requests_total{transport=\"tcp\",code=\"100\"} 7\n");
    (void)ask(x, "GET /metrics HTTP/1.1\r\nHost: h\r\n"
                 "Accept: application/openmetrics-text\r\n\r\n");
    assert_has(x, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    assert_has(x, "\n# EOF\n");
}

static void
ops_chooses_the_format_by_accept(void **state)
{
    static const struct {
        const char *fields;
        bool open;
    } table[] = {
        {"", false},
        {"Accept: */*\r\n", false},
        {"Accept: application/json\r\n", false},
        {"Accept: application/openmetrics-text\r\n", true},
        {"accept: Application/OpenMetrics-Text; version=1.0.0\r\n", true},
        {"Accept: application/openmetrics-text;version=0.0.1\r\n", false},
        {"Accept: application/openmetrics-text;version=0.0.1,"
         "application/openmetrics-text;version=1.0.0;q=0.2\r\n",
         true},
        {"Accept: application/openmetrics-text;q=0\r\n", false},
        {"Accept: application/openmetrics-text;q=0.5,text/plain;q=0.6\r\n", false},
        {"Accept: application/openmetrics-text;q=0.6,text/plain;q=0.6\r\n", true},
        {"Accept: application/openmetrics-text;q=0.5, */*;q=0.6\r\n", false},
        {"Accept: application/openmetrics-text;q=0.5, text/plain;q=0.4, */*;q=0.6\r\n", true},
        {"Accept: application/openmetrics-text;q=0.5\r\nX: y\r\nAccept: text/plain\r\n", false},
        {"Accept: application/openmetrics-text;q=2\r\n", false},
        {"Accept: application/openmetrics-text;q=0.1234\r\n", false},
        {"Accept: application/openmetrics-text;q=\r\n", false},
        {"Accept: ,, ;, application/openmetrics-text ; q=1.000 \r\n", true},
        /* Prometheus 2.53 and 3 */
        {"Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
         "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,"
         "*/*;q=0.2\r\n",
         true},
        {"Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,"
         "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
         "*/*;q=0.2\r\n",
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum onym_metrics_format format = onym_ops_metrics_format(onym_span_text(table[i].fields));

        if ((format == ONYM_METRICS_OPENMETRICS) != table[i].open) {
            fail_msg("row %zu: %s", i, table[i].fields);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ops_answers_health_with_its_whole_head, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_tells_every_check_when_verbose_and_failed_ones_always,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(ops_health_has_room_for_the_most_checks, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_head_is_the_answer_without_its_body, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_refuses_with_a_problem, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_answers_the_longest_target, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_closes_when_asked_to, setup, teardown),
        cmocka_unit_test_setup_teardown(ops_answers_pipelined_requests_one_by_one_however_torn,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(ops_asks_for_metrics_only_when_they_are_wanted, setup,
                                        teardown),
        cmocka_unit_test(ops_chooses_the_format_by_accept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
