#include "net/tcp_priv.h"

#include <stdlib.h>

_Static_assert(ONYM_TCP_FRONT_LEN <= ONYM_TCP_COPY_MAX, "a front is copied");
_Static_assert(ONYM_TCP_ROOM_MAX <= ONYM_TCP_COPY_LEN && ONYM_TCP_COPY_MAX <= ONYM_TCP_ROOM_MAX,
               "there is room after a flush");

/* A copy of what the kernel did not take at once. */
struct queued_write {
    uv_write_t request;
    size_t len;
    uint8_t bytes[];
};

static void
on_written(uv_write_t *request, int status)
{
    struct queued_write *w = request->data;
    struct onym_tcp_connection *c = (struct onym_tcp_connection *)request->handle->data;

    c->queued -= w->len;
    onym_kept_give(&c->tcp->kept, c->source, w->len);
    if (status == 0) {
        c->tcp->stats.bytes_out += w->len;
    }
    free(w);
    if (c->closing) {
        return;
    }
    if (status != 0) {
        onym_tcp_drop(c, ONYM_TCP_BY_ERROR);
    } else if (c->finishing && c->queued == 0) {
        onym_tcp_end(c);
    } else if (!c->finishing && !c->reading && !c->held && c->queued < ONYM_TCP_QUEUE_LOW) {
        onym_tcp_resume(c);
    }
}

/* Queues all of the pieces but the first `skip` of their bytes. */
static void
queue_rest(struct onym_tcp_connection *c, const uv_buf_t *piece, size_t count, size_t bytes,
           size_t skip)
{
    struct onym_tcp *tcp = c->tcp;
    size_t len = bytes - skip;
    struct queued_write *w;
    size_t at = 0;
    uv_buf_t buffer;

    if (!onym_kept_take(&tcp->kept, onym_tcp_source(c), len)) {
        onym_tcp_drop(c, ONYM_TCP_BY_LIMIT);
        return;
    }
    w = malloc(sizeof *w + len);
    if (w == NULL) {
        onym_kept_give(&tcp->kept, c->source, len);
        onym_tcp_drop(c, ONYM_TCP_BY_LIMIT);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t cut = skip < piece[i].len ? skip : piece[i].len;

        memcpy(w->bytes + at, piece[i].base + cut, piece[i].len - cut);
        at += piece[i].len - cut;
        skip -= cut;
    }
    w->len = len;
    w->request.data = w;
    buffer = uv_buf_init((char *)w->bytes, (unsigned)len);
    c->queued += len;
    if (uv_write(&w->request, (uv_stream_t *)&c->socket, &buffer, 1, on_written) != 0) {
        c->queued -= len;
        onym_kept_give(&tcp->kept, c->source, len);
        free(w);
        onym_tcp_drop(c, ONYM_TCP_BY_ERROR);
    }
}

static void
write_pieces(struct onym_tcp_connection *c, const uv_buf_t *piece, size_t count, size_t bytes)
{
    size_t written = 0;
    int n = c->queued > 0 ? UV_EAGAIN
                          : uv_try_write((uv_stream_t *)&c->socket, piece, (unsigned)count);

    if (n >= 0) {
        written = (size_t)n;
        c->tcp->stats.bytes_out += written;
    }
    if (n < 0 && n != UV_EAGAIN) {
        onym_tcp_drop(c, ONYM_TCP_BY_ERROR);
    } else if (written < bytes) {
        queue_rest(c, piece, count, bytes, written);
    }
}

void
onym_tcp_write_late(struct onym_tcp *tcp)
{
    while (tcp->late_written < tcp->late_count) {
        const struct onym_tcp_late *late = &tcp->late[tcp->late_written++];
        struct onym_tcp_connection *c = late->connection;

        c->late = false;
        c->queued -= late->piece.len;
        if (!c->closing) {
            write_pieces(c, &late->piece, 1, late->piece.len);
        }
    }
}

void
onym_tcp_settle(struct onym_tcp_connection *c)
{
    if (c->finishing && c->queued == 0) {
        onym_tcp_end(c);
    } else if (!c->finishing && c->reading && onym_tcp_congested(c)) {
        c->reading = false; /* told to the system when more comes: it often is over before */
    }
}

