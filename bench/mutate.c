/* Broken packets at full speed, with honest requests among them that must be answered.
 *
 * Every batch on a UDP socket is 31 mutants and one honest request; a socket with two honest
 * requests unanswered waits. That paces the flood by the server itself: always more work than it
 * has done, never more than its socket buffer holds, so a missing answer is the server's doing.
 * An honest request is sent again after 500, 1000 and 1500 ms, as the reference client does, and
 * then counts as unanswered. Replies to mutants are matched by request id: whatever is not an
 * answer or a referral must not be larger than the request (no amplification). */
#include "lib/args.h"
#include "lib/ledger.h"
#include "lib/mutant.h"
#include "lib/torn.h"
#include "tools/bench_query.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/require.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS       16U
#define BATCH         32U /* packets of a batch, the last one honest */
#define HONEST_OPEN   2U  /* of a socket */
#define TRIES_MAX     4U
#define MS            ((uint64_t)1000 * 1000)
#define UDP_LEN_MAX   1400U       /* of a mutant; most stay below 512 */
#define HONEST_TOP    0x48U       /* first byte of the request ids of honest requests */
#define HONEST_ID     0x48000000U /* mutants never carry it */
#define OWN_ID_MIN    0x01000000U /* of mutants that kept their id */
#define OWN_ID_MAX    0x3FFFFFFFU
#define TORN_OPEN     24U
#define PACKET_IN_MAX 2048U

struct settings {
    struct sockaddr_in target;
    const char *names, *seeds;
    uint64_t packets, seed;
    uint64_t tcp_share; /* of 100 mutants, over TCP */
    uint64_t silence_s; /* without any reply, then the server is taken for dead */
};

struct honest {
    struct onym_bench_reply reply;
    uint64_t sent_ns;
    unsigned tries;
    bool open;
    size_t len;
    uint8_t packet[ONYM_PACKET_LEN_MAX];
};

struct channel {
    int fd;
    struct honest honest[HONEST_OPEN];
};

struct counts {
    uint64_t mutants, honest, answered, resent, wrong, unanswered;
    uint64_t bytes_out, bytes_in;
};

struct flood {
    const struct settings *settings;
    struct onym_bench_names names;
    struct bench_seeds seeds;
    struct onym_bench_query_form form;
    struct onym_rng rng;
    struct channel channel[SOCKETS];
    struct bench_torn *torn;
    struct counts counts;
    uint64_t last_reply_ns;
    uint64_t made; /* mutants for UDP */
    struct bench_ledger ledger;
    struct mmsghdr message[BATCH];
    struct iovec at[BATCH];
    uint8_t packet[BATCH][PACKET_IN_MAX];
};

/* A mutant whose id was changed gets one that no unchanged mutant and no honest request carries, so
 * that every reply to those is theirs. */
static size_t
make_mutant(struct flood *f, uint8_t *out)
{
    uint32_t id = OWN_ID_MIN + (uint32_t)((f->made++) % (OWN_ID_MAX - OWN_ID_MIN + 1));
    size_t len = bench_mutant_make(&f->seeds, &f->rng, id, out, UDP_LEN_MAX);

    if (len >= 12) {
        uint32_t carried = onym_get_u32(out + 8);
        if (carried == id) {
            bench_ledger_sent(&f->ledger, id, onym_span_of(out, len));
        } else if ((carried >= OWN_ID_MIN && carried <= OWN_ID_MAX) || out[8] == HONEST_TOP) {
            out[8] |= 0x80;
        }
    }
    return len;
}

static size_t
make_honest(struct flood *f, struct honest *h, uint64_t now)
{
    onym_span name = onym_bench_names_at(&f->names, onym_rng_below(&f->rng, f->names.count));
    uint32_t id = HONEST_ID | (uint32_t)(f->counts.honest & 0xFFFFFF);

    onym_bench_reply_init(&h->reply, name, id);
    h->len = onym_bench_query_write(&f->form, name, id, h->packet);
    h->sent_ns = now;
    h->tries = 1;
    h->open = true;
    f->counts.honest++;
    return h->len;
}

