/* A client for UDP resolution: a fixed number of requests outstanding (closed loop) or a fixed rate
 * (open loop), each for a random name of a file, every reply checked, one JSON object with the
 * result. It asks a node, a DNS server that has the same names, or an echo. One thread; packets
 * move in batches of 64, so that one core can keep a server of several hundred thousand answers a
 * second busy. The order of names depends on --seed only. */
#include "lib/args.h"
#include "lib/dns.h"
#include "lib/pick.h"
#include "lib/tally.h"
#include "lib/udp_join.h"
#include "lib/udp_settings.h"
#include "tools/bench_query.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/require.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH          BENCH_UDP_JOIN_MAX
#define SLOT_BITS      12U
#define GENERATION_MAX ((1U << (31U - SLOT_BITS)) - 1U)
#define NOT_WAITED_FOR 0x80000000U                  /* request ids of malformed requests */
#define SCAN_NS        ((uint64_t)10 * 1000 * 1000) /* how often lost requests are looked for */
#define SILENCE_NS     ((uint64_t)3 * 1000 * 1000 * 1000) /* nobody there */
#define TICK_NS        ((uint64_t)250 * 1000)             /* of the open loop */
#define PATIENCE_NS    ((uint64_t)20 * 1000 * 1000)       /* without a packet */
#define NOT_FOUND      100U                               /* response codes */
#define NOT_HERE       301U

static volatile sig_atomic_t interrupted;

struct slot {
    struct onym_bench_reply reply;
    uint64_t first_ns, last_ns; /* first and latest sending */
    uint32_t packet_len;
    bool open;
    uint8_t packet[ONYM_PACKET_LEN_MAX];
};

/* Ancillary data of a packet: the source address it is sent from. */
struct source {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct client {
    const struct bench_udp_settings *settings;
    struct onym_bench_names names;
    struct onym_bench_query_form form;
    struct bench_pick pick;
    struct onym_rng kinds;
    struct bench_tally *tally;
    struct slot *slots;
    uint32_t *idle; /* slots to be sent next, idle_count of them */
    uint32_t idle_count, generation;
    uint64_t issued, open, start_ns;
    int fd;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_at[BATCH], out_at[BATCH];
    struct source source[BATCH];
    struct bench_udp_cut cut[BATCH];
    struct sockaddr_in target;
    uint8_t packet[BATCH][ONYM_PACKET_LEN_MAX + 1]; /* one more shows an oversized packet */
};

static void
on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* Sends the packets of count slots; what the socket refuses counts as lost and is sent again. */
static void
send_slots(struct client *c, const uint32_t *which, uint32_t count)
{
    uint32_t messages = count;
    uint32_t sent = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &c->slots[which[i]];
        c->out_at[i] = (struct iovec){.iov_base = slot->packet, .iov_len = slot->packet_len};
        if (c->settings->peers > 1) {
            struct cmsghdr *header = (struct cmsghdr *)c->source[i].bytes;
            struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(header);
            info->ipi_spec_dst.s_addr = htonl(0x7F000101U +
                                              which[i] % (uint32_t)c->settings->peers);
        }
    }
    if (c->settings->join) {
        messages = bench_udp_join(c->out_at, count, c->out, c->cut);
    }
    while (sent < messages) {
        int done = sendmmsg(c->fd, c->out + sent, messages - sent, 0);
        if (done <= 0) {
            return;
        }
        sent += (uint32_t)done;
    }
}

/* The request of a slot that asks a node: for a name that exists, or one of the other kinds. */
static void
write_request(struct client *c, struct slot *slot, uint32_t index, onym_span name)
{
    const struct bench_udp_settings *s = c->settings;
    uint64_t kind = s->miss + s->refused + s->malformed > 0 ? onym_rng_below(&c->kinds, 100) : 100;
    char other[ONYM_PACKET_LEN_MAX];
    int len;

    c->generation = c->generation < GENERATION_MAX ? c->generation + 1 : 1;
    onym_bench_reply_init(&slot->reply, name, c->generation << SLOT_BITS | index);
    if (s->protocol == BENCH_UDP_DNS) {
        slot->reply.request_id &= UINT16_MAX;
        slot->packet_len = (uint32_t)bench_dns_query_write(name, (uint16_t)slot->reply.request_id,
                                                           slot->packet);
        return;
    }
    if (kind < s->miss + s->refused) {
        slot->reply.expected = kind < s->miss ? NOT_FOUND : NOT_HERE;
        len = snprintf(other, sizeof other, kind < s->miss ? "%.*s!" : "88.9999.1/%.*s",
                       (int)name.len, (const char *)name.at);
        name = onym_span_of(other, (size_t)len);
    }
    slot->packet_len = (uint32_t)onym_bench_query_write(&c->form, name, slot->reply.request_id,
                                                        slot->packet);
    if (kind < s->miss + s->refused + s->malformed && slot->reply.expected == 1) {
        onym_put_u32(slot->packet + ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN, UINT16_MAX);
        onym_put_u32(slot->packet + 8, slot->reply.request_id |= NOT_WAITED_FOR);
    }
}

