/* Short answers to what one turn of the loop has read leave together, behind the last of them. Each
 * line is answered by itself, as a protocol does that uses its buffer again: it is echoed, or
 * "room\n" answers as much as is copied in one piece, "big\n" a borrowed mebibyte, "drop\n" closes
 * the connection at once and "end\n" when all is written, "both\n" answers here and then to whom
 * the handler was called for first. */
#include "unit/net/tcp_play.h"

#define CALLS     64U
#define DIALLED   20U
#define UNREAD    2000U
#define ROOM_LINE "room\n"

static struct {
    struct fixture *fixture;
    unsigned calls;
    uint64_t written[CALLS]; /* before each call of the handler */
    struct onym_tcp_connection *first;
    int reset; /* a client that goes during the second call; or -1 */
} seen;

static void
go_at_once(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    assert_int_equal(close(fd), 0);
}

static void
say_to(struct onym_tcp_connection *c, const char *line)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};

    onym_tcp_send(c, onym_span_text(">"), &part, 1);
    onym_tcp_flush(c);
}

static void
answer(struct fixture *f, struct onym_tcp_connection *c, onym_span line)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)line.at, .iov_len = line.len};

    if (onym_span_equal(line, onym_span_text("drop\n"))) {
        onym_tcp_drop(c, ONYM_TCP_BY_HANDLER);
    } else if (onym_span_equal(line, onym_span_text("both\n"))) {
        say_to(c, "2\n");
        say_to(seen.first, "1\n");
    } else if (onym_span_equal(line, onym_span_text("end\n"))) {
        onym_tcp_finish(c);
    } else if (onym_span_equal(line, onym_span_text(ROOM_LINE))) {
        memset(onym_tcp_room(c, ONYM_TCP_ROOM_MAX), 'r', ONYM_TCP_ROOM_MAX);
    } else if (onym_span_equal(line, onym_span_text("big\n"))) {
        part = (struct iovec){.iov_base = f->big, .iov_len = BIG_BYTES};
        onym_tcp_send(c, onym_span_of(NULL, 0), &part, 1);
    } else {
        onym_tcp_send(c, onym_span_text(">"), &part, 1);
    }
    onym_tcp_flush(c);
}

static size_t
on_lines(void *user, struct onym_tcp_connection *c, onym_span bytes)
{
    struct fixture *f = user;
    size_t used = 0;

    seen.first = seen.first != NULL ? seen.first : c;
    if (seen.calls < CALLS) {
        seen.written[seen.calls] = onym_tcp_stats(f->tcp)->bytes_out;
    }
    if (++seen.calls == 2 && seen.reset >= 0) {
        go_at_once(seen.reset);
    }
    while (!onym_tcp_congested(c)) {
        onym_span left = onym_span_from(bytes, used);
        const uint8_t *end = left.len > 0 ? memchr(left.at, '\n', left.len) : NULL;

        if (end == NULL) {
            break;
        }
        used += (size_t)(end - left.at) + 1;
        onym_tcp_touch(c);
        answer(f, c, onym_span_front(left, (size_t)(end - left.at) + 1));
    }
    return used;
}

static struct fixture *
serve_late(void)
{
    static const struct onym_tcp_handlers handlers = {
        .bytes = on_lines, .closed = on_closed, .in_turns = true, .answers_wait = true};

    memset(&seen, 0, sizeof seen);
    seen.reset = -1;
    seen.fixture = serve_with(&roomy, &handlers);
    memset(seen.fixture->big, 'b', BIG_BYTES);
    return seen.fixture;
}

static void
dial_all(struct fixture *f, int *fd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fd[i] = dial(f);
        turn(f, 1);
    }
    turn(f, 5);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, count);
}

/* Reads what must come, and nothing else. */
static void
expect(struct fixture *f, int fd, char kind, size_t count)
{
    static char heard[BIG_BYTES];
    size_t got = 0;

    for (unsigned i = 0; i < 5000 && got < count; i++) {
        ssize_t n = recv(fd, heard + got, count - got, 0);

        if (n > 0) {
            got += (size_t)n;
        } else {
            assert_true(n < 0 && errno == EAGAIN);
            turn(f, 1);
        }
    }
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(heard[i], kind);
    }
}

static void
expect_line(struct fixture *f, int fd, char kind)
{
    expect(f, fd, '>', 1);
    expect(f, fd, kind, 1);
    expect(f, fd, '\n', 1);
}

static void
hang_up_all(const int *fd, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)close(fd[i]);
    }
}

static void
nothing_leaves_before_all_is_answered(void **state)
{
    struct fixture *f = serve_late();
    int fd[3];

    (void)state;
    dial_all(f, fd, 3);
    say(fd[0], "a\n");
    say(fd[1], "b\nc\n");
    say(fd[2], "d\n");
    turn(f, 1);
    assert_int_equal(seen.calls, 3);
    assert_int_equal(seen.written[2], 0);
    assert_int_equal(onym_tcp_stats(f->tcp)->bytes_out, 12);
    expect_line(f, fd[0], 'a');
    expect_line(f, fd[1], 'b');
    expect_line(f, fd[1], 'c');
    expect_line(f, fd[2], 'd');
    hang_up_all(fd, 3);
    end(f);
}