static void
send_batch(struct flood *f, int fd, unsigned count)
{
    unsigned sent = 0;

    while (sent < count) {
        int done = sendmmsg(fd, f->message + sent, count - sent, 0);
        if (done <= 0) {
            if (errno == ECONNREFUSED) {
                continue; /* reports an earlier packet; silence is judged by the clock */
            }
            return;
        }
        sent += (unsigned)done;
    }
}

/* One batch; false when the channel waits for its honest requests. */
static bool
flood_channel(struct flood *f, struct channel *c, uint64_t mutants, uint64_t now)
{
    struct honest *free_slot = NULL;
    unsigned count = mutants < BATCH - 1 ? (unsigned)mutants : BATCH - 1;

    for (unsigned i = 0; i < HONEST_OPEN; i++) {
        free_slot = c->honest[i].open ? free_slot : &c->honest[i];
    }
    if (free_slot == NULL) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        f->at[i] = (struct iovec){.iov_base = f->packet[i],
                                  .iov_len = make_mutant(f, f->packet[i])};
        f->counts.bytes_out += f->at[i].iov_len;
    }
    f->at[count].iov_len = make_honest(f, free_slot, now);
    f->at[count].iov_base = free_slot->packet;
    send_batch(f, c->fd, count + 1);
    f->counts.mutants += count;
    return true;
}

static void
take_honest(struct flood *f, struct channel *c, onym_span packet)
{
    for (unsigned i = 0; i < HONEST_OPEN; i++) {
        struct honest *h = &c->honest[i];
        enum onym_bench_verdict verdict = h->open ? onym_bench_reply_feed(&h->reply, packet, false)
                                                  : ONYM_BENCH_STRAY;
        if (verdict == ONYM_BENCH_DONE) {
            f->counts.answered++;
            h->open = false;
        } else if (verdict == ONYM_BENCH_WRONG) {
            f->counts.wrong++;
            h->open = false;
        }
    }
}

static bool
receive(struct flood *f, struct channel *c, uint64_t now)
{
    for (unsigned i = 0; i < BATCH; i++) {
        f->at[i] = (struct iovec){.iov_base = f->packet[i], .iov_len = PACKET_IN_MAX};
    }
    int got = recvmmsg(c->fd, f->message, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        onym_span packet = onym_span_of(f->packet[i], f->message[i].msg_len);
        f->counts.bytes_in += packet.len;
        if (packet.len < 12) {
            f->ledger.unmatched++;
        } else if (packet.at[8] == HONEST_TOP) {
            take_honest(f, c, packet);
        } else {
            bench_ledger_reply(&f->ledger, packet);
        }
        f->last_reply_ns = now;
    }
    return got > 0;
}

/* Sends an honest request again when its time is over; gives it up after the last time. */
static void
retry(struct flood *f, struct channel *c, uint64_t now)
{
    for (unsigned i = 0; i < HONEST_OPEN; i++) {
        struct honest *h = &c->honest[i];
        if (!h->open || now - h->sent_ns < 500 * MS * h->tries) {
            continue;
        }
        if (h->tries == TRIES_MAX) {
            f->counts.unanswered++;
            h->open = false;
            continue;
        }
        (void)send(c->fd, h->packet, h->len, MSG_DONTWAIT);
        h->sent_ns = now;
        h->tries++;
        f->counts.resent++;
    }
}

static bool
any_honest_open(const struct flood *f)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        for (unsigned j = 0; j < HONEST_OPEN; j++) {
            if (f->channel[i].honest[j].open) {
                return true;
            }
        }
    }
    return false;
}

static void
wait_a_little(struct flood *f)
{
    struct pollfd fds[SOCKETS + BENCH_TORN_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < SOCKETS; i++) {
        fds[count++] = (struct pollfd){.fd = f->channel[i].fd, .events = POLLIN};
    }
    count += bench_torn_poll(f->torn, fds + count);
    (void)poll(fds, count, 5);
}

