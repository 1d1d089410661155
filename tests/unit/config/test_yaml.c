/* A file with faults: each is reported where it stands, with what was expected in its place. */
#include "unit/config/config_test.h"

#define ADDRESS "an address such as 127.0.0.1:2641 or [::1]:2641"

struct fault {
    const char *yaml;
    const char *error;  /* the only one, or the first */
    const char *second; /* NULL = there is none */
};

static void
check_faults(const struct fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct loaded *l = load_text(faults[i].yaml);
        const char *lines[] = {faults[i].error, faults[i].second, NULL};
        expect_errors(l, lines);
        free(l);
    }
}

#define CHECK(faults) check_faults((faults), sizeof(faults) / sizeof(faults)[0])

static void
nothing_and_empty_sections_are_the_defaults(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "# nothing\n",
                                        "---\n",
                                        "---\n...\n",
                                        "{}",
                                        "~",
                                        "null\n",
                                        "node:\n",
                                        "node: ~\n",
                                        "node: {}\nlog:\n  # level: debug\n",
                                        "%YAML 1.1\n---\n{}\n",
                                        "\xEF\xBB\xBFnode: {}\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct loaded *l = load_text(texts[i]);
        expect_valid(l);
        assert_string_equal(value_of(l, "node.id"), "node-a");
        assert_string_equal(value_of(l, "node.workers"), "0");
        assert_string_equal(value_of(l, "node.shutdown_timeout"), "5s");
        assert_string_equal(value_of(l, "listen.handle_udp"), "127.0.0.1:2641");
        assert_string_equal(value_of(l, "listen.handle_tcp"), "127.0.0.1:2641");
        assert_string_equal(value_of(l, "listen.ops"), "127.0.0.1:9641");
        assert_string_equal(value_of(l, "storage.dir"), "onym-data");
        assert_string_equal(value_of(l, "storage.map_size"), "256GiB");
        assert_string_equal(value_of(l, "limits.udp_per_client"), "20000/s");
        assert_string_equal(value_of(l, "limits.udp_reply_packets"), "16");
        assert_string_equal(value_of(l, "limits.exempt"), "127.0.0.0/8 ::1/128");
        assert_string_equal(value_of(l, "limits.tcp_connections"), "50000");
        assert_string_equal(value_of(l, "limits.tcp_idle"), "10m");
        assert_string_equal(value_of(l, "log.level"), "info");
        assert_string_equal(value_of(l, "log.format"), "auto");
        free(l);
    }
}

static void
every_key_reaches_its_setting(void **state)
{
    static const char yaml[] = "node: {id: a.b_c-9, workers: 3, shutdown_timeout: 250ms}\n"
                               "listen:\n"
                               "  handle_udp:\n"
                               "    - 127.0.0.1:1\n"
                               "    - \"[::1]:2\"\n"
                               "  handle_tcp: 0.0.0.0:3\n"
                               "  ops: []\n"
                               "storage: {dir: '/srv/a b', map_size: 2GiB}\n"
                               "limits:\n"
                               "  udp_per_client: 7/s\n"
                               "  udp_reply_packets: 8\n"
                               "  exempt: [10.0.0.0/8, 2001:db8::/33, \"::1\"]\n"
                               "  tcp_connections: 9\n"
                               "  tcp_idle: 2h\n"
                               "log: {level: debug, format: json}\n";
    struct loaded *l = load_text(yaml);
    const struct onym_settings *s = &l->settings;

    (void)state;
    expect_valid(l);
    assert_string_equal(s->node_id, "a.b_c-9");
    assert_int_equal(s->workers, 3);
    assert_int_equal(s->shutdown_ms, 250);
    assert_string_equal(value_of(l, "listen.handle_udp"), "127.0.0.1:1 [::1]:2");
    assert_int_equal(s->handle_udp.item[0].len, sizeof(struct sockaddr_in));
    assert_int_equal(s->handle_udp.item[1].len, sizeof(struct sockaddr_in6));
    assert_int_equal(s->handle_udp.item[1].at.ss_family, AF_INET6);
    assert_string_equal(value_of(l, "listen.handle_tcp"), "0.0.0.0:3");
    assert_int_equal(s->ops.count, 0);
    assert_string_equal(s->data_dir, "/srv/a b");
    assert_int_equal(s->map_size, 2147483648U);
    assert_int_equal(s->udp_per_client, 7);
    assert_int_equal(s->udp_reply_packets, 8);
    assert_string_equal(value_of(l, "limits.exempt"), "10.0.0.0/8 2001:db8::/33 ::1/128");
    assert_false(s->exempt.item[0].is_v6);
    assert_int_equal(s->exempt.item[1].bits, 33);
    assert_int_equal(s->tcp_connections, 9);
    assert_int_equal(s->tcp_idle_s, 7200);
    assert_int_equal(s->log_level, ONYM_LOG_DEBUG);
    assert_int_equal(s->log_format, ONYM_LOG_JSON);
    assert_string_equal(origin_of(l, "listen.handle_udp"), "t.yaml:4");
    assert_string_equal(origin_of(l, "log.format"), "t.yaml:15");
    free(l);
}