static void
what_cannot_wait_leaves_behind_what_did(void **state)
{
    struct fixture *f = serve_late();
    int fd[3];

    (void)state;
    dial_all(f, fd, 3);
    say(fd[0], "a\n");
    say(fd[1], "b\nbig\nc\nroom\nd\n");
    say(fd[2], "e\n");
    expect_line(f, fd[1], 'b');
    expect(f, fd[1], 'b', BIG_BYTES);
    expect_line(f, fd[1], 'c');
    expect(f, fd[1], 'r', ONYM_TCP_ROOM_MAX);
    expect_line(f, fd[1], 'd');
    expect_line(f, fd[0], 'a');
    expect_line(f, fd[2], 'e');
    hang_up_all(fd, 3);
    end(f);
}

/* The buffer that holds them is used up several times in one turn. */
static void
more_than_can_wait_leaves_earlier(void **state)
{
    struct fixture *f = serve_late();
    int fd[DIALLED];

    (void)state;
    dial_all(f, fd, DIALLED);
    for (unsigned i = 0; i < DIALLED; i++) {
        say(fd[i], "a\nroom\nb\n");
    }
    turn(f, 1);
    assert_int_equal(seen.calls, DIALLED);
    assert_true(seen.written[DIALLED - 1] > 0);
    for (unsigned i = 0; i < DIALLED; i++) {
        expect_line(f, fd[i], 'a');
        expect(f, fd[i], 'r', ONYM_TCP_ROOM_MAX);
        expect_line(f, fd[i], 'b');
    }
    hang_up_all(fd, DIALLED);
    end(f);
}

static void
the_end_comes_behind_what_waited(void **state)
{
    static const char *const ends[] = {"a\nend\n", "a\ndrop\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = serve_late();
        bool ended;
        int fd[2];

        dial_all(f, fd, 2);
        say(fd[0], ends[i]);
        say(fd[1], "b\n");
        expect_line(f, fd[0], 'a');
        assert_int_equal(receive(f, fd[0], 1, &ended), 0);
        assert_true(ended);
        expect_line(f, fd[1], 'b');
        (void)close(fd[0]);
        turn(f, 20);
        assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_HANDLER], 1);
        (void)close(fd[1]);
        end(f);
    }
}

static void
a_peer_that_went_meanwhile_costs_the_others_nothing(void **state)
{
    struct fixture *f = serve_late();
    int fd[3];

    (void)state;
    dial_all(f, fd, 3);
    seen.reset = fd[0];
    say(fd[0], "a\n");
    say(fd[1], "b\n");
    say(fd[2], "c\n");
    turn(f, 1);
    assert_int_equal(seen.calls, 3);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_ERROR], 1);
    assert_int_equal(f->closed, 1);
    expect_line(f, fd[1], 'b');
    expect_line(f, fd[2], 'c');
    hang_up_all(fd + 1, 2);
    end(f);
}

static void
a_peer_that_does_not_read_is_not_read(void **state)
{
    static char text[UNREAD * sizeof ROOM_LINE];
    struct fixture *f = serve_late();
    int fd[2];

    (void)state;
    for (size_t i = 0; i < UNREAD; i++) {
        memcpy(text + i * (sizeof ROOM_LINE - 1), ROOM_LINE, sizeof ROOM_LINE);
    }
    dial_all(f, fd, 2);
    say(fd[0], text);
    say(fd[1], "b\n");
    turn(f, 20);
    assert_true(f->tcp->oldest->queued <= ONYM_TCP_QUEUE_HIGH + ONYM_TCP_COPY_LEN);
    assert_true(f->tcp->newest->queued <= ONYM_TCP_QUEUE_HIGH + ONYM_TCP_COPY_LEN);
    expect_line(f, fd[1], 'b');
    for (unsigned i = 0; i < UNREAD; i++) {
        expect(f, fd[0], 'r', ONYM_TCP_ROOM_MAX);
    }
    hang_up_all(fd, 2);
    end(f);
}

/* Who is answered again behind somebody else gets it, and not they: all lie one behind the other.
 */
static void
what_is_put_off_goes_to_whom_it_is_for(void **state)
{
    struct fixture *f = serve_late();
    int fd[2];

    (void)state;
    dial_all(f, fd, 2);
    say(fd[0], "a\n");
    say(fd[1], "both\n");
    expect_line(f, fd[0], 'a');
    expect_line(f, fd[0], '1');
    expect_line(f, fd[1], '2');
    turn(f, 5);
    assert_int_equal(recv(fd[1], &(char){0}, 1, 0), -1); /* nothing else */
    hang_up_all(fd, 2);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_all_is_answered),
        cmocka_unit_test(what_cannot_wait_leaves_behind_what_did),
        cmocka_unit_test(more_than_can_wait_leaves_earlier),
        cmocka_unit_test(the_end_comes_behind_what_waited),
        cmocka_unit_test(a_peer_that_went_meanwhile_costs_the_others_nothing),
        cmocka_unit_test(a_peer_that_does_not_read_is_not_read),
        cmocka_unit_test(what_is_put_off_goes_to_whom_it_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