/* Fills idle slots with requests and sends them, at most limit requests in all. Names are chosen a
 * batch ahead of their use, so that the cache misses of a large file overlap. */
static void
send_new(struct client *c, uint64_t limit)
{
    while (c->idle_count > 0 && c->issued < limit) {
        uint64_t left = limit - c->issued;
        uint32_t count = c->idle_count < BATCH ? c->idle_count : BATCH;
        uint32_t kept = 0;
        size_t chosen[BATCH];

        count = left < count ? (uint32_t)left : count;
        for (uint32_t i = 0; i < count; i++) {
            chosen[i] = bench_pick_next(&c->pick);
            __builtin_prefetch(&c->names.from[chosen[i]]);
        }
        for (uint32_t i = 0; i < count; i++) {
            __builtin_prefetch(c->names.bytes + c->names.from[chosen[i]]);
        }
        uint32_t *which = c->idle + (c->idle_count - count);
        uint64_t now = onym_clock_monotonic_ns();
        for (uint32_t i = 0; i < count; i++) {
            struct slot *slot = &c->slots[which[i]];
            write_request(c, slot, which[i], onym_bench_names_at(&c->names, chosen[i]));
            slot->first_ns = slot->last_ns = now;
            slot->open = (slot->reply.request_id & NOT_WAITED_FOR) == 0;
        }
        send_slots(c, which, count);
        for (uint32_t i = 0; i < count; i++) { /* slots nobody waits for are idle again */
            if (!c->slots[which[i]].open) {
                uint32_t index = which[i];
                which[i] = which[kept];
                which[kept++] = index;
            }
        }
        c->idle_count -= count - kept;
        c->issued += count;
        c->open += count - kept;
    }
}

static enum onym_bench_verdict
judge(struct client *c, struct slot *slot, onym_span packet)
{
    switch (c->settings->protocol) {
    case BENCH_UDP_ECHO:
        slot->reply.packet_bytes += (uint32_t)packet.len;
        return ++slot->reply.packets == c->settings->echo_packets ? ONYM_BENCH_DONE
                                                                  : ONYM_BENCH_MORE;
    case BENCH_UDP_DNS:
        slot->reply.packet_bytes = (uint32_t)packet.len;
        return bench_dns_is_answer(packet, slot->reply.name, &slot->reply.code) ? ONYM_BENCH_DONE
                                                                                : ONYM_BENCH_WRONG;
    case BENCH_UDP_HANDLE:
    default:
        return onym_bench_reply_feed(&slot->reply, packet, false);
    }
}

static void
take_packet(struct client *c, onym_span packet, uint64_t now)
{
    struct bench_tally *tally = c->tally;
    bool dns = c->settings->protocol == BENCH_UDP_DNS;
    uint32_t id = packet.len < 12 ? 0 : dns ? onym_get_u16(packet.at) : onym_get_u32(packet.at + 8);
    uint32_t index = id & (BENCH_UDP_WINDOW_MAX - 1);
    struct slot *slot = &c->slots[index < c->settings->window ? index : 0];
    enum onym_bench_verdict verdict = ONYM_BENCH_STRAY;

    tally->packets++;
    tally->bytes += packet.len;
    if ((id & NOT_WAITED_FOR) != 0) {
        if (packet.len >= 28 && onym_get_u32(packet.at + 24) == 1) {
            bench_tally_wrong(tally, 1, onym_span_of("a broken request was answered", 29));
        }
        return;
    }
    if (packet.len >= 12 && slot->open && slot->reply.request_id == id) {
        verdict = judge(c, slot, packet);
    }
    if (verdict == ONYM_BENCH_STRAY) {
        tally->stray++; /* a late second reply to a request that was sent again */
        return;
    }
    if (verdict == ONYM_BENCH_MORE) {
        return;
    }
    if (verdict == ONYM_BENCH_DONE) {
        bench_tally_answer(tally, now - slot->first_ns, slot->reply.packet_bytes);
        tally->refusals += slot->reply.expected != 1;
    } else {
        bench_tally_wrong(tally, slot->reply.code, slot->reply.name);
    }
    slot->open = false;
    c->idle[c->idle_count++] = index;
    c->open--;
}

