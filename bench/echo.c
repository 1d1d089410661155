/* The floor of UDP on a machine: answers every datagram with a fixed number of bytes, 64 at a time
 * (recvmmsg, sendmmsg), and does nothing else. The request id of the request (bytes 8 to 11) is
 * copied, so that a client can match. Anything a server costs above this is its own work. */
#include "lib/args.h"

#include "onym/model/limits.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64U

struct batch {
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_at[BATCH], out_at[BATCH];
    struct sockaddr_in peer[BATCH];
    uint8_t request[BATCH][ONYM_PACKET_LEN_MAX];
    uint8_t answer[BATCH][ONYM_PACKET_LEN_MAX];
};

static void
prepare(struct batch *b, size_t answer_bytes)
{
    for (size_t i = 0; i < BATCH; i++) {
        b->in_at[i] = (struct iovec){.iov_base = b->request[i], .iov_len = sizeof b->request[i]};
        b->out_at[i] = (struct iovec){.iov_base = b->answer[i], .iov_len = answer_bytes};
        b->in[i].msg_hdr = (struct msghdr){
            .msg_name = &b->peer[i], .msg_iov = &b->in_at[i], .msg_iovlen = 1};
        b->out[i].msg_hdr = (struct msghdr){.msg_name = &b->peer[i],
                                            .msg_namelen = sizeof b->peer[i],
                                            .msg_iov = &b->out_at[i],
                                            .msg_iovlen = 1};
    }
}

/* Answers until a signal ends the process. Returns only when the socket fails. */
static void
serve(int fd, struct batch *b)
{
    for (;;) {
        unsigned sent = 0;

        for (size_t i = 0; i < BATCH; i++) {
            b->in[i].msg_hdr.msg_namelen = sizeof b->peer[i];
        }
        int got = recvmmsg(fd, b->in, BATCH, MSG_WAITFORONE, NULL);
        if (got < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < got; i++) {
            memcpy(b->answer[i] + 8, b->request[i] + 8, 4);
        }
        while (got > 0 && sent < (unsigned)got) {
            int done = sendmmsg(fd, b->out + sent, (unsigned)got - sent, 0);
            if (done < 0) {
                break; /* a full buffer or a peer that left: the client sends again */
            }
            sent += (unsigned)done;
        }
    }
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"answer-bytes", required_argument, NULL, 'a'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static const char usage[] =
        "usage: echo --listen ADDRESS:PORT [--answer-bytes 350]\n"
        "answers every datagram with that many bytes (12 to 512) until SIGTERM\n";
    struct sockaddr_in address = {0};
    struct batch batch = {0};
    uint64_t answer_bytes = 350;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (c == 'l' && bench_args_address("--listen", optarg, &address) == ONYM_OK) {
            continue;
        }
        if (c != 'a' || bench_args_number("--answer-bytes", optarg, 12, ONYM_PACKET_LEN_MAX,
                                          &answer_bytes) != ONYM_OK) {
            return 2;
        }
    }
    if (optind != argc || address.sin_port == 0) {
        fputs(usage, stderr);
        return 2;
    }
    int fd = bench_udp_socket(&address, true);
    if (fd < 0) {
        return 1;
    }
    prepare(&batch, (size_t)answer_bytes);
    serve(fd, &batch);
    perror("recvmmsg");
    close(fd);
    return 1;
}
