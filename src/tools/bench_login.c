#include "tools/bench_login.h"

#include "auth/secret.h"
#include "base/clock.h"
#include "base/writer.h"
#include "wire/frame.h"
#include "wire/session.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BUFFER_LEN       8192U
#define CODE_OK          1U
#define CODE_AUTH_NEEDED 402U
#define LOGIN_FLAGS      (ONYM_FLAG_RECURSE | ONYM_FLAG_REQUEST_DIGEST)
#define USUAL_FLAGS      (ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY)

/* What login keeps while it talks. */
struct talk {
    int fd;
    uint32_t session, request_id;
    uint8_t out[BUFFER_LEN], in[BUFFER_LEN];
    size_t out_len;
    struct onym_message reply; /* borrows from in */
};

static struct onym_message
request_of(uint32_t opcode, uint32_t flags, uint32_t session, uint32_t request_id, onym_span body)
{
    return (struct onym_message){.envelope = {.version = ONYM_BENCH_LOGIN_VERSION,
                                              .suggested = ONYM_BENCH_LOGIN_VERSION,
                                              .session_id = session,
                                              .request_id = request_id},
                                 .header = {.opcode = opcode,
                                            .flags = flags,
                                            .site_serial = UINT16_MAX,
                                            .expiration = onym_clock_epoch_s() + 43200},
                                 .body = body,
                                 .has_credential = true};
}

static size_t
write_message(const struct onym_message *m, uint8_t *out, size_t cap)
{
    size_t len = 0;

    return onym_message_encode(m, out, cap, &len) == ONYM_OK ? len : 0;
}

size_t
onym_bench_login_request(uint32_t opcode, uint32_t session, uint32_t request_id, onym_span body,
                         uint8_t *out, size_t cap)
{
    struct onym_message m = request_of(opcode, USUAL_FLAGS, session, request_id, body);

    return write_message(&m, out, cap);
}

/* Sends one request and reads its reply; false when that fails or the reply is of another one. */
static bool
ask(struct talk *t, uint32_t opcode, uint32_t flags, onym_span body)
{
    size_t have = 0;
    struct onym_frame frame;
    struct onym_message m = request_of(opcode, flags, t->session, ++t->request_id, body);

    t->reply = (struct onym_message){.body = {0}}; /* of this request, not of the one before */
    t->out_len = write_message(&m, t->out, sizeof t->out);
    if (t->out_len == 0 || send(t->fd, t->out, t->out_len, MSG_NOSIGNAL) != (ssize_t)t->out_len) {
        return false;
    }
    do {
        ssize_t got = recv(t->fd, t->in + have, sizeof t->in - have, 0);

        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
        frame = onym_frame_cut(onym_span_of(t->in, have));
    } while (frame.verdict == ONYM_FRAME_MORE && frame.need <= sizeof t->in);
    return frame.verdict == ONYM_FRAME_MESSAGE &&
           onym_message_cut(&frame.envelope, frame.message, &t->reply) == ONYM_OK &&
           frame.envelope.request_id == t->request_id;
}

/* Answers the challenge in t->reply. */
static bool
prove(struct talk *t, onym_span user, uint32_t index, onym_span secret, struct onym_rng *rng)
{
    static const size_t digest_len[] = {0, 16, 20, 32};
    struct onym_challenged about = {.user = user, .version = ONYM_BENCH_LOGIN_VERSION};
    struct onym_challenge challenge;
    struct onym_challenge_answer answer = {
        .type = onym_span_text("HS_SECKEY"), .user = user, .index = index};
    onym_span body = t->reply.body;
    uint8_t proof[ONYM_SECRET_ANSWER_LEN_MAX], out[1024];
    size_t len, kind = body.len > 0 ? body.at[0] : 0;

    if (kind < 1 || kind > 3 || body.len < 1 + digest_len[kind]) {
        return false;
    }
    about.digest = onym_span_of(body.at + 1, digest_len[kind]);
    body = onym_span_of(body.at + 1 + digest_len[kind], body.len - 1 - digest_len[kind]);
    if (onym_challenge_decode(&body, ONYM_BENCH_LOGIN_VERSION, &challenge) != ONYM_OK) {
        return false;
    }
    about.nonce = challenge.nonce;
    if (onym_secret_answer_make(secret, &about, rng, proof, sizeof proof, &len) != ONYM_OK) {
        return false;
    }
    answer.answer = onym_span_of(proof, len);
    return onym_challenge_answer_encode(&answer, out, sizeof out, &len) == ONYM_OK &&
           ask(t, ONYM_OP_CHALLENGE_ANSWER, USUAL_FLAGS, onym_span_of(out, len)) &&
           t->reply.header.response_code == CODE_OK;
}

static bool
login(struct talk *t, onym_span user, uint32_t index, onym_span secret, struct onym_rng *rng)
{
    uint8_t room[256];
    struct onym_writer w = onym_writer_over(room, sizeof room);

    onym_writer_counted(&w, onym_span_text("/"));
    if (!ask(t, ONYM_OP_SITE_INFO, USUAL_FLAGS, onym_writer_written(&w)) ||
        t->reply.header.response_code != CODE_OK) {
        return false;
    }
    w = onym_writer_over(room, sizeof room);
    onym_writer_counted(&w, user);
    onym_writer_u32(&w, index);
    return w.status == ONYM_OK && ask(t, ONYM_OP_KEY_LOGIN, LOGIN_FLAGS, onym_writer_written(&w)) &&
           t->reply.header.response_code == CODE_AUTH_NEEDED && prove(t, user, index, secret, rng);
}

/* Says why a login came to nothing; EACCES when it was refused, else it was not answered. */
static int
tell_failure(uint32_t code, const char *user, uint32_t index)
{
    if (code <= CODE_OK) {
        (void)fprintf(stderr,
                      "onymbench: login as %" PRIu32 ":%s: the server is silent, hung up, or does "
                      "not speak the Handle protocol\n",
                      index, user);
        return ETIMEDOUT;
    }
    (void)fprintf(stderr,
                  "onymbench: login as %" PRIu32 ":%s failed: response code %" PRIu32 ", %s\n",
                  index, user, code, onym_status_text(onym_status_from_wire(code)));
    return EACCES;
}

int
onym_bench_login_open(const struct sockaddr *to, socklen_t to_len, const char *user, uint32_t index,
                      const char *secret, uint32_t session, struct onym_rng *rng)
{
    const struct timeval patience = {.tv_sec = 10};
    const int yes = 1;
    struct talk t = {.session = session};

    t.fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t.fd < 0 || connect(t.fd, to, to_len) != 0) {
        (void)fprintf(stderr, "onymbench: cannot connect to log in: %s\n", strerror(errno));
    } else {
        (void)setsockopt(t.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        (void)setsockopt(t.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (login(&t, onym_span_text(user), index, onym_span_text(secret), rng)) {
            return t.fd;
        }
        errno = tell_failure(t.reply.header.response_code, user, index);
    }
    if (t.fd >= 0) {
        int why = errno;

        (void)close(t.fd);
        errno = why;
    }
    return -1;
}