/* The whole run. False when nothing came back for silence_s. */
static bool
run(struct flood *f)
{
    uint64_t udp_wanted = f->settings->packets * (100 - f->settings->tcp_share) / 100;
    uint64_t tcp_wanted = f->settings->packets - udp_wanted;
    bool busy = true;

    f->last_reply_ns = onym_clock_monotonic_ns();
    while (busy) {
        bool progress = false;
        uint64_t now = onym_clock_monotonic_ns();

        for (unsigned i = 0; i < SOCKETS; i++) {
            struct channel *c = &f->channel[i];
            progress = receive(f, c, now) || progress;
            retry(f, c, now);
            uint64_t left = udp_wanted - f->counts.mutants;
            progress = (left > 0 && flood_channel(f, c, left, now)) || progress;
        }
        /* keeps the share: as far along over TCP as over UDP, or all of it when UDP is through */
        uint64_t due = f->counts.mutants >= udp_wanted
                           ? tcp_wanted
                           : tcp_wanted * (f->counts.mutants / 1024) / (udp_wanted / 1024 + 1);
        bench_torn_fill(f->torn, TORN_OPEN, due, now);
        uint64_t torn_in = bench_torn_counts_of(f->torn)->bytes_in;
        unsigned torn_open = bench_torn_step(f->torn, now);
        if (bench_torn_counts_of(f->torn)->bytes_in > torn_in) {
            f->last_reply_ns = now;
        }
        busy = f->counts.mutants < udp_wanted || any_honest_open(f) || torn_open > 0 ||
               bench_torn_counts_of(f->torn)->mutants < tcp_wanted;
        if (now - f->last_reply_ns > f->settings->silence_s * 1000 * MS) {
            return false;
        }
        if (!progress && busy) {
            wait_a_little(f);
        }
    }
    return true;
}

static void
print_hex(const char *key, const uint8_t *bytes, size_t len)
{
    char text[2 * BENCH_LEDGER_FRONT + 1];

    onym_hex_encode(onym_span_of(bytes, len), text);
    printf(", \"%s\": \"%s\"", key, text);
}

static void
print_udp(const struct flood *f)
{
    const struct counts *u = &f->counts;
    const struct bench_ledger *l = &f->ledger;

    printf("\"udp\": {\"mutants\": %" PRIu64 ", \"honest\": %" PRIu64 ", \"answered\": %" PRIu64
           ", \"wrong\": %" PRIu64 ", \"unanswered\": %" PRIu64 ", \"sent_again\": %" PRIu64
           ", \"bytes_sent\": %" PRIu64 ", \"bytes_received\": %" PRIu64 ", ",
           u->mutants, u->honest, u->answered, u->wrong, u->unanswered, u->resent, u->bytes_out,
           u->bytes_in);
    printf("\"replies_to_mutants\": %" PRIu64 ", \"answers_to_mutants\": %" PRIu64
           ", \"refused_bytes_in\": %" PRIu64 ", \"refused_bytes_out\": %" PRIu64
           ", \"larger_than_request\": %" PRIu64 ", \"larger_by_digest\": %" PRIu64
           ", \"unmatched\": %" PRIu64,
           l->replies, l->success, l->refused_in, l->refused_out, l->larger, l->larger_by_digest,
           l->unmatched);
    if (l->larger > 0) {
        print_hex("first_larger_request", l->first_larger.front, l->first_larger.front_len);
        print_hex("first_larger_reply", l->first_larger_reply, l->first_larger_reply_len);
    }
    printf("}, ");
}

static void
print_result(const struct flood *f, double seconds)
{
    const struct bench_torn_counts *t = bench_torn_counts_of(f->torn);

    printf("{\"seed\": %" PRIu64 ", \"seconds\": %.3f, \"packets\": %" PRIu64 ", ",
           f->settings->seed, seconds, f->counts.mutants + t->mutants);
    print_udp(f);
    printf("\"tcp\": {\"mutants\": %" PRIu64 ", \"connections\": %" PRIu64 ", \"honest\": %" PRIu64
           ", \"answered\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"unanswered\": %" PRIu64
           ", \"bytes_sent\": %" PRIu64 ", \"bytes_received\": %" PRIu64
           ", \"refused_connects\": %" PRIu64 "}}\n",
           t->mutants, t->connections, t->honest, t->answered, t->wrong, t->unanswered,
           t->bytes_out, t->bytes_in, t->refused_connects);
}

