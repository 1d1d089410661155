/* A client we did not write: curl over a loopback socket, keep-alive, 100-continue, chunked, Basic,
 * redirects. Skipped where there is no curl. */
#include "unit/service/http_play.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX UINT64_C(20)
#define ARGS_MAX    20U

struct curled {
    struct play *play;
    int listener;
    uint16_t port;
    unsigned connections;
    int status; /* of curl */
    char output[1 << 16];
};

static void
start_listening(struct curled *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned first = (unsigned)getpid();

    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->listener >= 0);
    for (unsigned i = 0; i < 200; i++) {
        c->port = (uint16_t)(10000 + (first + i * 37) % 20000);
        at.sin_port = htons(c->port);
        if (bind(c->listener, (struct sockaddr *)&at, sizeof at) == 0) {
            assert_int_equal(listen(c->listener, 8), 0);
            return;
        }
    }
    fail_msg("no free port");
}

/* Reads what has come and answers it. False: the connection is over. */
static bool
serve(struct play *p, int fd)
{
    uint8_t bytes[16384];
    ssize_t got = read(fd, bytes, sizeof bytes);
    size_t at = 0;

    if (got <= 0) {
        return false;
    }
    p->out_len = 0;
    (void)play_feed(p, onym_span_of(bytes, (size_t)got));
    while (at < p->out_len) {
        ssize_t sent = send(fd, p->out + at, p->out_len - at, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        at += (size_t)sent;
    }
    return !p->closed;
}

/* Serves one connection at a time until the child ends. */
static void
serve_until(struct curled *c, pid_t child)
{
    uint64_t end_ns = onym_clock_monotonic_ns() + SECONDS_MAX * 1000000000U;
    int fd = -1;

    while (waitpid(child, &c->status, WNOHANG) == 0) {
        struct pollfd wait = {.fd = fd >= 0 ? fd : c->listener, .events = POLLIN};

        if (onym_clock_monotonic_ns() > end_ns) {
            (void)kill(child, SIGKILL);
        }
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        if (fd < 0) {
            fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
            assert_true(fd >= 0);
            c->connections++;
            play_connect(c->play, true);
        } else if (!serve(c->play, fd)) {
            (void)close(fd);
            fd = -1;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Runs curl with further arguments; "@" in front of a path becomes the address of this server.
 * Standard output is in c->output. */
static void
curl(struct curled *c, const char *const *args)
{
    char memory[ARGS_MAX][512];
    char *argv[ARGS_MAX + 6] = {"curl", "-s", "-S", "--noproxy", "*"};
    char path[256];
    posix_spawn_file_actions_t actions;
    size_t count = 5;
    pid_t child;
    ssize_t got;
    int fd;

    for (size_t i = 0; args[i] != NULL; i++) {
        assert_true(i < ARGS_MAX);
        if (args[i][0] == '@') {
            (void)snprintf(memory[i], sizeof memory[i], "http://127.0.0.1:%u%s", c->port,
                           args[i] + 1);
        } else {
            (void)snprintf(memory[i], sizeof memory[i], "%s", args[i]);
        }
        argv[count++] = memory[i];
    }
    (void)snprintf(path, sizeof path, "%s/out", c->play->store.dir);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    c->connections = 0;
    assert_int_equal(posix_spawnp(&child, "curl", &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    serve_until(c, child);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    got = read(fd, c->output, sizeof c->output - 1);
    assert_true(got >= 0);
    c->output[got] = '\0';
    (void)close(fd);
    if (!WIFEXITED(c->status) || WEXITSTATUS(c->status) != 0) {
        fail_msg("curl: status %d, %s", c->status, c->output);
    }
}

static const char path_a[] = "@/api/handles/" PREFIX "/A";
static const char path_v1[] = "@/api/v1/identifiers/" PREFIX "%2FA";
static const char path_human[] = "@/" PREFIX "/A";
static const char path_new[] = "@/api/handles/" PREFIX "/c1?overwrite=false";
static const char path_chunked[] = "@/api/handles/" PREFIX "/c2";
static const char path_c1[] = "@/api/handles/" PREFIX "/c1";
static const char path_long[] = "@/api/handles/" PREFIX "/long";
static const char wrong_login[] = "301%3A" ADMIN ":wrong";
static const char good_login[] = GOOD_LOGIN;

#define CURL(c, ...) curl(c, (const char *const[]){__VA_ARGS__, NULL})

static int
setup(void **state)
{
    struct curled *c = calloc(1, sizeof *c);
    void *play;

    assert_non_null(c);
    assert_int_equal(play_setup(&play), 0);
    c->play = play;
    start_listening(c);
    *state = c;
    return 0;
}

static int
teardown(void **state)
{
    struct curled *c = *state;
    void *play = c->play;

    (void)close(c->listener);
    free(c);
    return play_teardown(&play);
}

static void
curl_reads_over_one_connection(void **state)
{
    struct curled *c = *state;

    CURL(c, path_a, "@/api/v1/status", "@/api/site?pretty");
    assert_int_equal(c->connections, 1);
    assert_non_null(strstr(c->output, "{\"responseCode\":1,\"handle\":\"" PREFIX "/A\""));
    assert_non_null(strstr(c->output, "\"version\":\"0.1.0\""));
    assert_non_null(strstr(c->output, "\n    \"protocolVersion\": \"2.11\""));
    CURL(c, "-I", path_v1);
    assert_non_null(strstr(c->output, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(c->output, "ETag: \"1-1000000\"\r\n"));
}

static void
curl_follows_the_redirect(void **state)
{
    struct curled *c = *state;

    CURL(c, "-L", "-w", "%{http_code} %{url_effective}", path_human);
    assert_non_null(strstr(c->output, "\"responseCode\":1"));
    assert_non_null(strstr(c->output, "/api/handles/" PREFIX "/A"));
}

static void
curl_changes_with_basic(void **state)
{
    struct curled *c = *state;
    static const char body[] = "[{\"index\":1,\"type\":\"URL\",\"data\":\"u\"}]";

    CURL(c, "-X", "PUT", "-u", good_login, "-H", "Content-Type: application/json", "-d", body, "-w",
         " %{http_code}", path_new);
    assert_string_equal(c->output, "{\"responseCode\":1,\"handle\":\"" PREFIX "/c1\"} 201");
    CURL(c, "-X", "PUT", "-u", good_login, "-H", "Content-Type: application/json", "-H",
         "Transfer-Encoding: chunked", "-d", body, "-w", " %{http_code}", path_chunked);
    assert_string_equal(c->output, "{\"responseCode\":1,\"handle\":\"" PREFIX "/c2\"} 201");
    CURL(c, "-X", "DELETE", "-u", wrong_login, "-w", "%{http_code}", path_c1);
    assert_string_equal(c->output, "401");
}

/* curl asks for 100 Continue before a long body and waits a second when none comes. */
static void
curl_need_not_wait_with_a_long_body(void **state)
{
    struct curled *c = *state;
    char path[256];
    char data[300];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/body", c->play->store.dir);
    out = fopen(path, "wb");
    assert_non_null(out);
    for (unsigned i = 0; i < 24576; i++) {
        (void)fprintf(out, "%64s", "");
    }
    (void)fprintf(out, "[]");
    assert_int_equal(fclose(out), 0);
    (void)snprintf(data, sizeof data, "-T%s", path);
    CURL(c, data, "-X", "PUT", "-H", "Content-Type: application/json", "-w",
         " %{http_code} %{time_total}", path_long);
    assert_non_null(strstr(c->output, "\"responseCode\":402"));
    assert_non_null(strstr(c->output, " 401 "));
    assert_true(strtod(strstr(c->output, " 401 ") + 5, NULL) < 0.9);
}

static bool
has_curl(void)
{
    char *argv[] = {"curl", "-s", "-o", "/dev/null", "file:///dev/null", NULL};
    pid_t child;
    int status = 0;

    return posix_spawnp(&child, "curl", NULL, NULL, argv, environ) == 0 &&
           waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 127;
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(curl_reads_over_one_connection),
        TEST(curl_follows_the_redirect),
        TEST(curl_changes_with_basic),
        TEST(curl_need_not_wait_with_a_long_body),
    };
#undef TEST

    if (!has_curl()) {
        (void)printf("SKIP: curl is not installed\n");
        return 77;
    }
    return cmocka_run_group_tests_name("http_curl", tests, NULL, NULL);
}
