/* What OpenSSL alone takes for the server's side of a TLS 1.3 connection: handshake, one request
 * read, one answer written, over memory BIOs, without any socket. Only the server's steps are
 * counted (processor time of the thread). With the same certificate, suite and number of tickets as
 * the node, and sessions resumed or not. With pauses the processor sleeps before each step of the
 * server, as it does under a server that waits for its clients.
 */
#include "lib/args.h"
#include "lib/stream.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 16384U
#define STEPS_MAX   32

struct settings {
    const char *certificate, *key;
    uint64_t milliseconds, request_bytes, answer_bytes, pause_us;
    bool resume;
};

struct floor {
    const struct settings *settings;
    SSL_CTX *server, *client;
    SSL_SESSION *session;
    uint64_t server_ns, resumed, done;
    char message[MESSAGE_MAX];
};

static uint64_t
clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* The server does what it can: shakes hands, then answers the request once it has come. True when
 * the answer is written. */
static bool
server_step(struct floor *f, SSL *ssl)
{
    uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const struct settings *s = f->settings;
    size_t len = 0;
    bool answered = SSL_do_handshake(ssl) == 1 &&
                    SSL_read_ex(ssl, f->message, s->request_bytes, &len) == 1 &&
                    SSL_write_ex(ssl, f->message, s->answer_bytes, &len) == 1;

    f->server_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    return answered;
}

/* Two ends over a pair of memory BIOs; false without memory. */
static bool
join_ends(SSL *server, SSL *client)
{
    BIO *to_server = BIO_new(BIO_s_mem());
    BIO *to_client = BIO_new(BIO_s_mem());

    if (to_server == NULL || to_client == NULL || BIO_up_ref(to_server) != 1 ||
        BIO_up_ref(to_client) != 1) {
        return false;
    }
    SSL_set_bio(server, to_server, to_client);
    SSL_set_bio(client, to_client, to_server);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    return true;
}

/* One whole connection; what making its SSL takes counts too. */
static bool
connect_once(struct floor *f)
{
    const struct settings *s = f->settings;
    uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    SSL *server = SSL_new(f->server);
    uint64_t made = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    SSL *client = SSL_new(f->client);
    bool asked = false, answered = false, read = false;
    size_t len;

    f->server_ns += made - start;
    if (server == NULL || client == NULL || !join_ends(server, client)) {
        return false;
    }
    if (s->resume && f->session != NULL) {
        (void)SSL_set_session(client, f->session);
    }
    for (int step = 0; step < STEPS_MAX && !read; step++) {
        if (SSL_do_handshake(client) == 1) {
            asked = asked || SSL_write_ex(client, f->message, s->request_bytes, &len) == 1;
            read = answered && SSL_read_ex(client, f->message, s->answer_bytes, &len) == 1 &&
                   len == s->answer_bytes;
        }
        if (s->pause_us > 0) {
            (void)usleep((useconds_t)s->pause_us);
        }
        answered = answered || server_step(f, server);
    }
    f->resumed += SSL_session_reused(server) == 1;
    SSL_set_quiet_shutdown(client, 1);
    (void)SSL_shutdown(client);
    SSL_free(client);
    start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    SSL_free(server);
    f->server_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    return read;
}

static bool
floor_init(struct floor *f)
{
    const struct settings *s = f->settings;

    f->server = SSL_CTX_new(TLS_server_method());
    f->client = bench_stream_context(&f->session);
    if (f->client == NULL || f->server == NULL ||
        SSL_CTX_set_min_proto_version(f->server, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(f->server, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set_num_tickets(f->server, 1) != 1 ||
        SSL_CTX_set_session_id_context(f->server, (const uint8_t *)"floor", 5) != 1 ||
        SSL_CTX_use_certificate_chain_file(f->server, s->certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(f->server, s->key, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "%s, %s: not a certificate and its key\n", s->certificate, s->key);
        return false;
    }
    SSL_CTX_set_session_cache_mode(f->server, SSL_SESS_CACHE_OFF); /* tickets hold all */
    SSL_CTX_set_mode(f->server, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(f->server, SSL_VERIFY_PEER, NULL); /* asks, as the node does */
    return true;
}

static const char usage[] =
    "usage: tls_floor --certificate FILE --key FILE [options]\n"
    "  --milliseconds N   how long (2000)\n"
    "  --pause-us N       sleep so long before each step of the server, 0 to 10000 (0)\n"
    "  --resume           every connection but the first resumes the session before\n"
    "  --request-bytes N  1 to 16384 (100)\n"
    "  --answer-bytes N   1 to 16384 (350)\n"
    "prints one JSON object; exit 0 done, 1 failed, 2 usage\n";

static enum onym_status
read_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {{"certificate", required_argument, NULL, 'c'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"request-bytes", required_argument, NULL, 'q'},
                                            {"answer-bytes", required_argument, NULL, 'a'},
                                            {"pause-us", required_argument, NULL, 'p'},
                                            {"resume", no_argument, NULL, 'R'},
                                            {0}};
    enum onym_status status = ONYM_OK;
    int c;

    while (status == ONYM_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            s->certificate = optarg;
        } else if (c == 'k') {
            s->key = optarg;
        } else if (c == 'R') {
            s->resume = true;
        } else if (c == 'm') {
            status = bench_args_number("--milliseconds", optarg, 1, 86400000, &s->milliseconds);
        } else if (c == 'q') {
            status = bench_args_number("--request-bytes", optarg, 1, MESSAGE_MAX,
                                       &s->request_bytes);
        } else if (c == 'a') {
            status = bench_args_number("--answer-bytes", optarg, 1, MESSAGE_MAX, &s->answer_bytes);
        } else if (c == 'p') {
            status = bench_args_number("--pause-us", optarg, 0, 10000, &s->pause_us);
        } else {
            status = ONYM_INVALID;
        }
    }
    if (status == ONYM_OK && (optind != argc || s->certificate == NULL || s->key == NULL)) {
        status = ONYM_INVALID;
    }
    if (status != ONYM_OK) {
        fputs(usage, stderr);
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct settings settings = {.milliseconds = 2000, .request_bytes = 100, .answer_bytes = 350};
    struct floor floor = {.settings = &settings};
    int code;

    if (read_options(argc, argv, &settings) != ONYM_OK) {
        return 2;
    }
    if (!floor_init(&floor)) {
        return 1;
    }
    uint64_t start = clock_ns(CLOCK_MONOTONIC);
    uint64_t end = start + settings.milliseconds * 1000000U;
    bool alive = true;
    while (alive && (floor.done < 2 || clock_ns(CLOCK_MONOTONIC) < end)) {
        alive = connect_once(&floor);
        floor.done += alive;
    }
    code = alive ? 0 : 1;
    if (code == 0) {
        printf("{\"answers\": %" PRIu64 ", \"resumed\": %" PRIu64 ", \"seconds\": %.6f, "
               "\"us\": %.3f}\n",
               floor.done, floor.resumed, (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e9,
               (double)floor.server_ns / 1e3 / (double)floor.done);
    } else {
        fprintf(stderr, "a handshake in memory failed\n");
    }
    SSL_SESSION_free(floor.session);
    SSL_CTX_free(floor.server);
    SSL_CTX_free(floor.client);
    return code;
}
