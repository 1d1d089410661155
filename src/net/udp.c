#include "net/udp.h"

#include "net/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define CONTROL_LEN  CMSG_SPACE(sizeof(struct in6_pktinfo))

struct onym_udp {
    uv_poll_t poll;
    int fd;
    bool wildcard; /* bound to any address: answers must leave from the one that was asked */
    onym_udp_batch_fn *batch;
    void *user;
    uint64_t send_failures;
    size_t queued;
    struct mmsghdr in_head[ONYM_UDP_BATCH];
    struct iovec in_part[ONYM_UDP_BATCH];
    struct onym_udp_in in[ONYM_UDP_BATCH];
    struct sockaddr_in6 peer[ONYM_UDP_BATCH]; /* holds IPv4 too */
    struct mmsghdr out_head[ONYM_UDP_BATCH];
    struct iovec out_part[ONYM_UDP_BATCH][ONYM_UDP_OUT_PARTS + 1];
    uint8_t out_front[ONYM_UDP_BATCH][ONYM_UDP_FRONT_LEN];
    _Alignas(struct cmsghdr) uint8_t control[ONYM_UDP_BATCH][CONTROL_LEN];
    uint8_t data[ONYM_UDP_BATCH][ONYM_UDP_IN_LEN];
};

static void
prepare_in(struct onym_udp *u)
{
    for (size_t i = 0; i < ONYM_UDP_BATCH; i++) {
        struct msghdr *m = &u->in_head[i].msg_hdr;

        u->in_part[i] = (struct iovec){.iov_base = u->data[i], .iov_len = ONYM_UDP_IN_LEN};
        *m = (struct msghdr){.msg_name = &u->peer[i], .msg_iov = &u->in_part[i], .msg_iovlen = 1};
        u->in[i].peer = (const struct sockaddr *)&u->peer[i];
        for (size_t j = 0; j <= ONYM_UDP_OUT_PARTS; j++) {
            u->out_part[i][j].iov_base = j == 0 ? u->out_front[i] : NULL;
        }
        u->out_head[i].msg_hdr.msg_iov = u->out_part[i];
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

void
onym_udp_flush(struct onym_udp *u)
{
    size_t sent = 0;

    while (sent < u->queued) {
        int n = sendmmsg(u->fd, u->out_head + sent, (unsigned)(u->queued - sent), 0);

        if (n > 0) {
            sent += (size_t)n;
        } else if (errno != EINTR) {
            /* a full buffer or an unreachable peer: this packet is lost, as UDP allows */
            u->send_failures++;
            sent++;
        }
    }
    u->queued = 0;
}

void
onym_udp_send(struct onym_udp *u, const struct onym_udp_in *to, onym_span front,
              const struct iovec *parts, size_t count)
{
    size_t slot;
    struct msghdr *m;
    size_t which = (size_t)(to - u->in);

    if (u->queued == ONYM_UDP_BATCH) {
        onym_udp_flush(u);
    }
    slot = u->queued++;
    m = &u->out_head[slot].msg_hdr;
    memcpy(u->out_front[slot], front.at, front.len);
    u->out_part[slot][0].iov_len = front.len;
    memcpy(&u->out_part[slot][1], parts, count * sizeof *parts);
    m->msg_name = &u->peer[which];
    m->msg_namelen = u->in_head[which].msg_hdr.msg_namelen;
    m->msg_iovlen = count + 1;
    m->msg_control = u->wildcard ? u->control[which] : NULL;
    m->msg_controllen = u->wildcard ? u->in_head[which].msg_hdr.msg_controllen : 0;
}

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

static void
drain(struct onym_udp *u, unsigned batches)
{
    int n = (int)ONYM_UDP_BATCH;

    /* a batch that was not full emptied the socket: no second call to hear EAGAIN */
    for (unsigned i = 0; i < batches && n == (int)ONYM_UDP_BATCH; i++) {
        n = receive(u);
        if (n > 0) {
            u->batch(u->user, u, u->in, (size_t)n);
            onym_udp_flush(u);
            rearm_in(u, (size_t)n);
        }
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error of the socket shows in recvmmsg and is consumed there */
    (void)events;
    drain(poll->data, ONYM_UDP_BATCHES_MAX);
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
    prepare_in(u);
    rearm_in(u, ONYM_UDP_BATCH);
    if (uv_poll_init(loop, &u->poll, u->fd) != 0 ||
        uv_poll_start(&u->poll, UV_READABLE, on_readable) != 0) {
        (void)close(u->fd);
        free(u);
        return onym_fault_set(fault, ONYM_IO, "the event loop refuses a UDP socket");
    }
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
    drain(u, ONYM_UDP_BATCHES_MAX);
    (void)uv_poll_stop(&u->poll);
    uv_close((uv_handle_t *)&u->poll, on_closed);
}
