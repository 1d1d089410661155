/* What one turn of the loop reads from several connections, handed over together: while the
 * protocol answers one request the memory can fetch what the next ones need, and what a protocol
 * does once for all that is there, it does once for several connections. Their short answers may
 * be written together, too. */
#include "net/tcp_priv.h"

/* Of a connection that has gone, or takes no more input, nothing is handed over; one that must not
 * be given anything now, because an earlier read of this turn is being worked on or its peer does
 * not take its answers, has it kept. */
static void
hand_over(const struct onym_tcp_read *read)
{
    struct onym_tcp_connection *c = read->connection;

    if (c->closing || c->finishing) {
        return;
    }
    if (c->reading) {
        onym_tcp_handle(c, read->bytes);
    } else if (!onym_tcp_keep(c, read->bytes)) {
        onym_tcp_drop(c, ONYM_TCP_BY_LIMIT);
    }
}

/* One after the other: what the kernel runs for a write, and what the protocol runs for an answer,
 * is more than the processor's first caches hold together. */
static void
write_answers(struct onym_tcp *tcp)
{
    tcp->in_turn = false;
    onym_tcp_write_late(tcp);
    for (size_t i = 0; i < tcp->late_count; i++) {
        onym_tcp_settle(tcp->late[i].connection);
    }
    tcp->late_count = tcp->late_written = 0;
    tcp->copied = 0;
}

void
onym_tcp_turn(struct onym_tcp *tcp)
{
    size_t count = tcp->waiting_count;

    if (count == 0) {
        return;
    }
    tcp->waiting_count = 0;
    if (tcp->handlers.turn_begins != NULL) {
        tcp->handlers.turn_begins(tcp->user, tcp->waiting, count);
    }
    tcp->in_turn = tcp->handlers.answers_wait;
    for (size_t i = 0; i < count; i++) {
        hand_over(&tcp->waiting[i]);
    }
    write_answers(tcp);
    if (tcp->handlers.turn_ends != NULL) {
        tcp->handlers.turn_ends(tcp->user, count);
    }
    tcp->waiting_bytes = 0;
}

void
onym_tcp_turn_take(struct onym_tcp_connection *c, onym_span bytes)
{
    struct onym_tcp *tcp = c->tcp;

    tcp->waiting[tcp->waiting_count++] = (struct onym_tcp_read){.connection = c, .bytes = bytes};
    tcp->waiting_bytes += bytes.len;
    if (tcp->waiting_count == ONYM_TCP_TURN_READS || tcp->waiting_bytes > ONYM_TCP_TURN_BYTES) {
        onym_tcp_turn(tcp);
    }
}

/* Follows the reads of a turn, and comes before the memory of closed connections is given back. */
static void
on_turn(uv_check_t *check)
{
    onym_tcp_turn(check->data);
}

void
onym_tcp_turn_open(struct onym_tcp *tcp)
{
    tcp->turn.data = tcp;
    (void)uv_check_init(tcp->loop, &tcp->turn); /* neither can fail */
    (void)uv_check_start(&tcp->turn, on_turn);
}

void
onym_tcp_turn_close(struct onym_tcp *tcp)
{
    tcp->waiting_count = 0;
    uv_close((uv_handle_t *)&tcp->turn, NULL);
}
