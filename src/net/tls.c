#include "net/tls_priv.h"

#include "net/tls_cert.h"

#include <openssl/err.h>
#include <stdlib.h>

#define TICK_MS 500U

_Static_assert(sizeof(void *) <= ONYM_TCP_STATE_LEN, "a connection is the state of its TCP");

void
onym_tls_relink(struct onym_tls_connection *c, struct onym_tls_list *list)
{
    if (c->list != NULL) {
        *(c->newer != NULL ? &c->newer->older : &c->list->newest) = c->older;
        *(c->older != NULL ? &c->older->newer : &c->list->oldest) = c->newer;
        c->newer = c->older = NULL;
    }
    c->list = list;
    if (list != NULL) {
        c->older = list->newest;
        *(c->older != NULL ? &c->older->newer : &list->oldest) = c;
        list->newest = c;
    }
}

/* What a protocol may still hold is the connection itself, for this turn of the loop. */
void
onym_tls_bury(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;

    if (c->buried) {
        return;
    }
    c->buried = true;
    SSL_free(c->ssl);
    c->ssl = NULL;
    onym_kept_give(&tls->kept, c->source, c->kept_cap);
    free(c->kept);
    c->kept = NULL;
    c->kept_len = c->kept_cap = 0;
    c->older = tls->dead;
    tls->dead = c;
}

static void
forget_dead(struct onym_tls *tls)
{
    while (tls->dead != NULL) {
        struct onym_tls_connection *c = tls->dead;

        tls->dead = c->older;
        free(c);
    }
}

static void
on_opened(void *user, struct onym_tcp_connection *tcp)
{
    struct onym_tls *tls = user;
    struct onym_tls_connection *c = calloc(1, sizeof *c);

    if (c == NULL) {
        onym_tcp_drop(tcp, ONYM_TCP_BY_LIMIT);
        return;
    }
    c->tls = tls;
    c->tcp = tcp;
    c->began_ms = uv_now(tls->loop);
    *(struct onym_tls_connection **)onym_tcp_state(tcp) = c;
    onym_tls_relink(c, &tls->handshaking);
}

static void
on_closed(void *user, struct onym_tcp_connection *tcp)
{
    struct onym_tls *tls = user;
    struct onym_tls_connection *c = *(struct onym_tls_connection **)onym_tcp_state(tcp);

    if (c == NULL) {
        return;
    }
    if (!c->established && !c->finished && c->ssl != NULL) {
        tls->stats.handshakes[ONYM_TLS_FAILED]++;
    }
    c->gone = true;
    onym_tls_relink(c, NULL);
    onym_tls_turn_leave(c);
    if (c->established && tls->handlers.closed != NULL) {
        tls->handlers.closed(tls->user, c);
    }
    if (c->busy) {
        tls->in = onym_span_of(NULL, 0); /* it lies in memory of the TCP connection */
    } else {
        onym_tls_bury(c);
    }
}

static void
on_tick(uv_timer_t *timer)
{
    struct onym_tls *tls = timer->data;
    uint64_t now = uv_now(tls->loop);
    struct onym_tls_connection *c;

    forget_dead(tls);
    while ((c = tls->handshaking.oldest) != NULL && now - c->began_ms >= ONYM_TLS_HANDSHAKE_MS) {
        if (!c->finished) {
            tls->stats.handshakes[ONYM_TLS_EXPIRED]++;
            c->finished = true; /* counted */
        }
        onym_tcp_drop(c->tcp, ONYM_TCP_BY_IDLENESS);
    }
}

enum onym_status
onym_tls_new(uv_loop_t *loop, const struct onym_tls_handlers *handlers, void *user,
             const struct onym_tcp_limits *limits, struct onym_tls_context *context,
             struct onym_tls **out)
{
    static const struct onym_tcp_handlers below = {.opened = on_opened,
                                                   .bytes = onym_tls_feed,
                                                   .closed = on_closed,
                                                   .keeps_input = true,
                                                   .in_turns = true,
                                                   .answers_wait = true};
    struct onym_tls *tls = calloc(1, sizeof *tls);
    enum onym_status status;