/* Everything that is to be written, now. */
static void
write_all(struct onym_tcp_connection *c)
{
    struct onym_tcp *tcp = c->tcp;

    onym_tcp_write_late(tcp);
    if (tcp->gathered > 0 && !c->closing) {
        write_pieces(c, tcp->gather, tcp->gathered, tcp->gathered_bytes);
    }
    tcp->gathered = 0;
    tcp->gathered_bytes = 0;
    tcp->copied = 0;
}

/* Leaves what is gathered to the end of the turn, where it can: it is one piece of copied bytes,
 * alone or behind those of the same connection. */
static bool
put_off(struct onym_tcp_connection *c)
{
    struct onym_tcp *tcp = c->tcp;
    const uv_buf_t *piece = &tcp->gather[0];
    struct onym_tcp_late *last = tcp->late_count > 0 ? &tcp->late[tcp->late_count - 1] : NULL;

    if (!tcp->in_turn || tcp->gathered != 1 || c->closing ||
        (uintptr_t)piece->base - (uintptr_t)tcp->copy >= ONYM_TCP_COPY_LEN) {
        return false;
    }
    if (c->late && last->connection == c && last->piece.base + last->piece.len == piece->base) {
        last->piece.len += piece->len;
    } else if (c->queued == 0 && tcp->late_count < ONYM_TCP_TURN_READS) {
        tcp->late[tcp->late_count++] = (struct onym_tcp_late){.connection = c, .piece = *piece};
        c->late = true;
    } else {
        return false;
    }
    c->queued += piece->len;
    tcp->gathered = 0;
    tcp->gathered_bytes = 0;
    return true;
}

void
onym_tcp_flush(struct onym_tcp_connection *c)
{
    if (c->tcp->gathered > 0 && !put_off(c)) {
        write_all(c);
    }
}

/* Writes what is gathered when a piece more would be too much, of which `copied` bytes are copied.
 */
static void
make_room(struct onym_tcp_connection *c, size_t copied)
{
    const struct onym_tcp *tcp = c->tcp;

    if (tcp->gathered == ONYM_TCP_GATHER_MAX || tcp->gathered_bytes > ONYM_TCP_GATHER_BYTES ||
        copied > ONYM_TCP_COPY_LEN - tcp->copied) {
        write_all(c);
    }
}

/* Adds a piece to the gathered write, or makes the last one longer. */
static void
add_piece(struct onym_tcp *tcp, const void *bytes, size_t len)
{
    uv_buf_t *last = tcp->gathered > 0 ? &tcp->gather[tcp->gathered - 1] : NULL;

    if (last != NULL && last->base + last->len == (const char *)bytes) {
        last->len += len;
    } else {
        /* uv_buf_t serves reading too, so its pointer cannot be const; nothing writes here */
        tcp->gather[tcp->gathered++] = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
    }
    tcp->gathered_bytes += len;
}

uint8_t *
onym_tcp_room(struct onym_tcp_connection *c, size_t len)
{
    struct onym_tcp *tcp = c->tcp;
    uint8_t *at;

    make_room(c, len);
    at = tcp->copy + tcp->copied;
    tcp->copied += len;
    add_piece(tcp, at, len);
    return at;
}

/* Short bytes are copied, so that many answers become one piece: the kernel's work for a piece is
 * dearer than copying a kilobyte. */
static void
gather(struct onym_tcp_connection *c, const void *bytes, size_t len)
{
    if (len <= ONYM_TCP_COPY_MAX) {
        memcpy(onym_tcp_room(c, len), bytes, len);
    } else {
        make_room(c, 0);
        add_piece(c->tcp, bytes, len);
    }
}

void
onym_tcp_send(struct onym_tcp_connection *c, onym_span front, const struct iovec *parts,
              size_t count)
{
    if (front.len > 0) {
        gather(c, front.at, front.len);
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].iov_len > 0) {
            gather(c, parts[i].iov_base, parts[i].iov_len);
        }
    }
}

bool
onym_tcp_congested(const struct onym_tcp_connection *c)
{
    return c->queued > ONYM_TCP_QUEUE_HIGH || c->held || c->closing || c->finishing;
}
