#include "lib/udp_join.h"

#include <netinet/in.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

bool
bench_udp_join_works(int fd)
{
    const int none = 0;

    return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

/* By insertion: most have one length. */
static void
order(struct iovec *packets, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct iovec one = packets[i];
        unsigned at = i;

        for (; at > 0 && packets[at - 1].iov_len < one.iov_len; at--) {
            packets[at] = packets[at - 1];
        }
        packets[at] = one;
    }
}

unsigned
bench_udp_join(struct iovec *packets, unsigned count, struct mmsghdr *out,
               struct bench_udp_cut *cut)
{
    unsigned messages = 0;

    order(packets, count);
    for (unsigned first = 0, next; first < count; first = next) {
        struct msghdr *m = &out[messages].msg_hdr;
        struct cmsghdr *c = (struct cmsghdr *)(void *)cut[messages].bytes;
        uint16_t len = (uint16_t)packets[first].iov_len;

        for (next = first + 1; next < count && packets[next].iov_len == len; next++) {
        }
        *c = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof len), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};
        memcpy(CMSG_DATA(c), &len, sizeof len);
        m->msg_iov = &packets[first];
        m->msg_iovlen = next - first;
        m->msg_control = next - first > 1 ? c : NULL;
        m->msg_controllen = next - first > 1 ? sizeof cut[messages] : 0;
        messages++;
    }
    return messages;
}
