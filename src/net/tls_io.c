#include "net/tls_priv.h"

#include <openssl/err.h>
#include <stdlib.h>

#define KEPT_FIRST 1024U

/* ---- OpenSSL's view of the connection ---- */

static int
bio_read(BIO *bio, char *out, int len)
{
    struct onym_tls_connection *c = BIO_get_data(bio);
    struct onym_tls *tls = c->tls;
    size_t n = (size_t)len < tls->in.len ? (size_t)len : tls->in.len;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, tls->in.at, n);
    tls->in = onym_span_from(tls->in, n);
    return (int)n;
}

/* Writes what is encrypted. What is short is copied, so that it may leave at the end of the turn.
 */
static void
push(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;
    struct iovec all = {.iov_base = tls->out, .iov_len = tls->out_len};

    if (tls->out_len > 0 && !c->gone) {
        if (tls->out_len <= ONYM_TCP_ROOM_MAX) {
            memcpy(onym_tcp_room(c->tcp, tls->out_len), tls->out, tls->out_len);
        } else {
            onym_tcp_send(c->tcp, onym_span_of(NULL, 0), &all, 1);
        }
        onym_tcp_flush(c->tcp);
    }
    tls->out_len = 0;
}

static int
bio_write(BIO *bio, const char *bytes, int len)
{
    struct onym_tls_connection *c = BIO_get_data(bio);
    struct onym_tls *tls = c->tls;
    size_t done = 0;

    BIO_clear_retry_flags(bio);
    while (done < (size_t)len) {
        size_t n = (size_t)len - done;
        size_t room = ONYM_TLS_OUT_LEN - tls->out_len;

        if (room == 0) {
            push(c);
            continue;
        }
        n = n < room ? n : room;
        memcpy(tls->out + tls->out_len, bytes + done, n);
        tls->out_len += n;
        done += n;
    }
    return len;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *
onym_tls_bio_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "onym");

    if (method != NULL &&
        (BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_write(method, bio_write) != 1 ||
         BIO_meth_set_ctrl(method, bio_control) != 1)) {
        BIO_meth_free(method);
        method = NULL;
    }
    return method;
}

/* SSL_get_error believes what the thread's queue of errors holds, so it is empty before a call;
 * emptying it is dear, and it nearly always is empty. */
