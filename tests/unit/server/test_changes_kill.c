/* kill -9 at any moment: a child process registers through the changes and acknowledges through a
 * pipe; after its death everything it acknowledged is there, nothing is there twice, the log's
 * chain holds, and what was under way can be sent again. Real LMDB, real fdatasync. */
#include "changes_test.h"

#include "base/clock.h"
#include "base/rng.h"
#include "store/env_priv.h"
#include "store/oplog.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CYCLES    20U
#define NUMBERS   4096U /* operations of a cycle, at most */
#define IN_FLIGHT 64U

struct ack {
    uint32_t cycle, number;
};

/* What the parent knows; a child inherits a copy. */
struct ledger {
    bool acked[CYCLES][NUMBERS];
    uint8_t logged[CYCLES][NUMBERS];
    uint32_t tried[CYCLES]; /* numbers below may have been submitted */
};

/* In the child. */
struct child {
    struct ledger *ledger;
    struct onym_changes *changes;
    uv_loop_t loop;
    int pipe;
    uint32_t cycle, next_cycle, next_number;
};

static void
submit_next(struct child *c)
{
    uint8_t bytes[256];
    char name[64];
    struct onym_operation op = {.action = ONYM_ACTION_CREATE,
                                .address = onym_span_text("192.0.2.1"),
                                .now_ms = onym_clock_epoch_ms()};

    /* first what earlier cycles left open, then new ones */
    while (c->next_cycle < c->cycle && (c->next_number >= c->ledger->tried[c->next_cycle] ||
                                        c->ledger->acked[c->next_cycle][c->next_number])) {
        if (c->next_number >= c->ledger->tried[c->next_cycle]) {
            c->next_cycle++;
            c->next_number = 0;
        } else {
            c->next_number++;
        }
    }
    if (c->next_number >= NUMBERS) {
        return;
    }
    (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u-%u", (unsigned)(c->next_number % 7),
                   (unsigned)(c->next_cycle * NUMBERS + c->next_number));
    op.name = onym_span_text(name);
    op.values = bench_value(bytes, sizeof bytes, 1, name);
    onym_put_u32(op.id, c->next_cycle);
    onym_put_u32(op.id + 4, c->next_number);
    op.id[15] = 1;
    if (onym_changes_submit(
            c->changes,
            (struct onym_change_ticket){.id = (uint64_t)c->next_cycle << 32 | c->next_number}, &op,
            &bench_admin) != ONYM_OK) {
        _exit(3);
    }
    c->next_number++;
}

static void
on_result(void *of, const struct onym_change_result *result)
{
    struct child *c = of;
    struct ack ack = {.cycle = (uint32_t)(result->ticket.id >> 32),
                      .number = (uint32_t)result->ticket.id};

    if (result->status != ONYM_OK) {
        _exit(4);
    }
    if (write(c->pipe, &ack, sizeof ack) != (ssize_t)sizeof ack) {
        _exit(5);
    }
    submit_next(c);
}

static _Noreturn void
run_child(struct ledger *ledger, const char *dir, uint32_t cycle, int pipe)
{
    struct child c = {.ledger = ledger, .pipe = pipe, .cycle = cycle};
    struct onym_env_options options = {
        .dir = dir, .holder = "child", .map_size = TEMP_STORE_MAP_SIZE};
    struct onym_changes_options changes = {.workers = 1, .share = 1};

    if (onym_env_open(&options, &changes.env, NULL) != ONYM_OK ||
        onym_changes_open(&changes, &c.changes, NULL) != ONYM_OK || uv_loop_init(&c.loop) != 0 ||
        onym_changes_attach(c.changes, 0, &c.loop, on_result, &c) != ONYM_OK) {
        _exit(2);
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        submit_next(&c);
    }
    (void)uv_run(&c.loop, UV_RUN_DEFAULT);
    _exit(6);
}

/* Reads acknowledgements until `enough`, kills, and reads those that were on their way. */
static void
reap(struct ledger *ledger, pid_t child, int pipe, uint32_t cycle, uint64_t enough)
{
    struct ack ack;
    uint64_t count = 0;
    int status;

    while (read(pipe, &ack, sizeof ack) == (ssize_t)sizeof ack) {
        assert_false(ledger->acked[ack.cycle][ack.number]);
        ledger->acked[ack.cycle][ack.number] = true;
        if (ack.number + IN_FLIGHT + 1 > ledger->tried[ack.cycle] && ack.cycle == cycle) {
            ledger->tried[ack.cycle] = ack.number + IN_FLIGHT + 1;
        }
        if (++count == enough) {
            assert_int_equal(kill(child, SIGKILL), 0);
        }
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(count >= enough);
}

static void
note_entry(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct ledger *ledger = of;
    uint32_t cycle = onym_get_u32(entry->id);
    uint32_t number = onym_get_u32(entry->id + 4);

    (void)sequence;
    assert_true(cycle < CYCLES && number < NUMBERS);
    ledger->logged[cycle][number]++;
}

/* Opens what the dead left and compares. */
static void
audit(struct ledger *ledger, struct temp_store *store)
{
    struct onym_oplog_report report;
    struct onym_fault fault = {0};
    uint64_t logged = 0;
    MDB_txn *txn;

    memset(ledger->logged, 0, sizeof ledger->logged);
    temp_store_reopen(store);
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(onym_oplog_walk(&store->env->tables, txn, note_entry, ledger, &report, &fault),
                     ONYM_OK);
    mdb_txn_abort(txn);
    for (unsigned c = 0; c < CYCLES; c++) {
        for (unsigned n = 0; n < NUMBERS; n++) {
            assert_true(ledger->logged[c][n] <= 1);                         /* none twice */
            assert_true(!ledger->acked[c][n] || ledger->logged[c][n] == 1); /* none lost */
            logged += ledger->logged[c][n];
        }
    }
    assert_int_equal(bench_check(store).handles, logged);
    onym_env_close(store->env);
    store->env = NULL;
}

static void
nothing_acknowledged_is_lost_or_doubled(void **state)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct onym_rng rng = onym_rng_seeded(7);
    struct temp_store store;

    (void)state;
    temp_store_open(&store);
    temp_store_home(&store, "0.NA/" BENCH_PREFIX);
    onym_env_close(store.env);
    store.env = NULL;
    for (uint32_t cycle = 0; cycle < CYCLES; cycle++) {
        uint64_t enough = IN_FLIGHT + onym_rng_below(&rng, 600);
        int ends[2];
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            run_child(ledger, store.dir, cycle, ends[1]);
        }
        (void)close(ends[1]);
        reap(ledger, child, ends[0], cycle, enough);
        (void)close(ends[0]);
        audit(ledger, &store);
    }
    /* what was under way when an earlier child died was sent again by a later one */
    for (uint32_t cycle = 0; cycle + 2 < CYCLES; cycle++) {
        for (uint32_t n = 0; n < ledger->tried[cycle]; n++) {
            assert_true(ledger->acked[cycle][n]);
        }
    }
    temp_store_reopen(&store);
    temp_store_close(&store);
    free(ledger);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_acknowledged_is_lost_or_doubled)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
