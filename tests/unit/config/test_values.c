/* Values at their limits and one past them, and every way to write one wrong. They are given on
 * the command line, so that YAML has no part in it. */
#include "unit/config/config_test.h"

#define ADDRESS "; expected an address such as 127.0.0.1:2641 or [::1]:2641"
#define NETWORK "; expected a network such as 192.0.2.0/24 or 2001:db8::/32"
#define NAME    "; expected 1 to 63 letters, digits, \".\", \"_\" or \"-\""
#define WORKERS "; expected a whole number from 0 to 64"
#define NICE    "; expected a whole number from 0 to 19"
#define SIZE    "; expected a size from 1MiB to 64TiB, in KiB, MiB, GiB or TiB"
#define TIME    "; expected a duration from 1s to 24h, in ms, s, m or h"
#define STOP    "; expected a duration from 0s to 10m, in ms, s, m or h"
#define RATE    "; expected a rate from 1/s to 10000000/s"
#define LEVEL   "; expected error, warning, notice, info or debug"

static struct loaded *
load_override(const char *override)
{
    char text[2048];
    char *overrides[] = {text, NULL};

    (void)snprintf(text, sizeof text, "%s", override);
    return load_from(NULL, NULL, overrides);
}

static void
values_are_taken_as_written(void **state)
{
    static const struct {
        const char *override;
        const char *key;
        const char *value; /* as shown again */
    } cases[] = {
        {"node.id=x", "node.id", "x"},
        {"node.workers=0", "node.workers", "0"},
        {"node.workers=064", "node.workers", "64"},
        {"node.pin_workers=yes", "node.pin_workers", "yes"},
        {"node.registration_nice=0", "node.registration_nice", "0"},
        {"node.registration_nice=19", "node.registration_nice", "19"},
        {"node.shutdown_timeout=0s", "node.shutdown_timeout", "0s"},
        {"node.shutdown_timeout=1ms", "node.shutdown_timeout", "1ms"},
        {"node.shutdown_timeout=1500ms", "node.shutdown_timeout", "1500ms"},
        {"node.shutdown_timeout=600000ms", "node.shutdown_timeout", "10m"},
        {"storage.dir=/a=b", "storage.dir", "/a=b"},
        {"storage.map_size=1MiB", "storage.map_size", "1MiB"},
        {"storage.map_size=1024KiB", "storage.map_size", "1MiB"},
        {"storage.map_size=1025KiB", "storage.map_size", "1025KiB"},
        {"storage.map_size=64TiB", "storage.map_size", "64TiB"},
        {"limits.udp_per_client=1/s", "limits.udp_per_client", "1/s"},
        {"limits.udp_per_client=10000000/s", "limits.udp_per_client", "10000000/s"},
        {"limits.udp_reply_packets=1", "limits.udp_reply_packets", "1"},
        {"limits.udp_reply_packets=64", "limits.udp_reply_packets", "64"},
        {"limits.tcp_connections=1", "limits.tcp_connections", "1"},
        {"limits.tcp_connections=1000000", "limits.tcp_connections", "1000000"},
        {"limits.tcp_idle=1000ms", "limits.tcp_idle", "1s"},
        {"limits.tcp_idle=24h", "limits.tcp_idle", "24h"},
        {"limits.exempt=", "limits.exempt", ""},
        {"limits.exempt= 10.0.0.0/8 ,\t::/0", "limits.exempt", "10.0.0.0/8 ::/0"},
        {"limits.exempt=0.0.0.0/0", "limits.exempt", "0.0.0.0/0"},
        {"limits.exempt=1.2.3.4", "limits.exempt", "1.2.3.4/32"},
        {"limits.exempt=128.0.0.0/1,255.255.255.254/31", "limits.exempt",
         "128.0.0.0/1 255.255.255.254/31"},
        {"limits.exempt=::1/128", "limits.exempt", "::1/128"},
        {"listen.ops=", "listen.ops", ""},
        {"listen.ops=0.0.0.0:0,[::]:65535", "listen.ops", "0.0.0.0:0 [::]:65535"},
        {"log.level=error", "log.level", "error"},
        {"log.format=text", "log.format", "text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *l = load_override(cases[i].override);
        expect_valid(l);
        assert_string_equal(value_of(l, cases[i].key), cases[i].value);
        assert_string_equal(origin_of(l, cases[i].key), "command line");
        free(l);
    }
}

static const struct {
    const char *override;
    const char *error; /* behind "command line: " */
} faults[] = {
    {"node.id=", "node.id: \"\" is empty" NAME},
    {"node.id=a/b", "node.id: \"a/b\" has a character that is not allowed" NAME},
    {"node.id=\xC3\xA4", "node.id: \"\xC3\xA4\" has a character that is not allowed" NAME},
    {"node.workers=65", "node.workers: \"65\" is out of range" WORKERS},
    {"node.workers=-1", "node.workers: \"-1\" is not a whole number" WORKERS},
    {"node.workers=1.0", "node.workers: \"1.0\" is not a whole number" WORKERS},
    {"node.workers=", "node.workers: \"\" is not a whole number" WORKERS},
    {"node.workers= 1", "node.workers: \" 1\" is not a whole number" WORKERS},
    {"node.workers=0x1", "node.workers: \"0x1\" is not a whole number" WORKERS},
    {"node.workers=18446744073709551616",
     "node.workers: \"18446744073709551616\" is out of range" WORKERS},
    {"node.registration_nice=20", "node.registration_nice: \"20\" is out of range" NICE},
    {"node.registration_nice=-1", "node.registration_nice: \"-1\" is not a whole number" NICE},
    {"node.shutdown_timeout=600001ms", "node.shutdown_timeout: \"600001ms\" is out of range" STOP},
    {"node.shutdown_timeout=11m", "node.shutdown_timeout: \"11m\" is out of range" STOP},
    {"node.shutdown_timeout=5", "node.shutdown_timeout: \"5\" has no unit" STOP},
    {"node.shutdown_timeout=5S", "node.shutdown_timeout: \"5S\" is not a duration" STOP},
    {"node.shutdown_timeout=s", "node.shutdown_timeout: \"s\" is not a duration" STOP},
    {"node.shutdown_timeout=1.5s", "node.shutdown_timeout: \"1.5s\" is not a duration" STOP},
    {"node.shutdown_timeout=5124095576030432h",
     "node.shutdown_timeout: \"5124095576030432h\" is out of range" STOP},
    {"limits.tcp_idle=0s", "limits.tcp_idle: \"0s\" is out of range" TIME},
    {"limits.tcp_idle=999ms", "limits.tcp_idle: \"999ms\" is out of range" TIME},
    {"limits.tcp_idle=1500ms", "limits.tcp_idle: \"1500ms\" is not a whole number of seconds" TIME},
    {"limits.tcp_idle=86401s", "limits.tcp_idle: \"86401s\" is out of range" TIME},
    {"storage.dir=", "storage.dir: \"\" is empty; expected a path of 1 to 1023 bytes without "
                     "control characters"},
    {"storage.dir=a\nb", "storage.dir: \"a\\x0ab\" has a character that is not allowed; expected a "
                         "path of 1 to 1023 bytes without control characters"},
    {"storage.dir=\xff", "storage.dir: \"\\xff\" is not UTF-8; expected a path of 1 to 1023 bytes "
                         "without control characters"},
    {"storage.map_size=1023KiB", "storage.map_size: \"1023KiB\" is out of range" SIZE},
    {"storage.map_size=65TiB", "storage.map_size: \"65TiB\" is out of range" SIZE},
    {"storage.map_size=18446744073709551615TiB",
     "storage.map_size: \"18446744073709551615TiB\" is out of range" SIZE},
    {"storage.map_size=1048576", "storage.map_size: \"1048576\" has no unit" SIZE},
    {"storage.map_size=64GB",
     "storage.map_size: \"64GB\" is not a size" SIZE "; did you mean 64GiB?"},
    {"storage.map_size=64g",
     "storage.map_size: \"64g\" is not a size" SIZE "; did you mean 64GiB?"},
    {"storage.map_size=64mib",
     "storage.map_size: \"64mib\" is not a size" SIZE "; did you mean 64MiB?"},
    {"storage.map_size=big", "storage.map_size: \"big\" is not a size" SIZE},
    {"limits.udp_per_client=0/s", "limits.udp_per_client: \"0/s\" is out of range" RATE},
    {"limits.udp_per_client=10000001/s",
     "limits.udp_per_client: \"10000001/s\" is out of range" RATE},
    {"limits.udp_per_client=5",
     "limits.udp_per_client: \"5\" has no unit" RATE "; did you mean 5/s?"},
    {"limits.udp_per_client=5/m", "limits.udp_per_client: \"5/m\" is not a rate" RATE},
    {"limits.udp_reply_packets=0",
     "limits.udp_reply_packets: \"0\" is out of range; expected a whole number from 1 to 64"},
    {"limits.udp_reply_packets=65",
     "limits.udp_reply_packets: \"65\" is out of range; expected a whole number from 1 to 64"},
    {"limits.tcp_connections=0",
     "limits.tcp_connections: \"0\" is out of range; expected a whole number from 1 to 1000000"},
    {"limits.tcp_connections=1000001", "limits.tcp_connections: \"1000001\" is out of range; "
                                       "expected a whole number from 1 to 1000000"},
    {"limits.exempt=10.1.0.0/8",
     "limits.exempt: \"10.1.0.0/8\" has bits behind its prefix length" NETWORK
     "; did you mean 10.0.0.0/8?"},
    {"limits.exempt=2001:db8::1/64", "limits.exempt: \"2001:db8::1/64\" has bits behind its prefix "
                                     "length" NETWORK "; did you mean 2001:db8::/64?"},
    {"limits.exempt=::ffff:10.0.0.0/104",
     "limits.exempt: \"::ffff:10.0.0.0/104\" is an IPv4 "
     "network in the form of IPv6" NETWORK "; did you mean 10.0.0.0/8?"},
    {"limits.exempt=::ffff:0.0.0.0/96",
     "limits.exempt: \"::ffff:0.0.0.0/96\" is an IPv4 "
     "network in the form of IPv6" NETWORK "; did you mean 0.0.0.0/0?"},
    {"limits.exempt=10.0.0.0/33",
     "limits.exempt: \"10.0.0.0/33\" has a prefix length beyond its address" NETWORK},
    {"limits.exempt=::/129",
     "limits.exempt: \"::/129\" has a prefix length beyond its address" NETWORK},
    {"limits.exempt=10.0.0.0/", "limits.exempt: \"10.0.0.0/\" is not a network" NETWORK},
    {"limits.exempt=10.0.0/8", "limits.exempt: \"10.0.0/8\" is not a network" NETWORK},
    {"limits.exempt=localhost",
     "limits.exempt: \"localhost\" is a name, and names are not looked up here" NETWORK},
    {"limits.exempt=::1,", "limits.exempt: \"\" is not a network" NETWORK},
    {"listen.ops=127.0.0.1", "listen.ops: \"127.0.0.1\" has no port" ADDRESS},
    {"listen.ops=[::1]", "listen.ops: \"[::1]\" has no port" ADDRESS},
    {"listen.ops=::1:80", "listen.ops: \"::1:80\" needs brackets around its IPv6 address" ADDRESS},
    {"listen.ops=127.0.0.1:65536",
     "listen.ops: \"127.0.0.1:65536\" has no port from 0 to 65535" ADDRESS},
    {"listen.ops=[::1]:65536", "listen.ops: \"[::1]:65536\" has no port from 0 to 65535" ADDRESS},
    {"listen.ops=127.0.0.1:", "listen.ops: \"127.0.0.1:\" has no port from 0 to 65535" ADDRESS},
    {"listen.ops=localhost:80",
     "listen.ops: \"localhost:80\" is a name, and names are not looked up here" ADDRESS},
    {"listen.ops=127.0.0.256:80", "listen.ops: \"127.0.0.256:80\" is not an address" ADDRESS},
    {"listen.ops=[127.0.0.1]:80", "listen.ops: \"[127.0.0.1]:80\" is not an address" ADDRESS},
    {"listen.ops=[::1", "listen.ops: \"[::1\" is not an address" ADDRESS},
    {"listen.ops=unix:/run/x", "listen.ops: \"unix:/run/x\" is not an address" ADDRESS},
    {"log.level=debgu",
     "log.level: \"debgu\" is not one of the words" LEVEL "; did you mean debug?"},
    {"log.level=warn",
     "log.level: \"warn\" is not one of the words" LEVEL "; did you mean warning?"},
    {"log.level=INFO", "log.level: \"INFO\" is not one of the words" LEVEL "; did you mean info?"},
    {"log.level=loud", "log.level: \"loud\" is not one of the words" LEVEL},
    {"log.format=", "log.format: \"\" is not one of the words; expected auto, text or json"},
    {"log.levl=info", "\"log.levl\" is no key; did you mean log.level?"},
    {"zzz=1", "\"zzz\" is no key"},
    {"log.level", "\"log.level\" has no value; expected key=value"},
    {"", "\"\" has no value; expected key=value"},
};

static void
faults_say_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct loaded *l = load_override(faults[i].override);
        char want[ONYM_CONFIG_LINE_MAX];
        const char *lines[] = {want, NULL};

        (void)snprintf(want, sizeof want, "command line: %s", faults[i].error);
        expect_errors(l, lines);
        free(l);
    }
}

