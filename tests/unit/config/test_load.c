/* Files, conf.d, environment and command line together: who wins, and rules between keys. */
#include "unit/config/config_test.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of this test's own with a file a.yaml and a conf.d. */
struct folder {
    char path[256];
    char file[300];
    char conf_d[300];
};

static void
write_file(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int
make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct folder *f = calloc(1, sizeof *f);

    assert_non_null(f);
    (void)snprintf(f->path, sizeof f->path, "%s/onym-config-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->path));
    (void)snprintf(f->file, sizeof f->file, "%s/a.yaml", f->path);
    (void)snprintf(f->conf_d, sizeof f->conf_d, "%s/conf.d", f->path);
    *state = f;
    return 0;
}

static int
remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static int
remove_folder(void **state)
{
    struct folder *f = *state;

    assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static void
put(const struct folder *f, const char *name, const char *text)
{
    char path[600];

    (void)mkdir(f->conf_d, 0700);
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    write_file(path, text, strlen(text));
}

/* The line with the folder's path in front. */
static void
expect_one_error(const struct folder *f, struct loaded *l, const char *line)
{
    char want[ONYM_CONFIG_LINE_MAX];
    const char *lines[] = {want, NULL};

    (void)snprintf(want, sizeof want, "%s/%s", f->path, line);
    expect_errors(l, lines);
}

static void
later_sources_win(void **state)
{
    static const char *const want[] = {"default",
                                       "/a.yaml:1",
                                       "/conf.d/10.yaml:1",
                                       "/conf.d/9.yaml:2",
                                       "environment ONYM_LIMITS__TCP_IDLE",
                                       "command line"};
    static const char *const keys[] = {"node.id",    "node.workers",    "log.format",
                                       "listen.ops", "limits.tcp_idle", "limits.udp_per_client"};
    static const char *const values[] = {"node-a", "1", "json", "127.0.0.1:9", "9m", "9/s"};
    struct folder *f = *state;
    char *environment[] = {"HOME=/", "ONYM_LIMITS__TCP_IDLE=9m", "ONYM_LIMITS__UDP_PER_CLIENT=8/s",
                           NULL};
    char *overrides[] = {"limits.udp_per_client=8/s", "limits.udp_per_client=9/s", NULL};
    struct loaded *l;

    put(f, "a.yaml",
        "{node: {workers: 1}, log: {format: text}, listen: {ops: []}, limits: "
        "{udp_per_client: 1/s, tcp_idle: 1m}}\n");
    /* "10" before "9": bytes, not numbers */
    put(f, "conf.d/10.yaml",
        "{log: {format: json}, listen: {ops: ['127.0.0.1:7']}, "
        "limits: {tcp_idle: 2m}}\n");
    put(f, "conf.d/9.yaml", "#\nlisten: {ops: ['127.0.0.1:9']}\n");
    put(f, "conf.d/.hidden.yaml", "zzz");
    put(f, "conf.d/other.yml", "zzz");
    put(f, "conf.d/.yaml", "zzz");
    l = load_from(f->file, environment, overrides);
    expect_valid(l);
    assert_int_equal(l->report.file_count, 3);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *origin = origin_of(l, keys[i]);
        if (want[i][0] == '/') {
            assert_int_equal(strncmp(origin, f->path, strlen(f->path)), 0);
            origin += strlen(f->path);
        }
        assert_string_equal(origin, want[i]);
        assert_string_equal(value_of(l, keys[i]), values[i]);
    }
    free(l);
}

static void
errors_of_all_sources_come_together(void **state)
{
    struct folder *f = *state;
    char *environment[] = {"ONYM_LOG__LEVEL=inf", NULL};
    char *overrides[] = {"node.id=a", "node.workers=x", NULL};
    struct loaded *l;
    struct onym_settings before;

    put(f, "a.yaml", "node: {id: 'a b'}\n");
    put(f, "conf.d/x.yaml", "nod: {}\n");
    l = load_from(f->file, environment, overrides);
    assert_int_equal(l->status, ONYM_INVALID);
    assert_int_equal(l->report.error_count, 4);
    /* also what the command line replaces is checked */
    assert_non_null(strstr(error_of(l, 0), "/a.yaml:1:12: node.id: \"a b\" has a character"));
    assert_non_null(strstr(error_of(l, 1), "/conf.d/x.yaml:1:1: nod: unknown key; did you mean "
                                           "node?"));
    assert_string_equal(error_of(l, 2),
                        "environment ONYM_LOG__LEVEL: log.level: \"inf\" is not one of the words; "
                        "expected error, warning, notice, info or debug; did you mean info?");
    assert_string_equal(error_of(l, 3), "command line: node.workers: \"x\" is not a whole number; "
                                        "expected a whole number from 0 to 64");
    /* nothing is taken over */
    memset(&before, 0, sizeof before);
    assert_memory_equal(&l->settings, &before, sizeof before);
    free(l);
}

static void
variables_of_others_are_left_alone_but_slips_are_not(void **state)
{
    char *fine[] = {
        "ONYM_=1",           "ONYM_HOME=1",        "ONYM_LOG=x", "ONYM", "ONYM_LOG__LEVEL",
        "onym_log__level=x", "XONYM_LOG__LEVEL=x", "=",          "",     NULL};
    char *slips[] = {"ONYM_LOG_LEVEL=info", "ONYM_LOG__LEVLE=info", "ONYM_ZZZ__=1", NULL};
    static const char *const lines[] = {
        "environment: \"ONYM_LOG_LEVEL\" is no variable of a key; did you mean ONYM_LOG__LEVEL?",
        "environment: \"ONYM_LOG__LEVLE\" is no variable of a key; did you mean ONYM_LOG__LEVEL?",
        "environment: \"ONYM_ZZZ__\" is no variable of a key", NULL};
    struct loaded *l = load_from(NULL, fine, NULL);

    (void)state;
    expect_valid(l);
    free(l);
    l = load_from(NULL, slips, NULL);
    expect_errors(l, lines);
    free(l);
}

static void
files_that_cannot_be_read_are_errors(void **state)
{
    struct folder *f = *state;
    struct loaded *l = load_from(f->file, NULL, NULL);
    char path[400];

    expect_one_error(f, l, "a.yaml: cannot be read: No such file or directory");
    free(l);
    l = load_from(f->path, NULL, NULL);
    assert_non_null(strstr(error_of(l, 0), ": cannot be read: Is a directory"));
    free(l);
    put(f, "a.yaml", "");
    (void)snprintf(path, sizeof path, "%s/x.yaml", f->conf_d);
    assert_int_equal(mkdir(path, 0700), 0);
    l = load_from(f->file, NULL, NULL);
    expect_one_error(f, l, "conf.d/x.yaml: cannot be read: Is a directory");
    free(l);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(f->conf_d), 0);
    l = load_from(f->file, NULL, NULL);
    expect_valid(l); /* conf.d may be missing */
    free(l);
    write_file(f->conf_d, "", 0);
    l = load_from(f->file, NULL, NULL);
    expect_one_error(f, l, "conf.d: cannot be read: Not a directory");
    free(l);
}

