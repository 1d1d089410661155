#include "server/web_priv.h"

#include "base/clock.h"
#include "net/address.h"
#include "server/streams.h"
#include "server/web_control.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* What a connection of the transport leads to. */
struct link {
    struct onym_http_seat seat; /* first: a ticket leads to its link */
    struct onym_web_door *door;
    void *connection;                  /* of the carrier; not to be touched when gone */
    struct onym_http_connection *http; /* NULL between requests */
    struct onym_http_caller caller;
    uint64_t noted; /* bytes of the request that were seen as life; 0 before the first */
    bool busy;      /* inside a call: who closes it leaves the freeing to that */
    bool gone;
    uint8_t key[ONYM_HTTP_KEY_LEN];
    char address[INET6_ADDRSTRLEN];
};

_Static_assert(sizeof(struct link *) <= ONYM_TCP_STATE_LEN, "kept in the connection");

static struct link **
state_of(const struct onym_web_door *door, void *connection)
{
    return door->carrier->state(connection);
}

/* ---- links ---- */

static void
drop_http(struct link *l)
{
    struct onym_web *web = l->door->web;

    if (l->http == NULL) {
        return;
    }
    onym_http_connection_deinit(l->http, &web->service);
    if (web->spare == NULL) {
        web->spare = l->http;
    } else {
        free(l->http);
    }
    l->http = NULL;
}

static void
free_link(struct link *l)
{
    drop_http(l);
    free(l);
}

static struct link *
make_link(struct onym_web_door *door, void *connection)
{
    struct link *l = calloc(1, sizeof *l);
    struct sockaddr_storage peer;
    onym_span bytes;

    if (l == NULL) {
        return NULL;
    }
    door->carrier->peer(connection, &peer);
    bytes = onym_address_bytes((const struct sockaddr *)&peer);
    l->door = door;
    l->connection = connection;
    l->seat.peer_len = (uint8_t)bytes.len;
    memcpy(l->seat.peer, bytes.at, bytes.len);
    (void)inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.at, l->address, sizeof l->address);
    l->caller = (struct onym_http_caller){.tls = door->listener == ONYM_LISTENER_HTTPS,
                                          .address = onym_span_text(l->address),
                                          .ticket = (uint64_t)(uintptr_t)&l->seat};
    if (door->listener == ONYM_LISTENER_CONTROL) {
        l->seat.peer_len = 0;
        onym_web_control_caller(connection, &l->caller);
    } else if (l->caller.tls) {
        struct onym_tls_peer client;

        l->seat.tls = connection;
        onym_tls_peer_of(connection, &client);
        if (client.present) {
            memcpy(l->key, client.key_sha256, sizeof l->key);
            l->caller.client_key = onym_span_of(l->key, sizeof l->key);
        }
    }
    *state_of(door, connection) = l;
    return l;
}

static bool
make_http(struct link *l)
{
    struct onym_web *web = l->door->web;

    if (l->http == NULL) {
        l->http = web->spare != NULL ? web->spare : malloc(sizeof *l->http);
        web->spare = NULL;
        if (l->http != NULL) {
            onym_http_connection_init(l->http, &l->caller);
        }
    }
    return l->http != NULL;
}

void
onym_web_closed(const struct onym_web_door *door, void *connection)
{
    struct link *l = *state_of(door, connection);

    if (l == NULL) {
        return;
    }
    *state_of(door, connection) = NULL;
    onym_http_seat_end(&l->seat);
    l->gone = true;
    if (!l->busy) {
        free_link(l);
    }
}

/* ---- answers ---- */

static void
count(const struct onym_web_door *door, const struct onym_http_reply *reply, uint64_t began_ns)
{
    struct onym_counters *counters = door->web->counters;

    onym_counter_add(&counters->http_requests[door->listener][reply->status / 100], 1);
    if (reply->is_resolution) {
        onym_counter_add(&counters->requests[door->by][reply->outcome], 1);
        onym_histogram_record(&counters->resolve_ns[door->by], onym_clock_monotonic_ns() - began_ns,
                              1);
    }
}

static void
send_answer(struct link *l, const struct onym_http_reply *reply)
{
    const struct onym_carrier *carrier = l->door->carrier;
    struct iovec part;

    (void)onym_streams_iovecs(&reply->bytes, 1, &part);
    carrier->send(l->connection, onym_span_of(NULL, 0), &part, 1);
    if (!l->gone) {
        carrier->flush(l->connection); /* the next answer uses the same buffer */
    }
}

/* A request begins, or its body keeps a pace. */
static void
note_life(struct link *l)
{
    uint64_t taken = onym_http_progress(l->http).taken;

    if (taken > 0 && (l->noted == 0 || taken - l->noted >= ONYM_WEB_PACE)) {
        l->noted = taken;
        l->door->carrier->touch(l->connection);
    }
}

/* Does what the machine said. */
static void
act(struct link *l, enum onym_http_verdict verdict, uint64_t began_ns)
{
    const struct onym_carrier *carrier = l->door->carrier;
    const struct onym_http_reply *reply = &l->door->web->reply;

    if (verdict == ONYM_HTTP_PENDING) {
        carrier->hold(l->connection);
        return;
    }
    if (verdict == ONYM_HTTP_MORE) {
        note_life(l);
        return;
    }
    send_answer(l, reply);
    if (reply->status == 100) {
        return; /* the answer itself comes later */
    }
    count(l->door, reply, began_ns);
    l->noted = 0;
    if (l->gone) {
        return;
    }
    carrier->touch(l->connection);
    if (verdict == ONYM_HTTP_CLOSE) {
        carrier->finish(l->connection);
    }
}

