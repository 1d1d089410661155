#include "net/udp.h"

#include "net/address.h"
#include "net/udp_in.h"
#include "net/udp_out.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define BUSY         8 /* datagrams of a batch after which the next one is asked for at once */
#define SEGMENT_LEN  CMSG_SPACE(sizeof(uint16_t))

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

struct onym_udp {
    uv_poll_t poll;
    int fd;
    onym_udp_batch_fn *batch;
    void *user;
    uint64_t send_failures;
    uv_idle_t again;  /* while some of what was received waits for the next turn */
    unsigned handles; /* that are not closed */
    struct onym_udp_received received;
    size_t message;                        /* of received, the next to be handed over */
    onym_span rest;                        /* of that one */
    struct onym_udp_in in[ONYM_UDP_BATCH]; /* datagrams of it that are handed over together */
    uint16_t flow[ONYM_UDP_BATCH];         /* of each the first message that came the same way */
    bool watched;                          /* by the loop */
    struct onym_udp_out out;
    struct mmsghdr out_head[ONYM_UDP_OUT_MAX];
    struct iovec out_part[ONYM_UDP_OUT_MAX];
    _Alignas(struct cmsghdr) uint8_t
        out_control[ONYM_UDP_OUT_MAX][ONYM_UDP_CONTROL_LEN + SEGMENT_LEN];
};

_Static_assert(ONYM_UDP_BATCH <= ONYM_UDP_OUT_MAX, "each datagram may be a flow of its own");
_Static_assert(ONYM_UDP_MESSAGES <= ONYM_UDP_OUT_MAX, "each message may be a flow");

/* ---- sending ---- */

static void
describe(struct onym_udp *u, size_t slot, const struct onym_udp_message *message,
         struct iovec *part)
{
    const struct msghdr *asked = &u->received.head[message->flow].msg_hdr;
    struct msghdr *m = &u->out_head[slot].msg_hdr;

    m->msg_iov = part;
    m->msg_iovlen = onym_udp_out_parts(&u->out, message, part);
    m->msg_name = asked->msg_name;
    m->msg_namelen = asked->msg_namelen;
    m->msg_control = asked->msg_control;
    m->msg_controllen = asked->msg_controllen;
    if (message->count > 1) {
        struct cmsghdr *c = (struct cmsghdr *)(void *)u->out_control[slot];

        *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof message->segment),
                              .cmsg_level = SOL_UDP,
                              .cmsg_type = UDP_SEGMENT};
        memcpy(CMSG_DATA(c), &message->segment, sizeof message->segment);
        if (asked->msg_controllen > 0) {
            memcpy(u->out_control[slot] + SEGMENT_LEN, asked->msg_control, asked->msg_controllen);
        }
        m->msg_control = c;
        m->msg_controllen = SEGMENT_LEN + asked->msg_controllen;
    }
}

/* After a message that was not taken: whether it is for its being many packets. */
static bool
is_refused(int error, size_t packets)
{
    return packets > 1 && (error == EINVAL || error == EIO || error == EOPNOTSUPP ||
                           error == ENOPROTOOPT || error == EMSGSIZE);
}

void
onym_udp_flush(struct onym_udp *u)
{
    struct onym_udp_out *out = &u->out;
    size_t done = 0;

    while (done < out->messages) {
        struct iovec *part = u->out_part;
        unsigned count = 0;
        int n;

        for (; done + count < out->messages; count++) {
            describe(u, count, &out->message[done + count], part);
            part += u->out_head[count].msg_hdr.msg_iovlen;
        }
        n = sendmmsg(u->fd, u->out_head, count, 0);
        if (n > 0) {
            done += (size_t)n;
        } else if (is_refused(errno, out->message[done].count)) {
            onym_udp_out_split(out, done);
        } else if (errno != EINTR) {
            /* a full buffer or an unreachable peer: these packets are lost, as UDP allows */
            u->send_failures += out->message[done++].count;
        }
    }
    onym_udp_out_clear(out);
}

void
onym_udp_send(struct onym_udp *u, const struct onym_udp_in *to, onym_span front,
              const onym_span *parts, size_t count)
{
    if (u->out.packets == ONYM_UDP_OUT_MAX) {
        onym_udp_flush(u);
    }
    onym_udp_out_add(&u->out, u->flow[to - u->in], front, parts, count);
}

/* ---- receiving ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

/* While a socket is watched, the kernel visits its watcher for every packet that has been sent; of
 * many packets that costs more than to end the watch and begin another. */
static void
watch(struct onym_udp *u, bool on)
{
    if (u->watched != on) {
        u->watched = on;
        (void)(on ? uv_poll_start(&u->poll, UV_READABLE, on_readable) : uv_poll_stop(&u->poll));
    }
}

static void
answer(struct onym_udp *u, size_t count)
{
    u->batch(u->user, u, u->in, count);
    onym_udp_flush(u);
}

static bool
has_more(const struct onym_udp *u)
{
    return u->message < u->received.count;
}

static void
begin_message(struct onym_udp *u, size_t message)
{
    u->message = message;
    if (has_more(u)) {
        u->rest = onym_udp_whole(&u->received, message);
    }
}

