#include "net/udp.h"

#include "net/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define CONTROL_LEN  CMSG_SPACE(sizeof(struct in6_pktinfo))
#define BUSY         8 /* datagrams of a batch after which the next one is asked for at once */
#define SEGMENT_LEN  CMSG_SPACE(sizeof(uint16_t))

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* A packet that waits to be sent. */
struct packet {
    uint32_t at; /* in out_data */
    uint16_t len;
    uint16_t to; /* number of the datagram it answers */
};

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
    bool watched;  /* by the loop */
    bool segments; /* the kernel cuts messages into packets */
    size_t queued;
    struct packet out[ONYM_UDP_BATCH];
    struct mmsghdr out_head[ONYM_UDP_BATCH];
    struct iovec out_part[ONYM_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t out_control[ONYM_UDP_BATCH][CONTROL_LEN + SEGMENT_LEN];
    uint8_t out_data[ONYM_UDP_BATCH * ONYM_UDP_OUT_LEN]; /* packets without gaps between them */
};

static void
prepare_in(struct onym_udp *u)
{
    for (size_t i = 0; i < ONYM_UDP_BATCH; i++) {
        struct msghdr *m = &u->in_head[i].msg_hdr;

        u->in_part[i] = (struct iovec){.iov_base = u->data[i], .iov_len = ONYM_UDP_IN_LEN};
        *m = (struct msghdr){.msg_name = &u->peer[i], .msg_iov = &u->in_part[i], .msg_iovlen = 1};
        u->in[i].peer = (const struct sockaddr *)&u->peer[i];
        u->out_head[i].msg_hdr.msg_iov = &u->out_part[i];
        u->out_head[i].msg_hdr.msg_iovlen = 1;
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

/* Whether two answers go from one address of ours to one peer. */
static bool
same_way(const struct onym_udp *u, size_t a, size_t b)
{
    const struct msghdr *x = &u->in_head[a].msg_hdr;
    const struct msghdr *y = &u->in_head[b].msg_hdr;

    return a == b ||
           (x->msg_namelen == y->msg_namelen &&
            memcmp(&u->peer[a], &u->peer[b], x->msg_namelen) == 0 &&
            (!u->wildcard || (x->msg_controllen == y->msg_controllen &&
                              memcmp(u->control[a], u->control[b], x->msg_controllen) == 0)));
}

/* How many packets from `first` on can leave as one message: all but the last of one length, the
 * last no longer. */
static size_t
run_of(const struct onym_udp *u, size_t first)
{
    const struct packet *p = &u->out[first];
    size_t count = 1;

    while (u->segments && first + count < u->queued && p[count - 1].len == p->len &&
           p[count].len <= p->len && same_way(u, p->to, p[count].to)) {
        count++;
    }
    return count;
}

static void
describe(struct onym_udp *u, size_t slot, size_t first, size_t count)
{
    struct msghdr *m = &u->out_head[slot].msg_hdr;
    const struct packet *p = &u->out[first];
    const struct packet *last = p + count - 1;

    u->out_part[slot] = (struct iovec){.iov_base = u->out_data + p->at,
                                       .iov_len = last->at + last->len - p->at};
    m->msg_name = &u->peer[p->to];
    m->msg_namelen = u->in_head[p->to].msg_hdr.msg_namelen;
    m->msg_control = u->wildcard ? u->control[p->to] : NULL;
    m->msg_controllen = u->wildcard ? u->in_head[p->to].msg_hdr.msg_controllen : 0;
    if (count > 1) {
        struct cmsghdr *c = (struct cmsghdr *)(void *)u->out_control[slot];
        size_t source_len = m->msg_controllen;

        *c = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof p->len), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
        memcpy(CMSG_DATA(c), &p->len, sizeof p->len);
        if (source_len > 0) {
            memcpy(u->out_control[slot] + SEGMENT_LEN, m->msg_control, source_len);
        }
        m->msg_control = c;
        m->msg_controllen = SEGMENT_LEN + source_len;
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
    size_t start[ONYM_UDP_BATCH + 1];
    size_t done = 0;

    while (done < u->queued) {
        unsigned messages = 0;
        int n;

        for (start[0] = done; start[messages] < u->queued; messages++) {
            size_t count = run_of(u, start[messages]);

            describe(u, messages, start[messages], count);
            start[messages + 1] = start[messages] + count;
        }
        n = sendmmsg(u->fd, u->out_head, messages, 0);
        if (n > 0) {
            done = start[n];
        } else if (is_refused(errno, start[1] - done)) {
            u->segments = false;
        } else if (errno != EINTR) {
            /* a full buffer or an unreachable peer: these packets are lost, as UDP allows */
            u->send_failures += start[1] - done;
            done = start[1];
        }
    }
    u->queued = 0;
}

void
onym_udp_send(struct onym_udp *u, const struct onym_udp_in *to, onym_span front,
              const onym_span *parts, size_t count)
{
    uint32_t at = 0;
    struct packet *p;
    uint8_t *end;

    if (u->queued == ONYM_UDP_BATCH) {
        onym_udp_flush(u);
    }
    if (u->queued > 0) {
        p = &u->out[u->queued - 1];
        at = p->at + p->len;
    }
    end = u->out_data + at;
    memcpy(end, front.at, front.len);
    end += front.len;
    for (size_t i = 0; i < count; i++) {
        memcpy(end, parts[i].at, parts[i].len);
        end += parts[i].len;
    }
    p = &u->out[u->queued++];
    *p = (struct packet){
        .at = at, .len = (uint16_t)(end - (u->out_data + at)), .to = (uint16_t)(to - u->in)};
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
    u->segments = true; /* until the kernel refuses */
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
