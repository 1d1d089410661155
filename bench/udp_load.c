/* A closed-loop client for UDP resolution: a fixed number of requests outstanding, each for a
 * random name of a file, every reply checked, one JSON object with the result. One thread; packets
 * move in batches of 64, so that one core can keep a server of several hundred thousand answers a
 * second busy. The order of names depends on --seed only. */
#include "lib/args.h"
#include "tools/bench_query.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/require.h"
#include "base/rng.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH          64U
#define WINDOW_MAX     4096U /* request ids keep 12 bits for the slot */
#define SLOT_BITS      12U
#define GENERATION_MAX ((1U << (31U - SLOT_BITS)) - 1U)
#define SCAN_NS        ((uint64_t)10 * 1000 * 1000) /* how often lost requests are looked for */
#define SILENCE_NS     ((uint64_t)3 * 1000 * 1000 * 1000) /* nobody there */
#define SIZE_MAX_KEPT  32768U                             /* 64 packets of 512 bytes */

static volatile sig_atomic_t interrupted;

struct settings {
    struct sockaddr_in target;
    const char *names;
    uint64_t window, seed, milliseconds, count, retry_ms;
    bool any;
};

struct slot {
    struct onym_bench_reply reply;
    uint64_t first_ns, last_ns; /* first and latest sending */
    uint32_t packet_len;
    bool open;
    uint8_t packet[ONYM_PACKET_LEN_MAX];
};

struct result {
    uint64_t answers, wrong, lost, stray, unanswered, packets, bytes, first_ns, last_ns;
    uint64_t waited_ns;  /* ready to run, but the processor was another's */
    uint32_t wrong_code; /* of the first wrong reply */
    char wrong_name[128];
    struct onym_histogram latency;
    uint64_t size[SIZE_MAX_KEPT + 1]; /* answers by bytes on the wire */
};

struct client {
    const struct settings *settings;
    struct onym_bench_names names;
    struct onym_bench_query_form form;
    struct onym_rng rng;
    struct result *result;
    struct slot *slots;
    uint32_t *idle; /* slots to be sent next, idle_count of them */
    uint32_t idle_count, generation;
    uint64_t issued, open;
    int fd;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_at[BATCH], out_at[BATCH];
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
    uint32_t sent = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &c->slots[which[i]];
        c->out_at[i] = (struct iovec){.iov_base = slot->packet, .iov_len = slot->packet_len};
        c->out[i].msg_hdr = (struct msghdr){.msg_iov = &c->out_at[i], .msg_iovlen = 1};
    }
    while (sent < count) {
        int done = sendmmsg(c->fd, c->out + sent, count - sent, 0);
        if (done <= 0) {
            return;
        }
        sent += (uint32_t)done;
    }
}

/* Fills every idle slot with a request for a random name and sends it. Names are chosen a batch
 * ahead of their use, so that the cache misses of a large file overlap. */
static void
send_new(struct client *c, uint64_t limit)
{
    while (c->idle_count > 0 && c->issued < limit) {
        uint64_t left = limit - c->issued;
        uint32_t count = c->idle_count < BATCH ? c->idle_count : BATCH;
        size_t chosen[BATCH];

        count = left < count ? (uint32_t)left : count;
        for (uint32_t i = 0; i < count; i++) {
            chosen[i] = onym_rng_below(&c->rng, c->names.count);
            __builtin_prefetch(&c->names.from[chosen[i]]);
        }
        for (uint32_t i = 0; i < count; i++) {
            __builtin_prefetch(c->names.bytes + c->names.from[chosen[i]]);
        }
        uint32_t *which = c->idle + (c->idle_count - count);
        uint64_t now = onym_clock_monotonic_ns();
        for (uint32_t i = 0; i < count; i++) {
            struct slot *slot = &c->slots[which[i]];
            onym_span name = onym_bench_names_at(&c->names, chosen[i]);
            c->generation = c->generation < GENERATION_MAX ? c->generation + 1 : 1;
            onym_bench_reply_init(&slot->reply, name, c->generation << SLOT_BITS | which[i]);
            slot->packet_len = (uint32_t)onym_bench_query_write(
                &c->form, name, slot->reply.request_id, slot->packet);
            slot->first_ns = slot->last_ns = now;
            slot->open = true;
        }
        send_slots(c, which, count);
        c->idle_count -= count;
        c->issued += count;
        c->open += count;
    }
}

static void
note_wrong(struct result *result, const struct onym_bench_reply *reply)
{
    if (result->wrong++ == 0) {
        result->wrong_code = reply->code;
        (void)snprintf(result->wrong_name, sizeof result->wrong_name, "%.*s", (int)reply->name.len,
                       (const char *)reply->name.at);
    }
}

