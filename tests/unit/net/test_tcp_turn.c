/* Reads of one turn of the loop that are handed over together. */
#include "unit/net/tcp_play.h"

#define DIALLED (ONYM_TCP_TURN_READS + 1U)

static struct {
    unsigned begun, ended;
    size_t reads[DIALLED]; /* of each turn */
    const char *doing;     /* what happens to the second connection at the first line of a turn */
    struct fixture *fixture;
} seen;

static void
turn_begins(void *user, const struct onym_tcp_read *reads, size_t count)
{
    (void)user;
    assert_int_equal(seen.begun, seen.ended);
    assert_true(seen.begun < DIALLED && count > 0 && reads[0].bytes.len > 0);
    seen.reads[seen.begun++] = count;
    if (seen.doing != NULL && count > 1) {
        if (strcmp(seen.doing, "drop") == 0) {
            onym_tcp_drop(reads[1].connection, ONYM_TCP_BY_HANDLER);
        } else {
            onym_tcp_stop(seen.fixture->tcp);
        }
        seen.doing = NULL;
    }
}

static void
turn_ends(void *user, size_t count)
{
    (void)user;
    assert_int_equal(count, seen.reads[seen.ended]);
    seen.ended++;
}

static struct fixture *
serve_turns(void)
{
    static const struct onym_tcp_handlers handlers = {.bytes = on_bytes,
                                                      .closed = on_closed,
                                                      .in_turns = true,
                                                      .turn_begins = turn_begins,
                                                      .turn_ends = turn_ends};

    memset(&seen, 0, sizeof seen);
    seen.fixture = serve_with(&roomy, &handlers);
    return seen.fixture;
}

/* So many connections that have said a line each. */
static void
dial_and_say(struct fixture *f, int *fd, unsigned count, const char *line)
{
    for (unsigned i = 0; i < count; i++) {
        fd[i] = dial(f);
        turn(f, 1);
    }
    turn(f, 5);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, count);
    for (unsigned i = 0; i < count; i++) {
        say(fd[i], line);
    }
}

static void
hang_up(int *fd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)close(fd[i]);
    }
}

static void
what_is_there_at_once_comes_in_one_turn(void **state)
{
    struct fixture *f = serve_turns();
    int fd[DIALLED];
    bool ended;

    (void)state;
    dial_and_say(f, fd, ONYM_TCP_TURN_READS, "x\n");
    turn(f, 1);
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.reads[0], ONYM_TCP_TURN_READS);
    for (unsigned i = 0; i < ONYM_TCP_TURN_READS; i++) {
        assert_int_equal(receive(f, fd[i], 3, &ended), 3);
    }
    hang_up(fd, ONYM_TCP_TURN_READS);
    end(f);
}

static void
one_read_more_comes_in_another(void **state)
{
    struct fixture *f = serve_turns();
    int fd[DIALLED];
    bool ended;

    (void)state;
    dial_and_say(f, fd, DIALLED, "x\n");
    turn(f, 1);
    assert_int_equal(seen.begun, 2);
    assert_int_equal(seen.reads[0], ONYM_TCP_TURN_READS);
    assert_int_equal(seen.reads[1], 1);
    for (unsigned i = 0; i < DIALLED; i++) {
        assert_int_equal(receive(f, fd[i], 3, &ended), 3);
    }
    hang_up(fd, DIALLED);
    end(f);
}

/* One byte more than may wait is handed over with what waits. */
static void
many_bytes_do_not_wait(void **state)
{
    static char line[ONYM_TCP_TURN_BYTES + 1];

    (void)state;
    for (unsigned over = 0; over <= 1; over++) {
        struct fixture *f = serve_turns();
        size_t len = ONYM_TCP_TURN_BYTES - 2 + over;
        int fd[3];
        bool ended;

        memset(line, 'x', len);
        line[len - 1] = '\n';
        line[len] = '\0';
        dial_and_say(f, fd, 3, "y\n");
        turn(f, 5);
        say(fd[0], line);
        say(fd[1], "y\n");
        say(fd[2], "y\n");
        turn(f, 1);
        assert_int_equal(seen.begun, seen.ended);
        assert_int_equal(seen.reads[1],
                         3 - over); /* the second read reaches the limit, or passes it */
        assert_int_equal(receive(f, fd[0], 3 + len + 1, &ended), 3 + len + 1);
        assert_int_equal(receive(f, fd[2], 6, &ended), 6);
        hang_up(fd, 3);
        end(f);
    }
}

