/* What log lines say, in both formats, and that they stay within their bounds. */
#include "unit/base/log_bench.h"

#include <fcntl.h>
#include <netinet/in.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_is_shown),
        cmocka_unit_test(auto_is_json_on_a_pipe_and_a_pipe_has_no_colours),
        cmocka_unit_test(a_terminal_gets_coloured_text),
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(long_lines_are_cut_visibly_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
