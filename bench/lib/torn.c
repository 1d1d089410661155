#include "lib/torn.h"

#include "base/bytes.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HONEST_MAX  3U
#define MUTANTS_MAX 6U
#define OUT_CAP     (HONEST_MAX * ONYM_PACKET_LEN_MAX + MUTANTS_MAX * BENCH_SEED_LEN_MAX)
#define IN_CAP      65536U
#define ANSWER_NS   ((uint64_t)5 * 1000 * 1000 * 1000) /* an honest request may take that long */
#define LINGER_NS   ((uint64_t)200 * 1000 * 1000)      /* quiet end of some connections */

enum stage {
    ASKING, /* honest requests are written, their answers awaited */
    LYING,  /* mutants are written, answers thrown away */
    ENDING  /* waits for the server to close, or for a while */
};

struct connection {
    int fd; /* -1: free */
    enum stage stage;
    uint64_t deadline_ns;
    size_t honest_len, len, sent; /* bytes of out: of the honest part, of all, written */
    unsigned honest, answered;
    struct onym_bench_reply reply[HONEST_MAX];
    size_t in_len;
    uint8_t out[OUT_CAP];
    uint8_t in[IN_CAP];
};

struct bench_torn {
    struct sockaddr_in target;
    const struct bench_seeds *seeds;
    const struct onym_bench_names *names;
    struct onym_rng rng;
    struct onym_bench_query_form form;
    struct bench_torn_counts counts;
    uint32_t next_id;
    struct connection connection[BENCH_TORN_MAX];
};

struct bench_torn *
bench_torn_new(const struct sockaddr_in *target, const struct bench_seeds *seeds,
               const struct onym_bench_names *names, struct onym_rng rng, uint32_t expiration)
{
    struct bench_torn *set = calloc(1, sizeof *set);

    if (set != NULL) {
        set->target = *target;
        set->seeds = seeds;
        set->names = names;
        set->rng = rng;
        onym_bench_query_form_init(&set->form, expiration);
        for (unsigned i = 0; i < BENCH_TORN_MAX; i++) {
            set->connection[i].fd = -1;
        }
    }
    return set;
}

/* Ends at once with a reset: a side that closes first would keep its port for a minute. */
static void
drop(struct bench_torn *set, struct connection *c)
{
    const struct linger now = {.l_onoff = 1};

    if (c->stage == ASKING) {
        set->counts.unanswered += c->honest - c->answered;
    }
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    c->fd = -1;
}

void
bench_torn_free(struct bench_torn *set)
{
    for (unsigned i = 0; set != NULL && i < BENCH_TORN_MAX; i++) {
        if (set->connection[i].fd >= 0) {
            drop(set, &set->connection[i]);
        }
    }
    free(set);
}

/* What the connection will write. */
static void
plan(struct bench_torn *set, struct connection *c, uint64_t mutants)
{
    c->honest = (unsigned)onym_rng_below(&set->rng, HONEST_MAX + 1);
    for (unsigned i = 0; i < c->honest; i++) {
        onym_span name = onym_bench_names_at(set->names,
                                             onym_rng_below(&set->rng, set->names->count));
        set->next_id = set->next_id % 0x3FFFFFFFU + 1;
        onym_bench_reply_init(&c->reply[i], name, set->next_id);
        c->len += onym_bench_query_write(&set->form, name, set->next_id, c->out + c->len);
    }
    c->honest_len = c->len;
    for (uint64_t i = 0; i < mutants; i++) {
        c->len += bench_mutant_make(set->seeds, &set->rng, (uint32_t)onym_rng_u64(&set->rng),
                                    c->out + c->len, BENCH_SEED_LEN_MAX);
    }
    set->counts.mutants += mutants;
    set->counts.honest += c->honest;
    set->counts.connections++;
}

void
bench_torn_fill(struct bench_torn *set, unsigned open, uint64_t mutants_max, uint64_t now_ns)
{
    const int on = 1;

    for (unsigned i = 0; i < open && i < BENCH_TORN_MAX; i++) {
        struct connection *c = &set->connection[i];
        uint64_t left = mutants_max - set->counts.mutants;
        if (c->fd >= 0) {
            continue;
        }
        if (set->counts.mutants >= mutants_max) {
            return;
        }
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(fd, (const struct sockaddr *)&set->target, sizeof set->target) != 0 &&
            errno != EINPROGRESS) {
            set->counts.refused_connects++;
            close(fd);
            return;
        }
        uint64_t mutants = 1 + onym_rng_below(&set->rng, MUTANTS_MAX);
        c->fd = fd;
        c->stage = ASKING;
        c->deadline_ns = now_ns + ANSWER_NS;
        c->len = c->sent = c->in_len = 0;
        c->answered = 0;
        plan(set, c, mutants < left ? mutants : left);
    }
}