/* Hands over datagrams of what was received, at most so many, and returns how many. */
static size_t
hand_over(struct onym_udp *u, size_t most)
{
    const struct onym_udp_received *received = &u->received;
    size_t all = 0;
    size_t count = 0;

    while (has_more(u) && all + count < most) {
        size_t message = u->message;
        onym_span data = onym_udp_next(received, message, &u->rest);
        bool too_long = data.len > ONYM_UDP_IN_LEN;

        u->in[count] = (struct onym_udp_in){
            .data = onym_span_of(data.at, too_long ? ONYM_UDP_IN_LEN : data.len),
            .too_long = too_long,
            .peer = (const struct sockaddr *)&received->peer[message]};
        u->flow[count++] = received->flow[message];
        if (u->rest.len == 0) {
            begin_message(u, message + 1);
        }
        if (count == ONYM_UDP_BATCH || !has_more(u) || all + count == most) {
            answer(u, count);
            all += count;
            count = 0;
        }
    }
    return all;
}

static void on_again(uv_idle_t *again);

static void
drain(struct onym_udp *u)
{
    size_t all = 0;
    size_t n = BUSY;

    /* few datagrams: more are not to be expected, and the loop tells when they come */
    while (all < ONYM_UDP_TURN && (has_more(u) || n >= BUSY)) {
        if (!has_more(u)) {
            n = onym_udp_receive(&u->received, u->fd);
            begin_message(u, 0);
            if (n >= BUSY || u->received.joined) {
                watch(u, false); /* there will be many answers */
            }
        }
        n = hand_over(u, ONYM_UDP_TURN - all);
        all += n;
    }
    (void)(has_more(u) ? uv_idle_start(&u->again, on_again) : uv_idle_stop(&u->again));
}

static void
on_again(uv_idle_t *again)
{
    struct onym_udp *u = again->data;

    drain(u);
    watch(u, !has_more(u));
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct onym_udp *u = poll->data;

    (void)status; /* an error of the socket shows in recvmmsg and is consumed there */
    (void)events;
    drain(u);
    watch(u, !has_more(u));
}

static void
ask_for_destination(struct onym_udp *u, const struct sockaddr *address)
{
    const int on = 1;
    const bool any = onym_address_is_any(address);

    if (any && address->sa_family == AF_INET) {
        (void)setsockopt(u->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    } else if (any) {
        (void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    }
}

/* Packets of 512 bytes fit through every path; with "don't fragment" they need no number by which a
 * router's pieces would be put together, and the kernel does not make one. PROBE, unlike DO, does
 * not believe messages about smaller paths. */
static void
never_fragment(struct onym_udp *u)
{
    const int v4 = IP_PMTUDISC_PROBE;
    const int v6 = IPV6_PMTUDISC_PROBE;

    (void)setsockopt(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
    (void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6); /* if it is one */
}

/* Where the kernel can, since Linux 5.0, datagrams that come together arrive so. */
static void
take_joined(struct onym_udp *u)
{
    const int on = 1;

    (void)setsockopt(u->fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

static void
release(struct onym_udp *u)
{
    onym_udp_received_deinit(&u->received);
    free(u);
}

enum onym_status
onym_udp_open(uv_loop_t *loop, const struct sockaddr *address, onym_udp_batch_fn *batch, void *user,
              struct onym_udp **out, struct onym_fault *fault)
{
    const int bytes = BUFFER_BYTES;
    struct onym_udp *u = calloc(1, sizeof *u);
    enum onym_status status;

    if (u == NULL || onym_udp_received_init(&u->received) != ONYM_OK) {
        free(u);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for a UDP socket");
    }
    u->batch = batch;
    u->user = user;
    status = onym_address_bind(address, SOCK_DGRAM, &u->fd, fault);
    if (status != ONYM_OK) {
        release(u);
        return status;
    }
    (void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    (void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    ask_for_destination(u, address);
    never_fragment(u);
    u->out.joins = true; /* until the kernel refuses */
    take_joined(u);
    if (uv_poll_init(loop, &u->poll, u->fd) != 0 ||
        uv_poll_start(&u->poll, UV_READABLE, on_readable) != 0) {
        (void)close(u->fd);
        release(u);
        return onym_fault_set(fault, ONYM_IO, "the event loop refuses a UDP socket");
    }
    (void)uv_idle_init(loop, &u->again); /* cannot fail */
    u->handles = 2;
    u->watched = true;
    u->poll.data = u->again.data = u;
    *out = u;
    return ONYM_OK;
}

uint64_t
onym_udp_send_failures(const struct onym_udp *u)
{
    return u->send_failures;
}

uint16_t
onym_udp_port(const struct onym_udp *u)
{
    struct sockaddr_in6 bound = {0};
    socklen_t len = sizeof bound;

    return getsockname(u->fd, (struct sockaddr *)&bound, &len) == 0
               ? onym_address_port((const struct sockaddr *)&bound)
               : 0;
}

static void
on_closed(uv_handle_t *handle)
{
    struct onym_udp *u = handle->data;

    if (--u->handles == 0) {
        (void)close(u->fd);
        release(u);
    }
}

void
onym_udp_close(struct onym_udp *u)
{
    if (u == NULL) {
        return;
    }
    drain(u);
    while (has_more(u)) { /* without taking any more: others may send faster than this answers */
        (void)hand_over(u, ONYM_UDP_TURN);
    }
    (void)uv_idle_stop(&u->again);
    watch(u, false);
    uv_close((uv_handle_t *)&u->poll, on_closed);
    uv_close((uv_handle_t *)&u->again, on_closed);
}