/* key=prefix followed by len times c. */
static struct loaded *
load_long(const char *key, char c, size_t len)
{
    char text[2048];
    char *overrides[] = {text, NULL};
    size_t at = (size_t)snprintf(text, sizeof text, "%s=", key);

    assert_true(at + len < sizeof text);
    memset(text + at, c, len);
    text[at + len] = 0;
    return load_from(NULL, NULL, overrides);
}

static void
texts_end_at_their_room(void **state)
{
    static const struct {
        const char *key;
        size_t max;
    } cases[] = {{"node.id", 63}, {"storage.dir", ONYM_PATH_MAX - 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *l = load_long(cases[i].key, 'x', cases[i].max);
        expect_valid(l);
        assert_int_equal(strlen(value_of(l, cases[i].key)), cases[i].max);
        free(l);
        l = load_long(cases[i].key, 'x', cases[i].max + 1);
        assert_int_equal(l->status, ONYM_INVALID);
        assert_int_equal(l->report.error_count, 1);
        assert_non_null(strstr(error_of(l, 0), "xxx...\" is too long; expected "));
        free(l);
    }
}

/* A list of n items with distinct ports or networks. */
static struct loaded *
load_list(bool networks, size_t n)
{
    char text[2048];
    char *overrides[] = {text, NULL};
    size_t len = (size_t)snprintf(text, sizeof text, networks ? "limits.exempt=" : "listen.ops=");

    for (size_t i = 0; i < n; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                networks ? "%s10.0.%zu.0/24" : "%s127.0.0.1:%zu", i > 0 ? "," : "",
                                i + 1);
    }
    return load_from(NULL, NULL, overrides);
}

static void
lists_end_at_their_room(void **state)
{
    static const char *const too_many[] = {
        "command line: listen.ops: \"127.0.0.1:17\" is one too many; expected at most 16 items",
        "command line: limits.exempt: \"10.0.65.0/24\" is one too many; expected at most 64 items"};

    (void)state;
    for (int networks = 0; networks < 2; networks++) {
        size_t max = networks != 0 ? ONYM_NETWORKS_MAX : ONYM_LISTEN_MAX;
        const char *lines[] = {too_many[networks], NULL};
        struct loaded *l = load_list(networks != 0, max);
        expect_valid(l);
        assert_int_equal(networks != 0 ? l->settings.exempt.count : l->settings.ops.count, max);
        free(l);
        l = load_list(networks != 0, max + 1);
        expect_errors(l, lines);
        free(l);
        l = load_list(networks != 0, max + 9);
        expect_errors(l, lines);
        free(l);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_as_written),
        cmocka_unit_test(faults_say_what_was_expected),
        cmocka_unit_test(texts_end_at_their_room),
        cmocka_unit_test(lists_end_at_their_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
