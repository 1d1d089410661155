#include "lib/tcp_echo.h"

#include "base/require.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define READ_BYTES 65536U
#define ID_AT      8U
#define ID_LEN     4U

struct echo {
    uv_tcp_t listener;
    size_t request_bytes, answer_bytes;
    char in[READ_BYTES];
    char *out; /* the answers to one read */
};

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    struct echo *echo;
    size_t have;     /* bytes of the request that is coming */
    char id[ID_LEN]; /* of it, as far as it has come */
    char *rest;      /* what the socket has not taken yet, or NULL */
};

static void
on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;

    free(c->rest);
    free(c);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct connection *c = handle->data;

    (void)suggested;
    *buf = uv_buf_init(c->echo->in, sizeof c->echo->in);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);

static void
on_written(uv_write_t *write, int status)
{
    struct connection *c = write->data;

    free(c->rest);
    c->rest = NULL;
    if (status != 0 || uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        if (!uv_is_closing((uv_handle_t *)&c->tcp)) {
            uv_close((uv_handle_t *)&c->tcp, on_closed);
        }
    }
}

static void
send_answers(struct connection *c, size_t len)
{
    uv_stream_t *stream = (uv_stream_t *)&c->tcp;
    uv_buf_t buf = uv_buf_init(c->echo->out, (unsigned)len);
    int done = uv_try_write(stream, &buf, 1);

    if (done == UV_EAGAIN) {
        done = 0;
    }
    if (done < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
    } else if ((size_t)done < len) {
        size_t left = len - (size_t)done;
        c->rest = malloc(left);
        ONYM_REQUIRE(c->rest != NULL);
        memcpy(c->rest, c->echo->out + done, left);
        buf = uv_buf_init(c->rest, (unsigned)left);
        c->write.data = c;
        (void)uv_read_stop(stream);
        (void)uv_write(&c->write, stream, &buf, 1, on_written);
    }
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    struct echo *e = c->echo;
    size_t len = 0;

    if (got < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    for (size_t at = 0; at < (size_t)got;) {
        size_t part = e->request_bytes - c->have;
        part = part < (size_t)got - at ? part : (size_t)got - at;
        for (size_t i = c->have < ID_AT ? ID_AT : c->have; i < ID_AT + ID_LEN && i < c->have + part;
             i++) {
            c->id[i - ID_AT] = buf->base[at + i - c->have];
        }
        c->have += part;
        at += part;
        if (c->have == e->request_bytes) {
            memcpy(e->out + len + ID_AT, c->id, ID_LEN);
            len += e->answer_bytes;
            c->have = 0;
        }
    }
    if (len > 0) {
        send_answers(c, len);
    }
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct echo *e = listener->data;
    struct connection *c = calloc(1, sizeof *c);

    ONYM_REQUIRE(c != NULL);
    c->echo = e;
    if (status != 0 || uv_tcp_init(listener->loop, &c->tcp) != 0) {
        free(c);
        return;
    }
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || uv_tcp_nodelay(&c->tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    }
}

int
bench_tcp_echo_serve(const struct sockaddr_in *address, size_t request_bytes, size_t answer_bytes)
{
    struct echo *e = calloc(1, sizeof *e);
    uv_loop_t loop;
    int error;

    ONYM_REQUIRE(e != NULL);
    e->request_bytes = request_bytes;
    e->answer_bytes = answer_bytes;
    e->out = calloc(READ_BYTES / request_bytes + 1, answer_bytes);
    ONYM_REQUIRE(e->out != NULL && uv_loop_init(&loop) == 0);
    e->listener.data = e;
    error = uv_tcp_init(&loop, &e->listener);
    error = error != 0 ? error : uv_tcp_bind(&e->listener, (const struct sockaddr *)address, 0);
    error = error != 0 ? error : uv_listen((uv_stream_t *)&e->listener, 4096, on_connection);
    error = error != 0 ? error : uv_run(&loop, UV_RUN_DEFAULT);
    fprintf(stderr, "echo: %s\n", uv_strerror(error));
    free(e->out);
    free(e);
    return 1;
}