/* Takes a batch of packets; gives up after 20 ms, in the open loop when the tick ends. It asks
 * again and again: a client that slept would be woken by the server's sending, on the server's
 * time, and the more often the slower the server is. With --patient it sleeps nevertheless. */
static void
receive(struct client *c, uint64_t tick_ends_ns)
{
    struct pollfd readable = {.fd = c->fd, .events = POLLIN};
    uint64_t now = onym_clock_monotonic_ns();
    uint64_t until = c->settings->rate > 0 ? tick_ends_ns : now + PATIENCE_NS;
    struct timespec left = {.tv_nsec = now < until ? (long)(until - now) : 0};
    int got;

    if (c->settings->patient) {
        (void)ppoll(&readable, 1, &left, NULL);
    }
    do {
        got = recvmmsg(c->fd, c->in, BATCH, MSG_DONTWAIT, NULL);
        now = onym_clock_monotonic_ns();
    } while (got < 0 && now < until);

    for (int i = 0; i < got; i++) {
        take_packet(c, onym_span_of(c->packet[i], c->in[i].msg_len), now);
    }
    if (got > 0) {
        c->tally->last_ns = now;
    }
}

/* Sends again what has had no answer for retry_ms. */
static void
send_lost(struct client *c, uint64_t now)
{
    uint32_t which[BATCH];
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->settings->window; i++) {
        struct slot *slot = &c->slots[i];
        if (slot->open && now - slot->last_ns >= c->settings->retry_ms * 1000000U) {
            slot->last_ns = now;
            which[count++] = i;
            c->tally->lost++;
        }
        if (count == BATCH) {
            send_slots(c, which, count);
            count = 0;
        }
    }
    send_slots(c, which, count);
}

/* How many requests may have been sent by now. */
static uint64_t
allowance(const struct client *c, uint64_t now)
{
    const struct bench_udp_settings *s = c->settings;
    uint64_t limit = s->count > 0 ? s->count : UINT64_MAX;

    if (s->rate > 0) {
        uint64_t ticks = (now - c->start_ns) / TICK_NS + 1;
        uint64_t due = (uint64_t)((double)ticks * (double)TICK_NS * (double)s->rate / 1e9);
        limit = due < limit ? due : limit;
    }
    return limit;
}

static void
print_progress(const struct client *c, uint64_t now, uint64_t *last)
{
    if (c->settings->progress_ms > 0 && now - *last >= c->settings->progress_ms * 1000000U) {
        *last = now;
        printf("{\"answers\": %" PRIu64 "}\n", c->tally->answers);
        (void)fflush(stdout);
    }
}

/* The whole run: sends until time or count is over, then waits for the rest. */
static bool
run(struct client *c)
{
    const struct bench_udp_settings *s = c->settings;
    uint64_t start = c->start_ns = onym_clock_monotonic_ns();
    uint64_t deadline = s->count > 0 ? UINT64_MAX : start + s->milliseconds * 1000000U;
    uint64_t now = start;
    uint64_t scanned = start;
    uint64_t printed = start;
    uint64_t waited = bench_waited_ns();
    bool more = true;

    c->tally->first_ns = c->tally->last_ns = start;
    while (more || c->open > 0) {
        print_progress(c, now, &printed);
        if (more) {
            send_new(c, allowance(c, now));
        }
        receive(c, start + ((now - start) / TICK_NS + 1) * TICK_NS);
        now = onym_clock_monotonic_ns();
        more = now < deadline && (s->count == 0 || c->issued < s->count) && interrupted == 0;
        if (now - scanned >= SCAN_NS) {
            scanned = onym_clock_monotonic_ns(); /* later than every last_ns */
            send_lost(c, scanned);
        }
        if (now - c->tally->last_ns > SILENCE_NS) {
            c->tally->unanswered = c->open;
            break;
        }
    }
    c->tally->requests = c->issued;
    c->tally->waited_ns = bench_waited_ns() - waited;
    return c->tally->packets > 0;
}