static void
take_packet(struct client *c, onym_span packet, uint64_t now)
{
    struct result *result = c->result;
    uint32_t id = packet.len >= 12 ? onym_get_u32(packet.at + 8) : 0;
    uint32_t index = id & (WINDOW_MAX - 1);
    struct slot *slot = &c->slots[index < c->settings->window ? index : 0];
    enum onym_bench_verdict verdict = ONYM_BENCH_STRAY;

    if (packet.len >= 12 && slot->open && slot->reply.request_id == id) {
        slot->reply.packet_bytes += c->settings->any ? (uint32_t)packet.len : 0;
        verdict = c->settings->any ? ONYM_BENCH_DONE
                                   : onym_bench_reply_feed(&slot->reply, packet, false);
    }
    result->packets++;
    result->bytes += packet.len;
    if (verdict == ONYM_BENCH_STRAY) {
        result->stray++; /* a late second reply to a request that was sent again */
        return;
    }
    if (verdict == ONYM_BENCH_MORE) {
        return;
    }
    if (verdict == ONYM_BENCH_DONE) {
        result->answers++;
        onym_histogram_record(&result->latency, now - slot->first_ns, 1);
        result->size[slot->reply.packet_bytes]++;
    } else {
        note_wrong(result, &slot->reply);
    }
    slot->open = false;
    c->idle[c->idle_count++] = index;
    c->open--;
}

/* Waits at most 20 ms (the socket's time limit) for packets and takes a batch of them. */
static bool
receive(struct client *c)
{
    int got = recvmmsg(c->fd, c->in, BATCH, MSG_WAITFORONE, NULL);
    uint64_t now = onym_clock_monotonic_ns();

    for (int i = 0; i < got; i++) {
        take_packet(c, onym_span_of(c->packet[i], c->in[i].msg_len), now);
    }
    if (got > 0) {
        c->result->last_ns = now;
    }
    return got > 0;
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
            c->result->lost++;
        }
        if (count == BATCH) {
            send_slots(c, which, count);
            count = 0;
        }
    }
    send_slots(c, which, count);
}

/* Nanoseconds this process has waited for a processor so far; 0 where the kernel does not say. */
static uint64_t
waited_ns(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/schedstat", "r");
    char *second = file != NULL && fgets(text, sizeof text, file) != NULL ? strchr(text, ' ')
                                                                          : NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    return second != NULL ? strtoull(second, NULL, 10) : 0;
}

/* The whole run: keeps the window full until time or count is over, then waits for the rest. */
static bool
run(struct client *c)
{
    const struct settings *s = c->settings;
    uint64_t start = onym_clock_monotonic_ns();
    uint64_t deadline = s->count > 0 ? UINT64_MAX : start + s->milliseconds * 1000000U;
    uint64_t scanned = start;
    uint64_t waited = waited_ns();

    c->result->first_ns = c->result->last_ns = start;
    send_new(c, s->count > 0 ? s->count : UINT64_MAX);
    while (c->open > 0) {
        (void)receive(c);
        uint64_t now = onym_clock_monotonic_ns();
        if (now < deadline && interrupted == 0) {
            send_new(c, s->count > 0 ? s->count : UINT64_MAX);
        }
        if (now - scanned >= SCAN_NS) {
            scanned = onym_clock_monotonic_ns(); /* later than every last_ns */
            send_lost(c, scanned);
        }
        if (now - c->result->last_ns > SILENCE_NS) {
            c->result->unanswered = c->open;
            break;
        }
    }
    c->result->waited_ns = waited_ns() - waited;
    return c->result->packets > 0;
}

static uint64_t
median_size(const struct result *result)
{
    uint64_t seen = 0;

    for (uint32_t bytes = 0; bytes <= SIZE_MAX_KEPT; bytes++) {
        seen += result->size[bytes];
        if (seen * 2 >= result->answers && seen > 0) {
            return bytes;
        }
    }
    return 0;
}

/* A JSON string; bytes outside printable ASCII are left out (a diagnostic, not data). */
static void
print_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text >= ' ' && *text < 0x7F && *text != '"' && *text != '\\') {
            putchar(*text);
        }
    }
    putchar('"');
}

static double
percentile_us(const struct result *result, uint32_t per_million)
{
    return (double)onym_histogram_percentile(&result->latency, per_million) / 1e3;
}

