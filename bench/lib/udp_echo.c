#include "lib/udp_echo.h"

#include "onym/model/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64U

struct bench_udp_echo {
    int fd;
    unsigned packets; /* to an answer */
    struct mmsghdr in[BATCH], out[BATCH * BENCH_UDP_ECHO_PACKETS_MAX];
    struct iovec in_at[BATCH], out_at[BATCH * BENCH_UDP_ECHO_PACKETS_MAX];
    struct sockaddr_in peer[BATCH];
    uint8_t request[BATCH][ONYM_PACKET_LEN_MAX];
    uint8_t answer[BATCH * BENCH_UDP_ECHO_PACKETS_MAX][ONYM_PACKET_LEN_MAX];
};

struct bench_udp_echo *
bench_udp_echo_new(int fd, size_t answer_bytes)
{
    struct bench_udp_echo *e = calloc(1, sizeof *e);

    if (e == NULL) {
        return NULL;
    }
    e->fd = fd;
    e->packets = (unsigned)((answer_bytes + ONYM_PACKET_LEN_MAX - 1) / ONYM_PACKET_LEN_MAX);
    size_t rest = answer_bytes - (e->packets - 1) * (size_t)ONYM_PACKET_LEN_MAX;
    rest = rest < BENCH_UDP_ECHO_BYTES_MIN ? BENCH_UDP_ECHO_BYTES_MIN : rest;
    for (size_t i = 0; i < BATCH; i++) {
        e->in_at[i] = (struct iovec){.iov_base = e->request[i], .iov_len = sizeof e->request[i]};
        e->in[i].msg_hdr = (struct msghdr){
            .msg_name = &e->peer[i], .msg_iov = &e->in_at[i], .msg_iovlen = 1};
    }
    for (size_t i = 0; i < (size_t)BATCH * e->packets; i++) {
        bool last = i % e->packets == e->packets - 1;
        e->out_at[i] = (struct iovec){.iov_base = e->answer[i],
                                      .iov_len = last ? rest : ONYM_PACKET_LEN_MAX};
        e->out[i].msg_hdr = (struct msghdr){.msg_name = &e->peer[i / e->packets],
                                            .msg_namelen = sizeof e->peer[0],
                                            .msg_iov = &e->out_at[i],
                                            .msg_iovlen = 1};
    }
    return e;
}

int
bench_udp_echo_turn(struct bench_udp_echo *e, bool wait)
{
    unsigned sent = 0;

    for (size_t i = 0; i < BATCH; i++) {
        e->in[i].msg_hdr.msg_namelen = sizeof e->peer[i];
    }
    int got = recvmmsg(e->fd, e->in, BATCH, wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    }
    unsigned count = (unsigned)got * e->packets;
    for (unsigned i = 0; i < count; i++) {
        memcpy(e->answer[i] + 8, e->request[i / e->packets] + 8, 4);
    }
    while (sent < count) {
        int done = sendmmsg(e->fd, e->out + sent, count - sent, 0);
        if (done < 0) {
            break; /* a full buffer or a peer that left: the client sends again */
        }
        sent += (unsigned)done;
    }
    return got;
}