/* A socket that sends from many addresses of loopback: bound to all of them, to loopback only. */
static int
open_socket(const struct bench_udp_settings *s)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = bench_udp_socket(s->peers > 1 ? &any : &s->target, s->peers > 1);

    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
    }
    if (fd >= 0 && s->join && !bench_udp_join_works(fd)) {
        fprintf(stderr, "--join: this kernel does not cut messages (UDP_SEGMENT, Linux 4.18)\n");
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Every name must fit where it is going to be put. */
static bool
names_fit(const struct client *c)
{
    const struct bench_udp_settings *s = c->settings;
    size_t most = ONYM_BENCH_NAME_LEN_MAX;

    if (s->protocol == BENCH_UDP_DNS) {
        most = BENCH_DNS_NAME_LEN_MAX;
    } else if (s->miss + s->refused + s->index > 0 || s->type != NULL) {
        most -= 64; /* for another prefix or the lists */
    }
    for (size_t i = 0; i < c->names.count; i++) {
        if (onym_bench_names_at(&c->names, i).len > most) {
            fprintf(stderr,
                    "%s: name %zu has more than the %zu bytes these requests have room for\n",
                    s->names, i + 1, most);
            return false;
        }
    }
    return true;
}

static void
client_init(struct client *c)
{
    const struct bench_udp_settings *s = c->settings;

    bench_pick_init(&c->pick, c->names.count, s->seed, (double)s->theta / 1e3);
    c->kinds = onym_rng_seeded(~s->seed);
    onym_bench_query_form_init(&c->form, onym_clock_epoch_s() + 43200);
    onym_bench_query_form_select(&c->form, (uint32_t)s->index, s->type);
    c->slots = calloc(s->window, sizeof *c->slots);
    c->idle = calloc(s->window, sizeof *c->idle);
    c->tally = bench_tally_new();
    c->target = s->target;
    ONYM_REQUIRE(c->slots != NULL && c->idle != NULL);
    for (uint32_t i = 0; i < s->window; i++) {
        c->idle[c->idle_count++] = i;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        c->in_at[i] = (struct iovec){.iov_base = c->packet[i], .iov_len = sizeof c->packet[i]};
        c->in[i].msg_hdr = (struct msghdr){.msg_iov = &c->in_at[i], .msg_iovlen = 1};
        c->out[i].msg_hdr = (struct msghdr){.msg_iov = &c->out_at[i], .msg_iovlen = 1};
        if (s->peers > 1) {
            *(struct cmsghdr *)c->source[i].bytes = (struct cmsghdr){
                .cmsg_level = IPPROTO_IP,
                .cmsg_type = IP_PKTINFO,
                .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo))};
            c->out[i].msg_hdr.msg_name = &c->target;
            c->out[i].msg_hdr.msg_namelen = sizeof c->target;
            c->out[i].msg_hdr.msg_control = &c->source[i];
            c->out[i].msg_hdr.msg_controllen = sizeof c->source[i];
        }
    }
}

int
main(int argc, char **argv)
{
    struct bench_udp_settings settings;
    const struct sigaction action = {.sa_handler = on_signal};
    struct client client = {.settings = &settings, .fd = -1};
    enum onym_status status = bench_udp_settings_read(argc, argv, &settings);
    int code = 1;

    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? 0 : 2;
    }
    if (onym_bench_names_load(settings.names, &client.names) != ONYM_OK) {
        return 1;
    }
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    if (names_fit(&client)) {
        client_init(&client);
        client.fd = open_socket(&settings);
    }
    if (client.fd >= 0) {
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        if (run(&client)) {
            bench_tally_print(client.tally, settings.window, settings.seed);
            code = 0;
        } else {
            fprintf(stderr, "no answer within 3 seconds; is a server listening there?\n");
        }
        close(client.fd);
    }
    onym_bench_names_free(&client.names);
    free(client.slots);
    free(client.idle);
    free(client.tally);
    return code;
}