unsigned
bench_torn_poll(const struct bench_torn *set, struct pollfd *out)
{
    unsigned count = 0;

    for (unsigned i = 0; i < BENCH_TORN_MAX; i++) {
        const struct connection *c = &set->connection[i];
        size_t until = c->stage == ASKING ? c->honest_len : c->len;
        if (c->fd >= 0) {
            out[count++] = (struct pollfd){
                .fd = c->fd, .events = (short)(c->sent < until ? POLLIN | POLLOUT : POLLIN)};
        }
    }
    return count;
}

/* Whole replies at the front of what has been read; they come in the order of the requests. */
static void
take_replies(struct bench_torn *set, struct connection *c)
{
    size_t at = 0;

    while (c->answered < c->honest && c->in_len - at >= ONYM_ENVELOPE_LEN) {
        uint32_t message_len = onym_get_u32(c->in + at + 16);
        if (message_len > IN_CAP - ONYM_ENVELOPE_LEN ||
            c->in_len - at < ONYM_ENVELOPE_LEN + message_len) {
            break;
        }
        onym_span reply = onym_span_of(c->in + at, ONYM_ENVELOPE_LEN + message_len);
        if (onym_bench_reply_feed(&c->reply[c->answered], reply, true) == ONYM_BENCH_DONE) {
            set->counts.answered++;
        } else {
            set->counts.wrong++;
        }
        c->answered++;
        at += reply.len;
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
}

/* False when the connection is over. */
static bool
read_some(struct bench_torn *set, struct connection *c)
{
    ssize_t got = recv(c->fd, c->in + c->in_len, IN_CAP - c->in_len, 0);

    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    set->counts.bytes_in += (uint64_t)got;
    c->in_len += (size_t)got;
    if (c->stage == ASKING) {
        take_replies(set, c);
        return c->in_len < IN_CAP;
    }
    c->in_len = 0;
    return true;
}

/* Writes one piece of any size, up to the end of the current part. False when it is over. */
static bool
write_some(struct bench_torn *set, struct connection *c)
{
    size_t until = c->stage == ASKING ? c->honest_len : c->len;

    if (c->sent < until) {
        size_t piece = 1 + onym_rng_below(&set->rng, until - c->sent < 600 ? until - c->sent : 600);
        ssize_t put = send(c->fd, c->out + c->sent, piece, MSG_NOSIGNAL);
        if (put < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        set->counts.bytes_out += (uint64_t)put;
        c->sent += (size_t)put;
    }
    return true;
}

/* The next stage once this one is through; false when the connection is to be dropped. */
static bool
advance(struct bench_torn *set, struct connection *c, uint64_t now_ns)
{
    if (c->stage == ASKING && c->sent == c->honest_len && c->answered == c->honest) {
        c->stage = LYING; /* only now: a reset after a broken message may eat earlier answers */
    }
    if (c->stage == LYING && c->sent == c->len) {
        uint64_t end = onym_rng_below(&set->rng, 32);
        if (end > 1) {
            return false; /* mostly a reset at once */
        }
        if (end == 0) {
            (void)shutdown(c->fd, SHUT_WR);
        }
        c->stage = ENDING;
        c->deadline_ns = now_ns + LINGER_NS;
    }
    return now_ns < c->deadline_ns;
}

unsigned
bench_torn_step(struct bench_torn *set, uint64_t now_ns)
{
    unsigned open = 0;

    for (unsigned i = 0; i < BENCH_TORN_MAX; i++) {
        struct connection *c = &set->connection[i];
        if (c->fd < 0) {
            continue;
        }
        if (!write_some(set, c) || !read_some(set, c) || !advance(set, c, now_ns)) {
            drop(set, c);
            continue;
        }
        open++;
    }
    return open;
}

const struct bench_torn_counts *
bench_torn_counts_of(const struct bench_torn *set)
{
    return &set->counts;
}