static void
a_file_of_one_mebibyte_is_read_and_a_larger_one_is_not(void **state)
{
    struct folder *f = *state;
    char *text = calloc(1, ONYM_CONFIG_FILE_MAX + 1);
    struct loaded *l;

    assert_non_null(text);
    memset(text, '\n', ONYM_CONFIG_FILE_MAX + 1);
    write_file(f->file, text, ONYM_CONFIG_FILE_MAX);
    l = load_from(f->file, NULL, NULL);
    expect_valid(l);
    free(l);
    write_file(f->file, text, ONYM_CONFIG_FILE_MAX + 1);
    l = load_from(f->file, NULL, NULL);
    expect_one_error(f, l, "a.yaml: is too large; expected at most 1048576 bytes");
    free(l);
    free(text);
}

static void
sixty_four_files_are_merged_and_one_more_is_not(void **state)
{
    struct folder *f = *state;
    struct loaded *l;
    char name[32];

    put(f, "a.yaml", "");
    for (unsigned i = 0; i < ONYM_CONFIG_FILES_MAX - 1; i++) {
        char text[64];
        (void)snprintf(name, sizeof name, "conf.d/%02u.yaml", i);
        (void)snprintf(text, sizeof text, "node: {workers: %u}\n", i);
        put(f, name, text);
    }
    l = load_from(f->file, NULL, NULL);
    expect_valid(l);
    assert_int_equal(l->report.file_count, 65);
    assert_int_equal(l->settings.workers, 63);
    free(l);
    put(f, "conf.d/64.yaml", "");
    l = load_from(f->file, NULL, NULL);
    expect_one_error(f, l, "conf.d: has too many files; expected at most 64 named *.yaml");
    free(l);
}

static void
a_path_has_a_maximum(void **state)
{
    char path[ONYM_PATH_MAX + 1];
    struct loaded *l;

    (void)state;
    memset(path, 'x', sizeof path);
    path[ONYM_PATH_MAX - sizeof "conf.d" - 1] = 0;
    l = load_from(path, NULL, NULL);
    assert_non_null(strstr(error_of(l, 0), "xxx: cannot be read: "));
    free(l);
    path[ONYM_PATH_MAX - sizeof "conf.d" - 1] = 'x';
    path[ONYM_PATH_MAX - sizeof "conf.d"] = 0;
    l = load_from(path, NULL, NULL);
    assert_non_null(strstr(error_of(l, 0), "xxx: has too long a path"));
    free(l);
}

