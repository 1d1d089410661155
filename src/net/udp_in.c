#include "net/udp_in.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define FLOW_BITS   8U
#define FLOW_SLOTS  (1U << FLOW_BITS) /* of a table of the flows of a system call */
#define FLOW_PROBES 4U
#define MIX         UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio */

/* Most messages are short: their first bytes must not all lie in the same sets of a cache. */
#define STRIDE ((size_t)(1 << 16) + 3 * 64)

_Static_assert(ONYM_UDP_MESSAGES < UINT8_MAX, "the table of flows has bytes");
_Static_assert(ONYM_UDP_MESSAGE_LEN <= STRIDE, "messages do not overlap");

/* What recvmmsg changes must be set again. */
static void
rearm(struct onym_udp_received *in, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        struct msghdr *m = &in->head[i].msg_hdr;

        m->msg_namelen = sizeof in->peer[i];
        m->msg_control = in->control[i];
        m->msg_controllen = sizeof in->control[i];
    }
}

enum onym_status
onym_udp_received_init(struct onym_udp_received *in)
{
    void *bytes = mmap(NULL, ONYM_UDP_MESSAGES * STRIDE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (bytes == MAP_FAILED) {
        return ONYM_NO_MEMORY;
    }
    (void)madvise(bytes, ONYM_UDP_MESSAGES * STRIDE, MADV_NOHUGEPAGE); /* most of it stays empty */
    in->bytes = bytes;
    for (size_t i = 0; i < ONYM_UDP_MESSAGES; i++) {
        in->part[i] = (struct iovec){.iov_base = in->bytes + i * STRIDE,
                                     .iov_len = ONYM_UDP_MESSAGE_LEN};
        in->head[i].msg_hdr = (struct msghdr){
            .msg_name = &in->peer[i], .msg_iov = &in->part[i], .msg_iovlen = 1};
    }
    rearm(in, ONYM_UDP_MESSAGES);
    in->count = 0;
    in->joined = false;
    return ONYM_OK;
}

void
onym_udp_received_deinit(struct onym_udp_received *in)
{
    if (in->bytes != NULL) {
        (void)munmap(in->bytes, ONYM_UDP_MESSAGES * STRIDE);
        in->bytes = NULL;
    }
}

/* The length of datagrams that were left together comes first; behind it is what answers need. */
static size_t
take_segment(struct msghdr *m)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);
    int segment = 0;

    if (c == NULL || c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) {
        return SIZE_MAX;
    }
    memcpy(&segment, CMSG_DATA(c), sizeof segment);
    m->msg_control = (uint8_t *)m->msg_control + CMSG_SPACE(sizeof segment);
    m->msg_controllen -= CMSG_SPACE(sizeof segment) < m->msg_controllen ? CMSG_SPACE(sizeof segment)
                                                                        : m->msg_controllen;
    return segment > 0 ? (size_t)segment : SIZE_MAX;
}

/* The packet information that came with a message becomes the answer's source; the interface is
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

/* Bytes of what came with a message, without those that only fill up: they are anything. */
static size_t
told_len(struct msghdr *m)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);

    return c != NULL && c->cmsg_len < m->msg_controllen ? c->cmsg_len : m->msg_controllen;
}

/* Whether answers to two messages go from one address of ours to one peer. */
static bool
same_way(struct onym_udp_received *in, size_t a, size_t b)
{
    struct msghdr *x = &in->head[a].msg_hdr;
    struct msghdr *y = &in->head[b].msg_hdr;

    return x->msg_namelen == y->msg_namelen &&
           memcmp(&in->peer[a], &in->peer[b], x->msg_namelen) == 0 &&
           x->msg_controllen == y->msg_controllen &&
           memcmp(x->msg_control, y->msg_control, told_len(x)) == 0;
}

/* Of all that tells peers apart; few collide unless they mean to. */
static uint64_t
hash_of(const struct sockaddr_in6 *peer)
{
    uint64_t word[3];

    memcpy(word, peer, sizeof word);
    return (word[0] + word[1] * MIX + (word[2] ^ word[2] >> 29) * MIX * MIX) * MIX;
}

/* Finds which messages are of one flow. Where more than a few flows collide, some count as flows of
 * their own. */
static void
find_flows(struct onym_udp_received *in)
{
    uint8_t first[FLOW_SLOTS + FLOW_PROBES] = {0}; /* 1 + a message */

    for (size_t i = 0; i < in->count; i++) {
        uint8_t *slot = &first[hash_of(&in->peer[i]) >> (64U - FLOW_BITS)];
        const uint8_t *end = slot + FLOW_PROBES;

        while (slot < end && *slot != 0 && !same_way(in, i, *slot - 1U)) {
            slot++;
        }
        if (slot < end && *slot == 0) {
            *slot = (uint8_t)(i + 1);
        }
        in->flow[i] = slot < end ? (uint16_t)(*slot - 1U) : (uint16_t)i;
    }
}

size_t
onym_udp_receive(struct onym_udp_received *in, int fd)
{
    unsigned most = in->joined ? ONYM_UDP_MESSAGES_JOINED : ONYM_UDP_MESSAGES;
    int n;

    rearm(in, in->count);
    do {
        n = recvmmsg(fd, in->head, most, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    in->count = n > 0 ? (size_t)n : 0;
    in->joined = false;
    for (size_t i = 0; i < in->count; i++) {
        in->segment[i] = take_segment(&in->head[i].msg_hdr);
        in->joined = in->joined || in->segment[i] != SIZE_MAX;
        free_interface(&in->head[i].msg_hdr);
    }
    find_flows(in);
    return in->count;
}

onym_span
onym_udp_whole(const struct onym_udp_received *in, size_t message)
{
    return onym_span_of(in->part[message].iov_base, in->head[message].msg_len);
}

onym_span
onym_udp_next(const struct onym_udp_received *in, size_t message, onym_span *rest)
{
    size_t len = rest->len < in->segment[message] ? rest->len : in->segment[message];
    onym_span next = onym_span_of(rest->at, len);

    *rest = onym_span_of(rest->at + len, rest->len - len);
    return next;
}
