#include "net/udp.h"

#include "net/address.h"
#include "net/udp_out.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define CONTROL_LEN  CMSG_SPACE(sizeof(struct in6_pktinfo))
#define BUSY         8 /* datagrams of a batch after which the next one is asked for at once */
#define SEGMENT_LEN  CMSG_SPACE(sizeof(uint16_t))
#define FLOW_BITS    8U
#define FLOW_SLOTS   (1U << FLOW_BITS) /* of a table of a batch's flows */
#define FLOW_PROBES  4U
#define MIX          UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

struct onym_udp {
    uv_poll_t poll;
    int fd;
    bool wildcard; /* bound to any address: answers must leave from the one that was asked */
    onym_udp_batch_fn *batch;
    void *user;
    uint64_t send_failures;
    struct mmsghdr in_head[ONYM_UDP_BATCH];
    struct iovec in_part[ONYM_UDP_BATCH];
    struct onym_udp_in in[ONYM_UDP_BATCH];
    struct sockaddr_in6 peer[ONYM_UDP_BATCH]; /* holds IPv4 too */
    _Alignas(struct cmsghdr) uint8_t control[ONYM_UDP_BATCH][CONTROL_LEN];
    uint8_t data[ONYM_UDP_BATCH][ONYM_UDP_IN_LEN];
    uint16_t flow[ONYM_UDP_BATCH]; /* the first datagram that came the same way */
    bool watched;                  /* by the loop */
    struct onym_udp_out out;
    struct mmsghdr out_head[ONYM_UDP_OUT_MAX];
    struct iovec out_part[ONYM_UDP_OUT_MAX];
    _Alignas(struct cmsghdr) uint8_t out_control[ONYM_UDP_OUT_MAX][CONTROL_LEN + SEGMENT_LEN];
};

_Static_assert(ONYM_UDP_BATCH <= ONYM_UDP_OUT_MAX, "each datagram may be a flow of its own");
_Static_assert(ONYM_UDP_BATCH < UINT8_MAX, "the table of flows has bytes");

static void
prepare_in(struct onym_udp *u)
{
    for (size_t i = 0; i < ONYM_UDP_BATCH; i++) {
        struct msghdr *m = &u->in_head[i].msg_hdr;

        u->in_part[i] = (struct iovec){.iov_base = u->data[i], .iov_len = ONYM_UDP_IN_LEN};
        *m = (struct msghdr){.msg_name = &u->peer[i], .msg_iov = &u->in_part[i], .msg_iovlen = 1};
        u->in[i].peer = (const struct sockaddr *)&u->peer[i];
    }
}

/* What recvmmsg changes must be set again. */
static void
rearm_in(struct onym_udp *u, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        struct msghdr *m = &u->in_head[i].msg_hdr;

        m->msg_namelen = sizeof u->peer[i];
        m->msg_control = u->wildcard ? u->control[i] : NULL;
        m->msg_controllen = u->wildcard ? CONTROL_LEN : 0;
    }
}

/* ---- sending ---- */

static void
describe(struct onym_udp *u, size_t slot, const struct onym_udp_message *message,
         struct iovec *part)
{
    const struct msghdr *asked = &u->in_head[message->flow].msg_hdr;
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

/* The packet information that came with a datagram becomes the answer's source; the interface is
 * left to routing unless the address only means something on it. */
static void
free_interface(struct msghdr *m)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(m);