static enum onym_status
read_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"names", required_argument, NULL, 'n'},
                                            {"seeds", required_argument, NULL, 'm'},
                                            {"packets", required_argument, NULL, 'p'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"tcp-share", required_argument, NULL, 'c'},
                                            {"silence", required_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static const char usage[] =
        "usage: mutate --target ADDRESS:PORT --names FILE --seeds FILE [options]\n"
        "  --packets N    broken packets to send (200000)\n"
        "  --seed N       of the mutations (1)\n"
        "  --tcp-share N  percent of them over TCP, 0 to 90 (5)\n"
        "  --silence N    seconds without a reply after which the server counts as dead (10)\n"
        "names: one existing identifier a line; seeds: right messages, a line of hex each\n"
        "prints one JSON object; exit 0 done, 1 the server fell silent, 2 usage\n";
    enum onym_status status = ONYM_OK;
    int c;

    while (status == ONYM_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else if (c == 't') {
            status = bench_args_address("--target", optarg, &s->target);
        } else if (c == 'n') {
            s->names = optarg;
        } else if (c == 'm') {
            s->seeds = optarg;
        } else if (c == 'p') {
            status = bench_args_number("--packets", optarg, 1, UINT32_MAX, &s->packets);
        } else if (c == 's') {
            status = bench_args_number("--seed", optarg, 0, UINT64_MAX / 2, &s->seed);
        } else if (c == 'c') {
            status = bench_args_number("--tcp-share", optarg, 0, 90, &s->tcp_share);
        } else if (c == 'q') {
            status = bench_args_number("--silence", optarg, 1, 600, &s->silence_s);
        } else {
            status = ONYM_INVALID;
        }
    }
    if (status == ONYM_OK &&
        (optind != argc || s->names == NULL || s->seeds == NULL || s->target.sin_port == 0)) {
        fputs(usage, stderr);
        status = ONYM_INVALID;
    }
    return status;
}

/* Files, sockets and the TCP set. False after one line on stderr. */
static bool
prepare(struct flood *f)
{
    uint32_t expiration = onym_clock_epoch_s() + 43200;

    f->rng = onym_rng_seeded(f->settings->seed);
    onym_bench_query_form_init(&f->form, expiration);
    if (onym_bench_names_load(f->settings->names, &f->names) != ONYM_OK ||
        bench_seeds_load(f->settings->seeds, &f->seeds) != ONYM_OK) {
        return false;
    }
    for (unsigned i = 0; i < SOCKETS; i++) {
        f->channel[i].fd = bench_udp_socket(&f->settings->target, false);
        if (f->channel[i].fd < 0) {
            return false;
        }
    }
    for (unsigned i = 0; i < BATCH; i++) {
        f->message[i].msg_hdr = (struct msghdr){.msg_iov = &f->at[i], .msg_iovlen = 1};
    }
    f->torn = bench_torn_new(&f->settings->target, &f->seeds, &f->names,
                             onym_rng_seeded(f->settings->seed + 1), expiration);
    return f->torn != NULL;
}

int
main(int argc, char **argv)
{
    struct settings settings = {.packets = 200000, .seed = 1, .tcp_share = 5, .silence_s = 10};
    int code = 1;

    if (read_options(argc, argv, &settings) != ONYM_OK) {
        return 2;
    }
    struct flood *f = calloc(1, sizeof *f);
    ONYM_REQUIRE(f != NULL);
    f->settings = &settings;
    for (unsigned i = 0; i < SOCKETS; i++) {
        f->channel[i].fd = -1;
    }
    if (prepare(f)) {
        uint64_t start = onym_clock_monotonic_ns();
        code = run(f) ? 0 : 1;
        print_result(f, (double)(onym_clock_monotonic_ns() - start) / 1e9);
        if (code != 0) {
            fprintf(stderr, "no reply for %" PRIu64 " seconds\n", settings.silence_s);
        }
    }
    bench_torn_free(f->torn);
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (f->channel[i].fd >= 0) {
            close(f->channel[i].fd);
        }
    }
    onym_bench_names_free(&f->names);
    bench_seeds_free(&f->seeds);
    free(f);
    return code;
}
