/* Authorities and certificates made here, at their limits. */
#include "net/tls_probe.h"
#include "unit/net/tls_play.h"

static void
names_of_hosts_have_their_grammar(void **state)
{
    static const char *const good[] = {"a",       "localhost",   "a-b.example.cn", "*.example.cn",
                                       "1.2.3.4", "2001:db8::1", "3com.cn",        "xn--fiqs8s"};
    static const char *const bad[] = {"",          ".",     "a..b",    "-a",     "a-",
                                      "a.",        "a b",   "a_b",     "*",      "*a.cn",
                                      "a.*.cn",    "[::1]", "1.2.3",   "::1:",   "a\nb",
                                      "b\xc3\xbc", "a-.cn", "a,DNS:b", "a/b.cn", "1.2.3.4.5"};
    char name[300];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!onym_tls_host_valid(good[i])) {
            fail_msg("%s is refused", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (onym_tls_host_valid(bad[i])) {
            fail_msg("%s is accepted", bad[i]);
        }
    }
    memset(name, 'a', 63);
    (void)snprintf(name + 63, sizeof name - 63, ".cn");
    assert_true(onym_tls_host_valid(name));
    memset(name, 'a', 64);
    (void)snprintf(name + 64, sizeof name - 64, ".cn");
    assert_false(onym_tls_host_valid(name));
    for (size_t i = 0; i < 254; i++) {
        name[i] = i % 2 == 0 ? 'a' : '.';
    }
    name[253] = '\0';
    assert_true(onym_tls_host_valid(name));
    name[253] = 'a';
    name[254] = '\0';
    assert_false(onym_tls_host_valid(name));
}

static void
fields_have_limits(void **state)
{
    struct play *p = play_files();
    char name[66];
    const char *hosts[ONYM_TLS_HOSTS_MAX + 1];
    struct onym_tls_request request = {.name = name,
                                       .hosts = hosts,
                                       .days = ONYM_TLS_DAYS_MAX,
                                       .now_s = PLAY_NOW_S,
                                       .rng = onym_rng_system()};
    struct onym_tls_pair pair = {.key = NULL};
    struct onym_fault fault;

    (void)state;
    memset(name, 'n', 65);
    name[64] = '\0';
    for (size_t i = 0; i <= ONYM_TLS_HOSTS_MAX; i++) {
        hosts[i] = "127.0.0.1";
    }
    request.host_count = ONYM_TLS_HOSTS_MAX;
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_OK);
    onym_tls_pair_drop(&pair);
    request.host_count++;
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    request.host_count = 0;
    request.days++;
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    assert_non_null(strstr(fault.text, "1 to 3650 days"));
    request.days = 0;
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    request.days = 1;
    name[64] = 'n';
    name[65] = '\0';
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    name[0] = '\0';
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    (void)snprintf(name, sizeof name, "\xff");
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_INVALID);
    assert_null(pair.key);
    play_end(p);
}

static void
a_certificate_says_what_was_asked_and_ends_with_its_authority(void **state)
{
    static const char *const hosts[] = {"a.example.cn", "192.0.2.7", "2001:db8::7", "*.b.cn"};
    struct play *p = play_files();
    struct onym_tls_request request = {
        .name = "节点", .hosts = hosts, .host_count = 4, .days = 3650, .rng = onym_rng_system()};
    struct onym_tls_certificate found;
    struct onym_tls_certificate ca;
    struct onym_tls_pair pair = {.key = NULL};
    struct onym_fault fault;

    (void)state;
    assert_int_equal(onym_tls_probe_file(p->file[PLAY_CA], &ca, &fault), ONYM_OK);
    assert_true(ca.is_ca);
    assert_string_equal(ca.subject, "CN=test authority");
    request.now_s = (uint64_t)ca.not_before_s + 3600;
    assert_int_equal(
        onym_tls_make_server(&request, p->file[PLAY_CA], p->file[PLAY_CA_KEY], &pair, &fault),
        ONYM_OK);
    play_write_pair(p, PLAY_ANY, PLAY_CLIENT, &pair);
    assert_int_equal(onym_tls_probe_file(p->file[PLAY_ANY], &found, &fault), ONYM_OK);
    assert_string_equal(found.subject, "CN=\\E8\\8A\\82\\E7\\82\\B9");
    assert_string_equal(found.issuer, "CN=test authority");
    assert_string_equal(found.names, "DNS:a.example.cn, IP:192.0.2.7, IP:2001:db8::7, DNS:*.b.cn");
    assert_string_equal(found.key_type, "EC prime256v1");
    assert_false(found.is_ca);
    assert_int_equal(found.not_after_s, ca.not_after_s);
    assert_true(onym_tls_probe_covers(p->file[PLAY_ANY], "A.example.cn"));
    assert_true(onym_tls_probe_covers(p->file[PLAY_ANY], "x.b.cn"));
    assert_true(onym_tls_probe_covers(p->file[PLAY_ANY], "2001:db8:0::7"));
    assert_false(onym_tls_probe_covers(p->file[PLAY_ANY], "192.0.2.8"));
    assert_false(onym_tls_probe_covers(p->file[PLAY_ANY], "localhost"));
    assert_true(onym_tls_probe_issued_by(p->file[PLAY_ANY], p->file[PLAY_CA]));
    assert_false(onym_tls_probe_issued_by(p->file[PLAY_ANY], p->file[PLAY_CERT]));
    assert_false(onym_tls_probe_issued_by(p->file[PLAY_ANY], "/nothing/there"));

    request.now_s = (uint64_t)ca.not_after_s - 1;
    assert_int_equal(
        onym_tls_make_server(&request, p->file[PLAY_CA], p->file[PLAY_CA_KEY], &pair, &fault),
        ONYM_OK);
    onym_tls_pair_drop(&pair);
    request.now_s++;
    assert_int_equal(
        onym_tls_make_server(&request, p->file[PLAY_CA], p->file[PLAY_CA_KEY], &pair, &fault),
        ONYM_INVALID);
    assert_non_null(strstr(fault.text, "has ended"));
    assert_int_equal(
        onym_tls_make_server(&request, p->file[PLAY_CA], p->file[PLAY_KEY], &pair, &fault),
        ONYM_INVALID);
    assert_non_null(strstr(fault.text, "is not the key of"));
    play_end(p);
}

static void
two_certificates_never_share_a_key(void **state)
{
    struct play *p = play_files();
    struct onym_tls_certificate a;
    struct onym_tls_certificate b;
    struct onym_fault fault;

    (void)state;
    assert_int_equal(onym_tls_probe_file(p->file[PLAY_CERT], &a, &fault), ONYM_OK);
    assert_int_equal(onym_tls_probe_file(p->file[PLAY_CERT_2], &b, &fault), ONYM_OK);
    assert_memory_not_equal(a.key_sha256, b.key_sha256, 32);
    assert_memory_not_equal(a.sha256, b.sha256, 32);
    play_end(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_hosts_have_their_grammar),
        cmocka_unit_test(fields_have_limits),
        cmocka_unit_test(a_certificate_says_what_was_asked_and_ends_with_its_authority),
        cmocka_unit_test(two_certificates_never_share_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
