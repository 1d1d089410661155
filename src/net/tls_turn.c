#include "net/tls_priv.h"

static void
leave(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;

    *(c->before != NULL ? &c->before->behind : &tls->first_waiting) = c->behind;
    *(c->behind != NULL ? &c->behind->before : &tls->last_waiting) = c->before;
    c->before = c->behind = NULL;
    c->waits = false;
}

/* At the front of the next turn; while it is active the loop does not wait for events. */
static void
on_turn(uv_idle_t *turn)
{
    struct onym_tls *tls = turn->data;

    if (tls->shaken == 0) {
        (void)uv_idle_stop(turn);
    }
    tls->shaken = 0;
    while (tls->first_waiting != NULL && tls->shaken < ONYM_TLS_SHAKES_TURN) {
        struct onym_tls_connection *c = tls->first_waiting;

        leave(c);
        onym_tcp_release(c->tcp);
    }
}

void
onym_tls_turn_open(struct onym_tls *tls)
{
    tls->turn.data = tls;
    (void)uv_idle_init(tls->loop, &tls->turn); /* cannot fail */
}

void
onym_tls_turn_close(struct onym_tls *tls)
{
    while (tls->first_waiting != NULL) {
        onym_tcp_drop(tls->first_waiting->tcp, ONYM_TCP_BY_STOP);
    }
    if (!uv_is_closing((uv_handle_t *)&tls->turn)) {
        uv_close((uv_handle_t *)&tls->turn, NULL);
    }
}

bool
onym_tls_turn_take(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;

    if (tls->stopping) {
        return true; /* there are no turns any more */
    }
    if (tls->shaken < ONYM_TLS_SHAKES_TURN) {
        tls->shaken++;
        (void)uv_idle_start(&tls->turn, on_turn); /* nothing when it is active */
        return true;
    }
    c->waits = true;
    c->before = tls->last_waiting;
    *(c->before != NULL ? &c->before->behind : &tls->first_waiting) = c;
    tls->last_waiting = c;
    onym_tcp_hold(c->tcp);
    return false;
}

void
onym_tls_turn_leave(struct onym_tls_connection *c)
{
    if (c->waits) {
        leave(c);
    }
}

/* OpenSSL tells of messages behind a handshake as of steps of one. */
static void
on_info(const SSL *ssl, int where, int how)
{
    struct onym_tls_connection *c = BIO_get_data(SSL_get_rbio(ssl));
    uint64_t now = uv_now(c->tls->loop);

    (void)how;
    if ((where & SSL_CB_LOOP) == 0 || !c->established) {
        return;
    }
    if (now - c->rekeyed_ms >= 1000) {
        c->rekeyed_ms = now;
        c->rekeys = 0;
    }
    if (++c->rekeys > ONYM_TLS_REKEYS_MAX) {
        c->restless = true;
        c->tls->in = onym_span_of(NULL, 0);
    }
}

void
onym_tls_turn_watch(struct onym_tls_connection *c)
{
    SSL_set_info_callback(c->ssl, on_info);
}