static void
begin_call(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* ---- sending ---- */

/* Encrypts what is gathered, into one record. */
static void
seal(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;
    size_t written = 0;

    if (tls->plain_len > 0 && c->ssl != NULL && !c->finished && !c->gone) {
        begin_call();
        if (SSL_write_ex(c->ssl, tls->plain, tls->plain_len, &written) != 1) {
            ERR_clear_error();
            c->finished = true;
            onym_tcp_drop(c->tcp, ONYM_TCP_BY_ERROR);
        }
    }
    tls->plain_len = 0;
}

static void
send_bytes(struct onym_tls_connection *c, onym_span bytes)
{
    struct onym_tls *tls = c->tls;

    while (bytes.len > 0) {
        size_t room = ONYM_TLS_RECORD_LEN - tls->plain_len;
        size_t n = bytes.len < room ? bytes.len : room;

        memcpy(tls->plain + tls->plain_len, bytes.at, n);
        tls->plain_len += n;
        bytes = onym_span_from(bytes, n);
        if (tls->plain_len == ONYM_TLS_RECORD_LEN) {
            seal(c);
        }
    }
}

/* Between enter and leave the connection's memory stays, whatever is closed meanwhile. What is
 * gathered lies in memory that all connections use: of one that is gone nothing may stay there, or
 * it goes to the next. */
static bool
enter(struct onym_tls_connection *c)
{
    bool outer = !c->busy;

    c->busy = true;
    return outer;
}

static void
leave(struct onym_tls_connection *c, bool outer)
{
    if (outer) {
        c->busy = false;
        if (c->gone) {
            c->tls->plain_len = 0;
            c->tls->out_len = 0;
            onym_tls_bury(c);
        }
    }
}

void
onym_tls_send(struct onym_tls_connection *c, onym_span front, const struct iovec *parts,
              size_t count)
{
    bool outer = enter(c);

    send_bytes(c, front);
    for (size_t i = 0; i < count; i++) {
        send_bytes(c, onym_span_of(parts[i].iov_base, parts[i].iov_len));
    }
    leave(c, outer);
}

void
onym_tls_flush(struct onym_tls_connection *c)
{
    bool outer = enter(c);

    seal(c);
    push(c);
    leave(c, outer);
}

/* Says close_notify, once, if the handshake was done. */
static void
say_goodbye(struct onym_tls_connection *c)
{
    if (c->established && !c->finished && !c->gone) {
        begin_call();
        (void)SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
    c->finished = true;
    push(c);
}

void
onym_tls_finish(struct onym_tls_connection *c)
{
    bool outer = enter(c);

    seal(c);
    say_goodbye(c);
    if (!c->gone) {
        onym_tcp_finish(c->tcp);
    }
    leave(c, outer);
}

/* ---- receiving ---- */

/* Keeps plain bytes that the protocol did not use. False when the memory for it is used up. */
static bool
keep(struct onym_tls_connection *c, onym_span bytes)
{
    struct onym_tls *tls = c->tls;
    size_t cap = c->kept_cap > 0 ? c->kept_cap : KEPT_FIRST;
    uint8_t *grown;

    while (cap < c->kept_len + bytes.len) {
        cap *= 2;
    }
    if (cap != c->kept_cap) {
        c->source = onym_tcp_source(c->tcp);
        if (!onym_kept_take(&tls->kept, c->source, cap - c->kept_cap)) {
            return false;
        }
        grown = realloc(c->kept, cap);
        if (grown == NULL) {
            onym_kept_give(&tls->kept, c->source, cap - c->kept_cap);
            return false;
        }
        c->kept = grown;
        c->kept_cap = cap;
    }
    memcpy(c->kept + c->kept_len, bytes.at, bytes.len);
    c->kept_len += bytes.len;
    return true;
}

static void
drop_kept_front(struct onym_tls_connection *c, size_t used)
{
    c->kept_len -= used;
    if (c->kept_len == 0) {
        onym_kept_give(&c->tls->kept, c->source, c->kept_cap);
        free(c->kept);
        c->kept = NULL;
        c->kept_cap = 0;
    } else if (used > 0) {
        memmove(c->kept, c->kept + used, c->kept_len);
    }
}

/* Hands all unused plain bytes to the protocol and keeps what it leaves. */
static void
deliver(struct onym_tls_connection *c, onym_span fresh)
{
    struct onym_tls *tls = c->tls;
    bool was_kept = c->kept_len > 0;
    bool enough = true;
    size_t used;

    if (was_kept && fresh.len > 0) {
        enough = keep(c, fresh);
    }
    if (enough) {
        used = tls->handlers.bytes(tls->user, c,
                                   was_kept ? onym_span_of(c->kept, c->kept_len) : fresh);
        c->stalled = onym_tls_congested(c);
        if (c->gone || c->finished) {
            return;
        }
        if (was_kept) {
            drop_kept_front(c, used);
        } else if (used < fresh.len) {
            enough = keep(c, onym_span_from(fresh, used));
        }
    }
    if (!enough) {
        onym_tcp_drop(c->tcp, ONYM_TCP_BY_LIMIT);
    }
}

/* The peer is done, or not to be talked to: what is encrypted, an alert perhaps, still goes out. */
static void
end(struct onym_tls_connection *c, bool properly)
{
    if (properly) {
        say_goodbye(c);
    }
    c->finished = true;
    push(c);
    if (c->gone) {
        return;
    }
    if (properly) {
        onym_tcp_peer_ended(c->tcp);
    } else {
        onym_tcp_finish(c->tcp);
    }
}

static void
shake_hands(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;
    int done;

    begin_call();
    done = SSL_do_handshake(c->ssl);
    if (done != 1) {
        if (SSL_get_error(c->ssl, done) != SSL_ERROR_WANT_READ) {
            tls->stats.handshakes[ONYM_TLS_FAILED]++;
            tls->stats.last_failure = ERR_reason_error_string(ERR_peek_error());
            ERR_clear_error();
            end(c, false);
        }
        return;
    }
    c->established = true;
    tls->stats.handshakes[SSL_session_reused(c->ssl) != 0 ? ONYM_TLS_RESUMED : ONYM_TLS_FULL]++;
    tls->stats.versions[SSL_version(c->ssl) == TLS1_3_VERSION ? ONYM_TLS_1_3 : ONYM_TLS_1_2]++;
    onym_tls_relink(c, &tls->open);
    onym_tcp_touch(c->tcp);
}

/* Decrypts as many records as fit and hands them over, until none is left. */
static void
read_records(struct onym_tls_connection *c)
{
    struct onym_tls *tls = c->tls;

    while (tls->in.len > 0 && !onym_tls_congested(c)) {
        size_t got = 0;
        int error = SSL_ERROR_NONE;

        while (tls->in.len > 0 && got + ONYM_TLS_RECORD_LEN <= ONYM_TLS_IN_LEN) {
            size_t n = 0;

            begin_call();
            if (SSL_read_ex(c->ssl, tls->clear + got, ONYM_TLS_IN_LEN - got, &n) != 1) {
                error = SSL_get_error(c->ssl, 0);
                break;
            }
            got += n;
        }
        if (got > 0) {
            deliver(c, onym_span_of(tls->clear, got));
        }
        if (c->gone || c->finished) {
            return;
        }
        if (c->restless) {
            ERR_clear_error();
            seal(c);
            end(c, false);
            return;
        }
        if (error == SSL_ERROR_ZERO_RETURN && c->stalled) {
            c->peer_ended = true; /* what it asked before is answered first */
            return;
        }
        if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
            ERR_clear_error();
            seal(c);
            end(c, error == SSL_ERROR_ZERO_RETURN);
            return;
        }
    }
}

/* Bytes of the whole records at the front. What is no record is all given to OpenSSL, which knows
 * what to say about it. */
static size_t
whole_records(onym_span bytes)
{
    size_t whole = 0;

    while (bytes.len - whole >= SSL3_RT_HEADER_LENGTH) {
        const uint8_t *at = bytes.at + whole;
        size_t len = (size_t)at[3] << 8 | at[4];

        if (at[0] < SSL3_RT_CHANGE_CIPHER_SPEC || at[0] > SSL3_RT_APPLICATION_DATA ||
            at[1] != SSL3_VERSION_MAJOR || len > ONYM_TLS_RECORD_LEN + ONYM_TLS_EXPANSION) {
            return bytes.len;
        }
        if (len > bytes.len - whole - SSL3_RT_HEADER_LENGTH) {
            break;
        }
        whole += SSL3_RT_HEADER_LENGTH + len;
    }
    return whole;
}

static bool
begin(struct onym_tls_connection *c)
{
    SSL_CTX *context = onym_tls_context_take(c->tls->context);
    BIO *bio = BIO_new(c->tls->bio);

    c->ssl = SSL_new(context);
    SSL_CTX_free(context); /* the connection has its own reference */
    if (bio == NULL || c->ssl == NULL) {
        BIO_free(bio);
        ERR_clear_error();
        return false;
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_accept_state(c->ssl);
    onym_tls_turn_watch(c);
    return true;
}

size_t
onym_tls_feed(void *user, struct onym_tcp_connection *tcp, onym_span bytes)
{
    struct onym_tls *tls = user;
    struct onym_tls_connection *c = *(struct onym_tls_connection **)onym_tcp_state(tcp);
    size_t whole = whole_records(bytes);
    size_t used;
    bool outer;

    if (c->finished) {
        return bytes.len;
    }
    if (whole == 0 && !c->stalled) {
        return 0;
    }
    if (!c->established && !onym_tls_turn_take(c)) {
        return 0;
    }
    if (c->ssl == NULL && !begin(c)) {
        onym_tcp_finish(tcp);
        return bytes.len;
    }
    outer = enter(c);
    tls->in = onym_span_front(bytes, whole);
    if (!c->established) {
        shake_hands(c);
    }
    if (c->established && c->stalled && !onym_tls_congested(c)) {
        deliver(c, onym_span_of(NULL, 0));
    }
    if (c->established && !c->finished && !c->gone && !c->peer_ended) {
        read_records(c);
    }
    if (c->peer_ended && !c->stalled && !c->finished && !c->gone) {
        seal(c);
        end(c, true);
    }
    used = c->finished || c->peer_ended ? bytes.len : whole - tls->in.len;
    tls->in = onym_span_of(NULL, 0);
    seal(c);
    push(c);
    leave(c, outer);
    return used;
}
