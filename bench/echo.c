/* The floors of the machine, as a program: an echo that waits in recvmmsg, an echo under libuv's
 * uv_poll, and an echo for TCP under libuv. Each answers until SIGTERM and does nothing else. */
#include "lib/args.h"
#include "lib/tcp_echo.h"
#include "lib/udp_echo.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct settings {
    struct sockaddr_in address;
    uint64_t answer_bytes, request_bytes;
    bool poll, tcp;
};

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    while (status == 0 && bench_udp_echo_turn(poll->data, false) > 0) {
    }
}

/* Returns only when something fails. */
static int
serve_udp(const struct settings *s)
{
    int fd = bench_udp_socket(&s->address, true);
    struct bench_udp_echo *echo = fd >= 0 ? bench_udp_echo_new(fd, s->answer_bytes) : NULL;
    uv_loop_t loop;
    uv_poll_t poll = {.data = echo};

    if (echo != NULL && s->poll && uv_loop_init(&loop) == 0 &&
        uv_poll_init(&loop, &poll, fd) == 0 &&
        uv_poll_start(&poll, UV_READABLE, on_readable) == 0) {
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    while (echo != NULL && !s->poll && bench_udp_echo_turn(echo, true) >= 0) {
    }
    perror("echo");
    if (fd >= 0) {
        close(fd);
    }
    free(echo);
    return 1;
}

static const char usage[] =
    "usage: echo --listen ADDRESS:PORT [options]\n"
    "  --answer-bytes N   bytes of an answer, 12 to 2048 over UDP (in packets of 512), to 16384\n"
    "                     over TCP (350)\n"
    "  --poll             wait in uv_poll instead of recvmmsg\n"
    "  --tcp              TCP under libuv: all answers of one read in one write\n"
    "  --request-bytes N  bytes that make a request over TCP, 12 to 4096 (100)\n"
    "answers every request with that many bytes and its bytes 8 to 11, until SIGTERM\n";

static enum onym_status
read_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"answer-bytes", required_argument, NULL, 'a'},
                                            {"request-bytes", required_argument, NULL, 'r'},
                                            {"poll", no_argument, NULL, 'p'},
                                            {"tcp", no_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    enum onym_status status = ONYM_OK;
    int c;

    while (status == ONYM_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else if (c == 'p') {
            s->poll = true;
        } else if (c == 't') {
            s->tcp = true;
        } else if (c == 'l') {
            status = bench_args_address("--listen", optarg, &s->address);
        } else if (c == 'a') {
            status = bench_args_number("--answer-bytes", optarg, BENCH_UDP_ECHO_BYTES_MIN,
                                       BENCH_TCP_ECHO_ANSWER_MAX, &s->answer_bytes);
        } else if (c == 'r') {
            status = bench_args_number("--request-bytes", optarg, BENCH_UDP_ECHO_BYTES_MIN,
                                       BENCH_TCP_ECHO_REQUEST_MAX, &s->request_bytes);
        } else {
            status = ONYM_INVALID;
        }
    }
    if (status == ONYM_OK && (optind != argc || s->address.sin_port == 0)) {
        fputs(usage, stderr);
        return ONYM_INVALID;
    }
    if (status == ONYM_OK && !s->tcp && s->answer_bytes > BENCH_UDP_ECHO_BYTES_MAX) {
        fprintf(stderr, "--answer-bytes: at most %u over UDP\n", BENCH_UDP_ECHO_BYTES_MAX);
        return ONYM_INVALID;
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct settings settings = {.answer_bytes = 350, .request_bytes = 100};

    if (read_options(argc, argv, &settings) != ONYM_OK) {
        return 2;
    }
    return settings.tcp ? bench_tcp_echo_serve(&settings.address, (size_t)settings.request_bytes,
                                               (size_t)settings.answer_bytes)
                        : serve_udp(&settings);
}