static void
unknown_keys_are_refused_with_the_nearest(void **state)
{
    static const struct fault faults[] = {
        {"node:\n  wrkers: 4\n", "t.yaml:2:3: node.wrkers: unknown key; did you mean node.workers?",
         NULL},
        {"lisen: {}\n", "t.yaml:1:1: lisen: unknown key; did you mean listen?", NULL},
        {"Listen: {}\n", "t.yaml:1:1: Listen: unknown key; did you mean listen?", NULL},
        {"level: debug\n", "t.yaml:1:1: level: unknown key; did you mean log.level?", NULL},
        {"limits: {level: debug}\n",
         "t.yaml:1:10: limits.level: unknown key; did you mean log.level?", NULL},
        {"node.id: a\n", "t.yaml:1:1: node.id: has a dot; expected a section with keys below it",
         NULL},
        {"storage: {map: 1GiB}\n",
         "t.yaml:1:11: storage.map: unknown key; did you mean storage.map_size?", NULL},
        {"zzz: 1\n", "t.yaml:1:1: zzz: unknown key", NULL},
        {"\"a\\nb\": 1\n", "t.yaml:1:1: a?b: unknown key", NULL},
        {"log: {level: {a: 1}, b: 2}\n",
         "t.yaml:1:14: log.level: is a section; expected error, warning, notice, info or debug",
         "t.yaml:1:22: log.b: unknown key"},
        /* what stands below an unknown key is not looked at */
        {"zzz: {a: [1, {b: c}], level: 3}\nlog: {level: 3}\n", "t.yaml:1:1: zzz: unknown key",
         "t.yaml:2:14: log.level: \"3\" is not one of the words; expected error, warning, notice, "
         "info or debug"},
    };

    (void)state;
    CHECK(faults);
}

static void
things_out_of_place_are_refused(void **state)
{
    static const struct fault faults[] = {
        {"a\n", "t.yaml:1:1: is a single value; expected sections with keys", NULL},
        {"- a\n", "t.yaml:1:1: is a list; expected sections with keys", NULL},
        {"node: 3\n", "t.yaml:1:7: node: is a single value; expected keys of the section", NULL},
        {"node: [3]\n", "t.yaml:1:7: node: is a list; expected keys of the section", NULL},
        {"node: {id: [a]}\n",
         "t.yaml:1:12: node.id: is a list; expected 1 to 63 letters, digits, \".\", \"_\" or \"-\"",
         NULL},
        {"listen: {ops: {a: b}}\n",
         "t.yaml:1:15: listen.ops: is a section; expected " ADDRESS ", or a list", NULL},
        {"listen: {ops: [[a]]}\n",
         "t.yaml:1:16: listen.ops: has an item that is a list or section; expected " ADDRESS, NULL},
        {"listen: {ops: [~]}\n", "t.yaml:1:16: listen.ops: has no value; expected " ADDRESS, NULL},
        {"listen:\n  ops:\n",
         "t.yaml:2:7: listen.ops: has no value; [] is the empty list; "
         "expected " ADDRESS ", or a list",
         NULL},
        {"node: {workers: }\n",
         "t.yaml:1:17: node.workers: has no value; expected a whole number from 0 to 64", NULL},
        {"node: {workers: null}\n",
         "t.yaml:1:17: node.workers: has no value; expected a whole number from 0 to 64", NULL},
        {"node:\n  ? [a]\n  : b\n  id: c d\n",
         "t.yaml:2:5: node: has a list or section as a key; expected a key of the section",
         "t.yaml:4:7: node.id: \"c d\" has a character that is not allowed; expected 1 to 63 "
         "letters, digits, \".\", \"_\" or \"-\""},
    };

    (void)state;
    CHECK(faults);
}