/* Feeds input until it is used up, or an answer has to be waited for. */
static void
feed(struct link *l, onym_span *input)
{
    struct onym_web *web = l->door->web;
    enum onym_http_verdict verdict = ONYM_HTTP_MORE;

    do {
        uint64_t began_ns = onym_clock_monotonic_ns();

        if (l->door->carrier->congested(l->connection)) {
            return;
        }
        if (!make_http(l)) {
            l->door->carrier->finish(l->connection);
            return;
        }
        verdict = onym_http_feed(l->http, &web->service, input, onym_clock_epoch_ms(), &web->reply);
        act(l, verdict, began_ns);
    } while (verdict == ONYM_HTTP_REPLY && (input->len > 0 || web->reply.status == 100) &&
             !l->gone);
    if (!l->gone && onym_http_progress(l->http).stage == ONYM_HTTP_IDLE) {
        drop_http(l);
    }
}

static bool
renew_view(struct onym_web *web)
{
    if (onym_view_renew(web->view) == ONYM_OK) {
        return true;
    }
    onym_counter_add(&web->counters->store_errors, 1);
    return false;
}

size_t
onym_web_bytes(struct onym_web_door *door, void *connection, onym_span bytes)
{
    struct link *l = *state_of(door, connection);
    onym_span left = bytes;

    if (bytes.len == 0 && (l == NULL || l->seat.flight == NULL)) {
        return 0;
    }
    if (l == NULL) {
        l = make_link(door, connection);
    }
    if (l == NULL || !renew_view(door->web)) {
        door->carrier->finish(connection);
        return bytes.len;
    }
    l->busy = true;
    feed(l, &left);
    l->busy = false;
    onym_view_release(door->web->view);
    if (l->gone) {
        free_link(l);
    }
    return bytes.len - left.len;
}

/* ---- later answers ---- */

/* The seat is the first member. */
static struct link *
link_of(struct onym_http_seat *seat)
{
    return (struct link *)(void *)seat;
}

/* What all kinds of answer come to: of login, result and job one is set, or none for a turn of
 * rows.
 */
static void
resume(struct link *l, const struct onym_http_login *login, const struct onym_http_result *result,
       struct onym_http_job *job)
{
    struct onym_web *web = l->door->web;
    const struct onym_carrier *carrier = l->door->carrier;
    void *connection = l->connection;
    uint64_t now_ms = onym_clock_epoch_ms();
    uint64_t began_ns = onym_clock_monotonic_ns();
    enum onym_http_verdict verdict = ONYM_HTTP_CLOSE;

    l->busy = true;
    if (renew_view(web)) {
        verdict = login != NULL
                      ? onym_http_login_done(l->http, &web->service, login, now_ms, &web->reply)
                  : result != NULL
                      ? onym_http_change_done(l->http, &web->service, result, now_ms, &web->reply)
                  : job != NULL
                      ? onym_http_job_done(l->http, &web->service, job, now_ms, &web->reply)
                      : onym_http_rows_turn(l->http, &web->service, now_ms, &web->reply);
        act(l, verdict, began_ns);
        while (verdict == ONYM_HTTP_REPLY && web->reply.status == 100 && !l->gone) {
            verdict = onym_http_rows_turn(l->http, &web->service, now_ms, &web->reply);
            act(l, verdict, began_ns);
        }
        onym_view_release(web->view);
    } else {
        carrier->finish(
            connection); /* a change stays in the log, where a repeated request finds it */
    }
    l->busy = false;
    if (l->gone) {
        free_link(l);
    } else if (verdict != ONYM_HTTP_PENDING) {
        if (onym_http_progress(l->http).stage == ONYM_HTTP_IDLE) {
            drop_http(l);
        }
        carrier->release(connection); /* what came meanwhile is read now */
    }
}

static void
login_done(void *of, struct onym_http_seat *seat, const struct onym_http_login *login)
{
    (void)of;
    resume(link_of(seat), login, NULL, NULL);
}

static void
change_done(void *of, struct onym_http_seat *seat, const struct onym_http_result *result)
{
    (void)of;
    resume(link_of(seat), NULL, result, NULL);
}

static void
job_done(void *of, struct onym_http_seat *seat, struct onym_http_job *job)
{
    (void)of;
    resume(link_of(seat), NULL, NULL, job);
}

static void
row_done(void *of, struct onym_http_seat *seat, uint64_t row, const struct onym_http_result *result)
{
    (void)of;
    onym_http_row_done(link_of(seat)->http, row, result);
}

static void
rows_turn(void *of, struct onym_http_seat *seat)
{
    struct link *l = link_of(seat);

    (void)of;
    l->door->carrier->touch(l->connection);
    resume(l, NULL, NULL, NULL);
}

static void
rows_stop(void *of, struct onym_http_seat *seat)
{
    struct link *l = link_of(seat);

    l->door->carrier->hold(l->connection);
    onym_http_rows_stop(l->http);
    rows_turn(of, seat);
}

void
onym_web_committed(void *of, const struct onym_change_result *result)
{
    struct onym_web *web = of;

    onym_http_post_committed(&web->post, result);
}

void
onym_web_answer_with(struct onym_web *web)
{
    web->post.of = web;
    web->post.login_done = login_done;
    web->post.change_done = change_done;
    web->post.job_done = job_done;
    web->post.row_done = row_done;
    web->post.rows_turn = rows_turn;
    web->post.rows_stop = rows_stop;
}