    if (tls == NULL) {
        return ONYM_NO_MEMORY;
    }
    tls->loop = loop;
    tls->handlers = *handlers;
    tls->user = user;
    tls->context = context;
    tls->kept.max = limits->kept_bytes;
    tls->kept.seed = limits->seed;
    tls->timer.data = tls;
    tls->bio = onym_tls_bio_new();
    status = tls->bio != NULL ? onym_tcp_new(loop, &below, tls, limits, &tls->tcp) : ONYM_NO_MEMORY;
    if (status == ONYM_OK && uv_timer_init(loop, &tls->timer) != 0) {
        onym_tcp_abort(tls->tcp);
        (void)uv_run(loop, UV_RUN_NOWAIT);
        onym_tcp_free(tls->tcp);
        status = ONYM_IO;
    }
    if (status != ONYM_OK) {
        BIO_meth_free(tls->bio);
        free(tls);
        return status;
    }
    (void)uv_timer_start(&tls->timer, on_tick, TICK_MS, TICK_MS);
    onym_tls_turn_open(tls);
    *out = tls;
    return ONYM_OK;
}

enum onym_status
onym_tls_listen(struct onym_tls *tls, const struct sockaddr *address, struct onym_fault *fault)
{
    return onym_tcp_listen(tls->tcp, address, fault);
}

uint16_t
onym_tls_port(const struct onym_tls *tls, size_t index)
{
    return onym_tcp_port(tls->tcp, index);
}

bool
onym_tls_congested(const struct onym_tls_connection *c)
{
    return c->gone || c->finished || onym_tcp_congested(c->tcp);
}

void
onym_tls_hold(struct onym_tls_connection *c)
{
    if (!c->gone) {
        c->held = true;
        onym_tcp_hold(c->tcp);
    }
}

void
onym_tls_release(struct onym_tls_connection *c)
{
    if (c->gone) {
        return;
    }
    c->held = false;
    if (c->tls->stopping) {
        onym_tls_finish(c);
    }
    if (!c->gone) {
        onym_tcp_release(c->tcp);
    }
}

void
onym_tls_touch(struct onym_tls_connection *c)
{
    if (!c->gone) {
        onym_tcp_touch(c->tcp);
    }
}

void *
onym_tls_state(struct onym_tls_connection *c)
{
    return c->state;
}

void
onym_tls_address_of(const struct onym_tls_connection *c, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (!c->gone) {
        onym_tcp_peer(c->tcp, out);
    }
}

void
onym_tls_peer_of(const struct onym_tls_connection *c, struct onym_tls_peer *out)
{
    X509 *certificate = c->ssl != NULL ? SSL_get0_peer_certificate(c->ssl) : NULL;

    memset(out, 0, sizeof *out);
    if (certificate == NULL) {
        return;
    }
    out->present = true;
    out->trusted = SSL_get_verify_result(c->ssl) == X509_V_OK;
    onym_tls_certificate_key_sha256(certificate, out->key_sha256);
    onym_tls_certificate_subject(certificate, out->subject, sizeof out->subject);
    onym_tls_certificate_names(certificate, out->names, sizeof out->names);
}

const struct onym_tls_stats *
onym_tls_stats(const struct onym_tls *tls)
{
    return &tls->stats;
}

const struct onym_tcp_stats *
onym_tls_tcp_stats(const struct onym_tls *tls)
{
    return onym_tcp_stats(tls->tcp);
}

static void
stop_timer(struct onym_tls *tls)
{
    tls->stopping = true;
    if (!uv_is_closing((uv_handle_t *)&tls->timer)) {
        uv_close((uv_handle_t *)&tls->timer, NULL);
    }
    onym_tls_turn_close(tls);
}

void
onym_tls_stop(struct onym_tls *tls)
{
    struct onym_tls_connection *next;

    onym_tcp_turn(tls->tcp); /* what was read before the stop is answered */
    stop_timer(tls);
    for (struct onym_tls_connection *c = tls->open.oldest; c != NULL; c = next) {
        next = c->newer;
        if (!c->held) {
            onym_tls_finish(c);
        }
    }
    onym_tcp_stop(tls->tcp);
}

void
onym_tls_abort(struct onym_tls *tls)
{
    stop_timer(tls);
    onym_tcp_abort(tls->tcp);
}

void
onym_tls_free(struct onym_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    onym_tcp_free(tls->tcp);
    forget_dead(tls);
    BIO_meth_free(tls->bio);
    OPENSSL_cleanse(tls->plain, sizeof tls->plain);
    OPENSSL_cleanse(tls->clear, sizeof tls->clear);
    free(tls);
}