static void
print_result(const struct client *c)
{
    const struct result *r = c->result;
    double seconds = (double)(r->last_ns - r->first_ns) / 1e9;
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"window\": %" PRIu64 ", \"seed\": %" PRIu64 ", \"seconds\": %.6f, ",
           c->settings->window, c->settings->seed, seconds);
    printf("\"answers\": %" PRIu64 ", \"answers_per_second\": %.1f, ", r->answers,
           seconds > 0 ? (double)r->answers / seconds : 0.0);
    printf("\"wrong\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"stray\": %" PRIu64
           ", \"unanswered\": %" PRIu64 ", ",
           r->wrong, r->lost, r->stray, r->unanswered);
    if (r->wrong > 0) {
        printf("\"first_wrong\": {\"code\": %" PRIu32 ", \"name\": ", r->wrong_code);
        print_text(r->wrong_name);
        printf("}, ");
    }
    printf("\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"answer_bytes_median\": %" PRIu64
           ", ",
           r->packets, r->bytes, median_size(r));
    printf("\"client_cpu_seconds\": %.6f, \"client_waited_seconds\": %.6f, ", cpu,
           (double)r->waited_ns / 1e9);
    printf("\"latency_us\": {\"p50\": %.1f, \"p90\": %.1f, "
           "\"p99\": %.1f, \"p99_9\": %.1f, \"max\": %.1f}}\n",
           percentile_us(r, 500000), percentile_us(r, 900000), percentile_us(r, 990000),
           percentile_us(r, 999000), percentile_us(r, 1000000));
}

static const char usage[] =
    "usage: udp_load --target ADDRESS:PORT --names FILE [options]\n"
    "  --window N       requests outstanding, 1 to 4096 (128)\n"
    "  --seconds N      how long (2)\n"
    "  --milliseconds N the same in thousandths\n"
    "  --count N        this many requests instead of a time\n"
    "  --seed N         of the order of names (1)\n"
    "  --retry-ms N     send again after so long without an answer (200)\n"
    "  --any            accept any reply with the right request id (for echo)\n"
    "prints one JSON object; exit 0 done, 1 nobody answered, 2 usage\n";

static enum onym_status
read_option(int c, const char *text, struct settings *s)
{
    enum onym_status status = ONYM_OK;

    switch (c) {
    case 't':
        return bench_args_address("--target", text, &s->target);
    case 'n':
        s->names = text;
        return ONYM_OK;
    case 'w':
        return bench_args_number("--window", text, 1, WINDOW_MAX, &s->window);
    case 's':
        status = bench_args_number("--seconds", text, 1, 86400, &s->milliseconds);
        s->milliseconds *= status == ONYM_OK ? 1000 : 1;
        return status;
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'c':
        return bench_args_number("--count", text, 1, UINT64_MAX / 2, &s->count);
    case 'e':
        return bench_args_number("--seed", text, 0, UINT64_MAX / 2, &s->seed);
    case 'r':
        return bench_args_number("--retry-ms", text, 10, 60000, &s->retry_ms);
    case 'a':
        s->any = true;
        return ONYM_OK;
    default:
        return ONYM_INVALID;
    }
}

static enum onym_status
read_options(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"names", required_argument, NULL, 'n'},
                                            {"window", required_argument, NULL, 'w'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 'e'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"retry-ms", required_argument, NULL, 'r'},
                                            {"any", no_argument, NULL, 'a'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (read_option(c, optarg, s) != ONYM_OK) {
            return ONYM_INVALID;
        }
    }
    if (optind != argc || s->names == NULL || s->target.sin_port == 0) {
        fputs(usage, stderr);
        return ONYM_INVALID;
    }
    return ONYM_OK;
}

static void
client_init(struct client *c, const struct settings *s)
{
    c->settings = s;
    c->rng = onym_rng_seeded(s->seed);
    onym_bench_query_form_init(&c->form, onym_clock_epoch_s() + 43200);
    c->slots = calloc(s->window, sizeof *c->slots);
    c->idle = calloc(s->window, sizeof *c->idle);
    c->result = calloc(1, sizeof *c->result);
    ONYM_REQUIRE(c->slots != NULL && c->idle != NULL && c->result != NULL);
    for (uint32_t i = 0; i < s->window; i++) {
        c->idle[c->idle_count++] = i;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        c->in_at[i] = (struct iovec){.iov_base = c->packet[i], .iov_len = sizeof c->packet[i]};
        c->in[i].msg_hdr = (struct msghdr){.msg_iov = &c->in_at[i], .msg_iovlen = 1};
    }
}

int
main(int argc, char **argv)
{
    struct settings settings = {.window = 128, .milliseconds = 2000, .seed = 1, .retry_ms = 200};
    const struct timeval patience = {.tv_usec = 20000};
    const struct sigaction action = {.sa_handler = on_signal};
    struct client client = {0};
    int code = 1;

    if (read_options(argc, argv, &settings) != ONYM_OK) {
        return 2;
    }
    if (onym_bench_names_load(settings.names, &client.names) != ONYM_OK) {
        return 1;
    }
    client_init(&client, &settings);
    client.fd = bench_udp_socket(&settings.target, false);
    if (client.fd >= 0) {
        (void)setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        if (run(&client)) {
            print_result(&client);
            code = 0;
        } else {
            fprintf(stderr, "no answer within 3 seconds; is a server listening there?\n");
        }
        close(client.fd);
    }
    onym_bench_names_free(&client.names);
    free(client.slots);
    free(client.idle);
    free(client.result);
    return code;
}