static void
a_connection_that_has_gone_is_not_handed_over(void **state)
{
    struct fixture *f = serve_turns();
    int fd[3];
    bool ended;

    (void)state;
    dial_and_say(f, fd, 3, "x\n");
    seen.doing = "drop";
    turn(f, 1);
    assert_int_equal(seen.reads[0], 3);
    assert_int_equal(receive(f, fd[0], 3, &ended), 3);
    assert_int_equal(receive(f, fd[2], 3, &ended), 3);
    assert_int_equal(onym_tcp_stats(f->tcp)->bytes_out, 6);
    assert_int_equal(f->closed, 1);
    hang_up(fd, 3);
    turn(f, 20);
    assert_int_equal(f->closed, 3);
    end(f);
}

static void
a_stop_answers_what_was_read(void **state)
{
    struct fixture *f = serve_turns();
    int fd[2];
    bool ended;

    (void)state;
    dial_and_say(f, fd, 2, "x\n");
    turn(f, 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(receive(f, fd[i], 3, &ended), 3);
    }
    say(fd[0], "hold\n");
    say(fd[1], "hold\n");
    seen.doing = "stop"; /* from inside a turn */
    turn(f, 1);
    assert_int_equal(seen.begun, seen.ended);
    hang_up(fd, 2);
    end(f);
}

static void
a_line_before_the_end_is_answered(void **state)
{
    struct fixture *f = serve_turns();
    int fd = dial(f);
    bool ended;

    (void)state;
    turn(f, 5);
    say(fd, "x\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(receive(f, fd, 4, &ended), 3);
    assert_true(ended);
    (void)close(fd);
    end(f);
}

static void
torn_lines_and_held_ones_come_in_order(void **state)
{
    struct fixture *f = serve_turns();
    int fd[2];
    bool ended;

    (void)state;
    dial_and_say(f, fd, 2, "ab");
    turn(f, 5);
    say(fd[0], "c\nhold\nde\n");
    say(fd[1], "c\nd");
    assert_int_equal(receive(f, fd[0], 5, &ended), 5);
    assert_int_equal(receive(f, fd[1], 5, &ended), 5);
    say(fd[0], "f\n");
    say(fd[1], "e\n");
    assert_int_equal(receive(f, fd[1], 4, &ended), 4);
    onym_tcp_release(f->waiting);
    assert_int_equal(receive(f, fd[0], 7, &ended), 7); /* ">de\n>f\n" */
    hang_up(fd, 2);
    end(f);
}

/* libuv reads the end in the very turn of the request when 1,024 sockets or more were ready: it
 * asks for events again then. Here it is told so by hand, behind the reads of a turn. */
static void
tell_end(uv_check_t *check)
{
    struct onym_tcp_connection *c = check->data;
    uv_buf_t none = uv_buf_init(NULL, 0);
    uv_read_cb on_read = c->socket.read_cb;

    assert_int_equal(c->tcp->waiting_count, 1);
    assert_int_equal(uv_read_stop((uv_stream_t *)&c->socket), 0); /* as libuv does at an end */
    on_read((uv_stream_t *)&c->socket, UV_EOF, &none);
    uv_close((uv_handle_t *)check, NULL);
}

static void
an_end_behind_a_request_waits_for_its_answer(void **state)
{
    struct fixture *f = serve_turns();
    struct iovec late = {.iov_base = "late", .iov_len = 4};
    uv_check_t check;
    bool ended;
    int fd = dial(f);

    (void)state;
    turn(f, 5);
    assert_non_null(f->tcp->newest);
    check.data = f->tcp->newest;
    say(fd, "hold\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(uv_check_init(&f->loop, &check), 0);
    assert_int_equal(uv_check_start(&check, tell_end), 0);
    turn(f, 5);
    assert_non_null(f->waiting);
    assert_int_equal(f->closed, 0);
    onym_tcp_send(f->waiting, onym_span_text(">"), &late, 1);
    onym_tcp_flush(f->waiting);
    onym_tcp_release(f->waiting);
    assert_int_equal(receive(f, fd, 6, &ended), 5);
    assert_true(ended);
    assert_int_equal(f->closed, 1);
    (void)close(fd);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_at_once_comes_in_one_turn),
        cmocka_unit_test(one_read_more_comes_in_another),
        cmocka_unit_test(many_bytes_do_not_wait),
        cmocka_unit_test(a_connection_that_has_gone_is_not_handed_over),
        cmocka_unit_test(a_stop_answers_what_was_read),
        cmocka_unit_test(a_line_before_the_end_is_answered),
        cmocka_unit_test(an_end_behind_a_request_waits_for_its_answer),
        cmocka_unit_test(torn_lines_and_held_ones_come_in_order)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