static void
listeners_of_one_transport_may_not_collide(void **state)
{
    static const struct {
        const char *yaml;
        const char *error; /* NULL = fine */
    } cases[] = {
        {"listen: {handle_tcp: '127.0.0.1:9641'}",
         "t.yaml:1:22: listen.handle_tcp: 127.0.0.1:9641 collides with 127.0.0.1:9641 of "
         "listen.ops; expected another address or port"},
        {"listen: {ops: '127.0.0.1:2641'}",
         "t.yaml:1:15: listen.ops: 127.0.0.1:2641 collides with 127.0.0.1:2641 of "
         "listen.handle_tcp; expected another address or port"},
        {"listen: {ops: '0.0.0.0:2641'}",
         "t.yaml:1:15: listen.ops: 0.0.0.0:2641 collides with 127.0.0.1:2641 of "
         "listen.handle_tcp; expected another address or port"},
        {"listen: {handle_tls: '127.0.0.1:2641'}",
         "t.yaml:1:22: listen.handle_tls: 127.0.0.1:2641 collides with 127.0.0.1:2641 of "
         "listen.handle_tcp; expected another address or port"},
        {"listen: {handle_udp: ['10.0.0.1:1', '0.0.0.0:1']}",
         "t.yaml:1:22: listen.handle_udp: 0.0.0.0:1 collides with 10.0.0.1:1 of "
         "listen.handle_udp; expected another address or port"},
        {"listen: {handle_udp: ['[::1]:1', '[0:0::1]:1']}",
         "t.yaml:1:22: listen.handle_udp: [::1]:1 collides with [::1]:1 of listen.handle_udp; "
         "expected another address or port"},
        {"listen: {handle_udp: ['[2001:db8::1]:1', '[::]:1']}",
         "t.yaml:1:22: listen.handle_udp: [::]:1 collides with [2001:db8::1]:1 of "
         "listen.handle_udp; expected another address or port"},
        /* UDP and TCP, other addresses, other families and any free port do not */
        {"listen: {handle_udp: '127.0.0.1:9641'}", NULL},
        {"listen: {handle_udp: ['127.0.0.1:1', '127.0.0.2:1', '127.0.0.1:2']}", NULL},
        {"listen: {handle_udp: ['0.0.0.0:1', '[::]:1']}", NULL},
        {"listen: {handle_tcp: ['127.0.0.1:0', '127.0.0.1:0'], ops: '127.0.0.1:0'}", NULL},
        {"listen: {handle_udp: ['[::1]:0', '[::]:0']}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *l = load_text(cases[i].yaml);
        const char *lines[] = {cases[i].error, NULL};
        if (cases[i].error != NULL) {
            expect_errors(l, lines);
        } else {
            expect_valid(l);
        }
        free(l);
    }
}

static void
tls_needs_both_files_and_an_authority_for_required_clients(void **state)
{
    static const struct {
        const char *yaml;
        const char *error; /* NULL = fine */
    } cases[] = {
        {"tls: {certificate_file: a, key_file: b}", NULL},
        {"tls: {certificate_file: '', key_file: ''}", NULL},
        {"tls: {certificate_file: a}",
         "t.yaml:1:25: tls.key_file: is not set; expected the file with the key of "
         "tls.certificate_file"},
        {"tls: {key_file: b}",
         "t.yaml:1:17: tls.certificate_file: is not set; expected the file with the certificate of "
         "tls.key_file"},
        {"tls: {client_certificates: required}",
         "t.yaml:1:28: tls.client_ca_file: is not set; expected the file with the authorities of "
         "required certificates"},
        {"tls: {client_certificates: required, client_ca_file: c}", NULL},
        {"tls: {client_certificates: on}",
         "t.yaml:1:28: tls.client_certificates: \"on\" is not one of the words; expected off, "
         "optional or required"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *l = load_text(cases[i].yaml);
        const char *lines[] = {cases[i].error, NULL};

        if (cases[i].error != NULL) {
            expect_errors(l, lines);
        } else {
            expect_valid(l);
        }
        free(l);
    }
}

static void
differences_are_found_key_by_key(void **state)
{
    struct loaded *a = load_text("");
    struct loaded *b = load_text("{listen: {ops: []}, log: {level: debug}, limits: {exempt: "
                                 "[127.0.0.0/8]}, storage: {dir: x}}");

    (void)state;
    expect_valid(a);
    expect_valid(b);
    for (size_t i = 0; i < onym_config_key_count(); i++) {
        const struct onym_config_key *key = onym_config_key_at(i);
        bool differs = strcmp(key->name, "listen.ops") == 0 ||
                       strcmp(key->name, "log.level") == 0 ||
                       strcmp(key->name, "limits.exempt") == 0 ||
                       strcmp(key->name, "storage.dir") == 0;
        assert_int_equal(onym_config_differs(key, &a->settings, &b->settings), differs);
        assert_false(onym_config_differs(key, &a->settings, &a->settings));
    }
    free(a);
    free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(later_sources_win, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(errors_of_all_sources_come_together, make_folder,
                                        remove_folder),
        cmocka_unit_test(variables_of_others_are_left_alone_but_slips_are_not),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read_are_errors, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_file_of_one_mebibyte_is_read_and_a_larger_one_is_not,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sixty_four_files_are_merged_and_one_more_is_not,
                                        make_folder, remove_folder),
        cmocka_unit_test(a_path_has_a_maximum),
        cmocka_unit_test(listeners_of_one_transport_may_not_collide),
        cmocka_unit_test(tls_needs_both_files_and_an_authority_for_required_clients),
        cmocka_unit_test(differences_are_found_key_by_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