static void
what_yaml_can_do_beyond_values_is_refused(void **state)
{
    static const struct fault faults[] = {
        {"node: {id: &x a}\n",
         "t.yaml:1:12: node.id: has an anchor; expected the value written "
         "out, without & or *",
         NULL},
        {"node: {id: *x}\n",
         "t.yaml:1:12: node.id: is an alias; expected the value written out, without & or *", NULL},
        {"node: {*x : a}\n",
         "t.yaml:1:8: node: is an alias; expected the value written out, without & or *", NULL},
        {"node: &n {id: a}\nlog: *n\n",
         "t.yaml:1:7: node: has an anchor; expected the value written out, without & or *",
         "t.yaml:2:6: log: is an alias; expected the value written out, without & or *"},
        {"node: {id: !!str a}\n",
         "t.yaml:1:12: node.id: has a tag; expected the value alone, its key says the type", NULL},
        {"listen: {ops: !x []}\n",
         "t.yaml:1:15: listen.ops: has a tag; expected the value alone, its key says the type",
         NULL},
        {"node: {id: a}\n---\nnode: {id: b c}\n",
         "t.yaml:2:1: a second document begins; expected one document in a file", NULL},
        {"node: {id: a}\nlog:\n  level: info\nnode: {workers: 1}\n",
         "t.yaml:4:1: node: is given twice; the first is in line 1; expected each key once", NULL},
        {"node:\n  id: a\n  id: b\n",
         "t.yaml:3:3: node.id: is given twice; the first is in line 2; expected each key once",
         NULL},
        {"node: {id: a\n",
         "t.yaml:2:1: is not YAML: did not find expected ',' or '}' while "
         "parsing a flow mapping",
         NULL},
        {"node:\n\tid: a\n",
         "t.yaml:2:1: is not YAML: found character that cannot start any "
         "token while scanning for the next token",
         NULL},
        {"node: {}\n# \xff\n", "t.yaml:2:3: is not YAML: invalid leading UTF-8 octet", NULL},
        {"node: {}\na\x01", "t.yaml:2:2: is not YAML: control characters are not allowed", NULL},
    };

    (void)state;
    CHECK(faults);
}

static struct loaded *
load_nested(size_t depth)
{
    char yaml[64] = "a: ";
    size_t len = 3;

    /* the file's own mapping is the first level */
    for (size_t i = 1; i < depth; i++) {
        yaml[len++] = '[';
    }
    for (size_t i = 1; i < depth; i++) {
        yaml[len++] = ']';
    }
    return load_text(yaml);
}

static void
sixteen_levels_are_walked_and_one_more_is_not(void **state)
{
    static const char *const at[] = {"t.yaml:1:1: a: unknown key", NULL};
    static const char *const past[] = {
        "t.yaml:1:1: a: unknown key",
        "t.yaml:1:19: a: is nested too deeply; expected at most 16 levels", NULL};
    struct loaded *l = load_nested(ONYM_CONFIG_DEPTH_MAX);

    (void)state;
    expect_errors(l, at);
    free(l);
    l = load_nested(ONYM_CONFIG_DEPTH_MAX + 1);
    expect_errors(l, past);
    free(l);
}

/* n unknown keys. */
static struct loaded *
load_errors(size_t n)
{
    char yaml[ONYM_CONFIG_ERRORS_MAX * 16] = "";
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(yaml + len, sizeof yaml - len, "zz%zu: 1\n", i);
    }
    return load_text(yaml);
}

static void
a_hundred_errors_are_kept_and_further_ones_counted(void **state)
{
    struct loaded *l = load_errors(ONYM_CONFIG_ERRORS_MAX);

    (void)state;
    assert_int_equal(l->report.error_count, 100);
    assert_string_equal(error_of(l, 99), "t.yaml:100:1: zz99: unknown key");
    free(l);
    l = load_errors(ONYM_CONFIG_ERRORS_MAX + 1);
    assert_int_equal(l->status, ONYM_INVALID);
    assert_int_equal(l->report.error_count, 101);
    assert_string_equal(error_of(l, 99), "t.yaml:100:1: zz99: unknown key");
    free(l);
}

static void
what_is_shown_of_a_value_is_short_and_printable(void **state)
{
    static const struct fault faults[] = {
        {"node: {id: \"a\\e[31m\\u202e\\0\"}\n",
         "t.yaml:1:12: node.id: \"a\\x1b[31m\\xe2\\x80\\xae\\x00\" has a character that is not "
         "allowed; expected 1 to 63 letters, digits, \".\", \"_\" or \"-\"",
         NULL},
        {"node: {workers: 零件零件零件零件零件零件零件零件零件零件零件零件}\n",
         "t.yaml:1:17: node.workers: \"零件零件零件零件零件零件零件零件零件零件...\" is not a "
         "whole "
         "number; expected a whole number from 0 to 64",
         NULL},
        {"node: {workers: x零件零件零件零件零件零件零件零件零件零件}\n",
         "t.yaml:1:17: node.workers: \"x零件零件零件零件零件零件零件零件零件零...\" is not a whole "
         "number; expected a whole number from 0 to 64",
         NULL},
    };

    (void)state;
    CHECK(faults);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_and_empty_sections_are_the_defaults),
        cmocka_unit_test(every_key_reaches_its_setting),
        cmocka_unit_test(unknown_keys_are_refused_with_the_nearest),
        cmocka_unit_test(things_out_of_place_are_refused),
        cmocka_unit_test(what_yaml_can_do_beyond_values_is_refused),
        cmocka_unit_test(sixteen_levels_are_walked_and_one_more_is_not),
        cmocka_unit_test(a_hundred_errors_are_kept_and_further_ones_counted),
        cmocka_unit_test(what_is_shown_of_a_value_is_short_and_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