    if (c != NULL && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        ((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
    } else if (c != NULL && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo *info = (struct in6_pktinfo *)(void *)CMSG_DATA(c);

        if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) {
            info->ipi6_ifindex = 0;
        }
    }
}

/* Whether answers to two datagrams go from one address of ours to one peer. */
static bool
same_way(const struct onym_udp *u, size_t a, size_t b)
{
    const struct msghdr *x = &u->in_head[a].msg_hdr;
    const struct msghdr *y = &u->in_head[b].msg_hdr;

    return x->msg_namelen == y->msg_namelen &&
           memcmp(&u->peer[a], &u->peer[b], x->msg_namelen) == 0 &&
           (!u->wildcard || (x->msg_controllen == y->msg_controllen &&
                             memcmp(u->control[a], u->control[b], x->msg_controllen) == 0));
}

/* Of all that tells peers apart; few collide unless they mean to. */
static uint64_t
hash_of(const struct sockaddr_in6 *peer)
{
    uint64_t word[3];

    memcpy(word, peer, sizeof word);
    return (word[0] + word[1] * MIX + (word[2] ^ word[2] >> 29) * MIX * MIX) * MIX;
}

/* Finds which datagrams are of one flow. Where more than a few flows collide, some datagrams count
 * as flows of their own. */
static void
find_flows(struct onym_udp *u, size_t count)
{
    uint8_t first[FLOW_SLOTS + FLOW_PROBES] = {0}; /* 1 + a datagram */

    for (size_t i = 0; i < count; i++) {
        uint8_t *slot = &first[hash_of(&u->peer[i]) >> (64U - FLOW_BITS)];
        const uint8_t *end = slot + FLOW_PROBES;

        while (slot < end && *slot != 0 && !same_way(u, i, *slot - 1U)) {
            slot++;
        }
        if (slot < end && *slot == 0) {
            *slot = (uint8_t)(i + 1);
        }
        u->flow[i] = slot < end ? (uint16_t)(*slot - 1U) : (uint16_t)i;
    }
}

static int
receive(struct onym_udp *u)
{
    int n;

    do {
        n = recvmmsg(u->fd, u->in_head, ONYM_UDP_BATCH, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    for (int i = 0; i < n; i++) {
        u->in[i].data = onym_span_of(u->data[i], u->in_head[i].msg_len);
        u->in[i].too_long = (u->in_head[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        if (u->wildcard) {
            free_interface(&u->in_head[i].msg_hdr);
        }
    }
    find_flows(u, n > 0 ? (size_t)n : 0);
    return n;
}

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
drain(struct onym_udp *u)
{
    int n = BUSY;

    /* few datagrams: more are not to be expected, and the loop tells when they come */
    for (unsigned i = 0; i < ONYM_UDP_BATCHES_MAX && n >= BUSY; i++) {
        n = receive(u);
        if (n > 0) {
            watch(u, u->watched && n < BUSY);
            u->batch(u->user, u, u->in, (size_t)n);
            onym_udp_flush(u);
            rearm_in(u, (size_t)n);
        }
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct onym_udp *u = poll->data;

    (void)status; /* an error of the socket shows in recvmmsg and is consumed there */
    (void)events;
    drain(u);
    watch(u, true);
}

static void
ask_for_destination(struct onym_udp *u, const struct sockaddr *address)
{
    const int on = 1;

    u->wildcard = onym_address_is_any(address);
    if (u->wildcard && address->sa_family == AF_INET) {
        (void)setsockopt(u->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    } else if (u->wildcard) {
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

enum onym_status
onym_udp_open(uv_loop_t *loop, const struct sockaddr *address, onym_udp_batch_fn *batch, void *user,
              struct onym_udp **out, struct onym_fault *fault)
{
    const int bytes = BUFFER_BYTES;
    struct onym_udp *u = calloc(1, sizeof *u);
    enum onym_status status;

    if (u == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for a UDP socket");
    }
    u->batch = batch;
    u->user = user;
    status = onym_address_bind(address, SOCK_DGRAM, &u->fd, fault);
    if (status != ONYM_OK) {
        free(u);
        return status;
    }
    (void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    (void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    ask_for_destination(u, address);
    never_fragment(u);
    u->out.joins = true; /* until the kernel refuses */
    prepare_in(u);
    rearm_in(u, ONYM_UDP_BATCH);
    if (uv_poll_init(loop, &u->poll, u->fd) != 0 ||
        uv_poll_start(&u->poll, UV_READABLE, on_readable) != 0) {
        (void)close(u->fd);
        free(u);
        return onym_fault_set(fault, ONYM_IO, "the event loop refuses a UDP socket");
    }
    u->watched = true;
    u->poll.data = u;
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

    (void)close(u->fd);
    free(u);
}

void
onym_udp_close(struct onym_udp *u)
{
    if (u == NULL) {
        return;
    }
    drain(u);
    watch(u, false);
    uv_close((uv_handle_t *)&u->poll, on_closed);
}
