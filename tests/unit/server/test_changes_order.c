/* In which order the operations of a group are decided, and how full that leaves the store. */
#include "changes_test.h"

#include "server/changes_priv.h"

#include <lmdb.h>

#define ITEMS_MAX 64U
#define ROWS      4000U

static struct onym_changes_item *
item(const char *name, uint64_t arrival, uint16_t leaf_len)
{
    struct onym_changes_item *one = calloc(1, sizeof *one);

    assert_non_null(one);
    one->target.folded = onym_span_text(name);
    one->arrival = arrival;
    one->leaf_len = leaf_len;
    return one;
}

/* Names that are put in order and expected so: "NAME*LEN" is a draft that takes so much of a leaf.
 */
static void
expect_order(const char *const *given, const char *wanted)
{
    struct onym_changes_item *items[ITEMS_MAX];
    struct onym_changes_item *spare[ITEMS_MAX];
    char names[ITEMS_MAX][16];
    char found[512] = "";
    size_t count = 0;

    for (; given[count] != NULL; count++) {
        unsigned len = 0;

        assert_true(sscanf(given[count], "%15[^*]*%u", names[count], &len) >= 1);
        items[count] = item(names[count], count, (uint16_t)len);
    }
    onym_changes_order(items, count, spare);
    for (size_t i = 0; i < count; i++) {
        size_t end = strlen(found);

        (void)snprintf(found + end, sizeof found - end, "%s%.*s%u", i > 0 ? " " : "",
                       (int)items[i]->target.folded.len, (const char *)items[i]->target.folded.at,
                       (unsigned)items[i]->arrival);
        free(items[i]);
    }
    assert_string_equal(found, wanted);
}

static void
names_go_in_order_and_those_of_a_leaf_the_last_first(void **state)
{
    (void)state;
    expect_order((const char *const[]){NULL}, "");
    expect_order((const char *const[]){"A*100", NULL}, "A0");
    expect_order((const char *const[]){"B", "A", "C", "AA", NULL}, "A1 AA3 B0 C2");
    expect_order((const char *const[]){"A*100", "B*100", "C*100", NULL}, "C2 B1 A0");
    expect_order((const char *const[]){"C*100", "A*100", "B*100", NULL}, "C0 B2 A1");
}

static void
a_leaf_ends_where_it_is_full(void **state)
{
    (void)state;
    /* 4,080 bytes are one, and one more is not */
    expect_order((const char *const[]){"A*2000", "B*2080", "C*10", "D*10", NULL}, "B1 A0 D3 C2");
    expect_order((const char *const[]){"A*2000", "B*2081", "C*10", "D*10", NULL}, "A0 D3 C2 B1");
    expect_order((const char *const[]){"A*4080", "B*4081", "C*1", "D*4079", "E*1", NULL},
                 "A0 B1 D3 C2 E4");
}

static void
what_is_no_draft_stays_and_ends_a_leaf(void **state)
{
    (void)state;
    expect_order((const char *const[]){"A*9", "B*9", "C", "D*9", "E*9", "F", "G", NULL},
                 "B1 A0 C2 E4 D3 F5 G6");
}

static void
a_prefix_comes_before_what_is_below_it(void **state)
{
    (void)state;
    expect_order((const char *const[]){"88.1/X*9", "88.1/Y*9", "0.NA/88.1.2*9", "0.NA/88.1*9",
                                       "0.NA*9", NULL},
                 "0.NA4 0.NA/88.13 0.NA/88.1.22 88.1/Y1 88.1/X0");
}

static void
operations_on_one_name_keep_their_order(void **state)
{
    (void)state;
    expect_order((const char *const[]){"A*9", "A*9", "A*9", NULL}, "A0 A1 A2");
    expect_order((const char *const[]){"B*9", "A*9", "B*9", "A*9", "C*9", NULL}, "A1 B0 A3 C4 B2");
    expect_order((const char *const[]){"B", "A*9", "B*9", "A", "C*9", "B", NULL},
                 "A1 A3 B0 B2 B5 C4");
}

/* Puts the names 0 to count - 1 in order that come as `at` says. */
static void
expect_all(uint32_t (*at)(uint32_t i, uint32_t count), uint32_t count)
{
    static struct onym_changes_item *items[ONYM_CHANGES_GROUP_OPS];
    static struct onym_changes_item *spare[ONYM_CHANGES_GROUP_OPS];
    static char names[ONYM_CHANGES_GROUP_OPS][8];
    char wanted[8];

    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "%05u", at(i, count));
        items[i] = item(names[i], i, 0);
    }
    onym_changes_order(items, count, spare);
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(wanted, sizeof wanted, "%05u", i);
        assert_memory_equal(items[i]->target.folded.at, wanted, 5);
        free(items[i]);
    }
}

static uint32_t
up(uint32_t i, uint32_t count)
{
    (void)count;
    return i;
}

static uint32_t
down(uint32_t i, uint32_t count)
{
    return count - 1 - i;
}

/* Runs of 8 names from four imports in turns. */
static uint32_t
in_turns(uint32_t i, uint32_t count)
{
    return i / 8 % 4 * (count / 4) + i / 32 * 8 + i % 8;
}

/* All over the place, and each of them once where count is a power of two. */
static uint32_t
anywhere(uint32_t i, uint32_t count)
{
    return (i * 2654435761U + 12345U) % count;
}

static void
as_many_as_a_commit_has_go_in_order(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 40; count++) {
        expect_all(up, count);
        expect_all(down, count);
    }
    for (uint32_t count = 32; count <= ONYM_CHANGES_GROUP_OPS; count *= 2) {
        expect_all(up, count);
        expect_all(down, count);
        expect_all(in_turns, count);
        expect_all(anywhere, count);
    }
    expect_all(down, ONYM_CHANGES_GROUP_OPS - 1);
}

static void
submit(struct bench *b, uint64_t ticket, const char *name)
{
    struct onym_change_ticket home = {.worker = 0, .id = ticket, .yields = true};
    uint8_t bytes[512];
    char text[351];
    struct onym_operation op;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    op = bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, sizeof bytes, 1, text));
    assert_int_equal(onym_changes_submit(b->changes, home, &op, &bench_admin), ONYM_OK);
}

/* Records to a leaf of a store that is closed. */
static double
records_to_a_leaf(const struct temp_store *store)
{
    char path[160];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    MDB_stat stat;

    (void)snprintf(path, sizeof path, "%s/data.mdb", store->dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "record", 0, &table), 0);
    assert_int_equal(mdb_stat(txn, table, &stat), 0);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return (double)stat.ms_entries / (double)stat.ms_leaf_pages;
}

/* Runs of ascending names, each in front of names that are there, of a length of which eight fit a
 * leaf. In ascending order a leaf is left with five (LMDB's split). */
static void
ascending_names_fill_their_leaves(void **state)
{
    struct bench *b = bench_new();
    uint64_t ticket = 0;
    char name[64];
    double found;

    (void)state;
    bench_start(b, NULL);
    for (char run = 'A'; run <= 'D'; run++) {
        for (unsigned i = 0; i < 20; i++) {
            (void)snprintf(name, sizeof name, BENCH_PREFIX "/%c.9%05u", run, i);
            submit(b, ticket++, name);
        }
    }
    while (ticket < 80 + ROWS) {
        for (unsigned i = 0; i < 100; i++, ticket++) {
            unsigned n = (unsigned)ticket - 80;

            (void)snprintf(name, sizeof name, BENCH_PREFIX "/%c.1%05u", (char)('A' + n / 50 % 4),
                           n / 200 * 50 + n % 50);
            submit(b, ticket, name);
        }
        while (!b->result[ticket - 1].is_there) {
            (void)uv_run(&b->worker[0].loop, UV_RUN_ONCE);
        }
        assert_int_equal(b->result[ticket - 1].result.status, ONYM_OK);
    }
    (void)bench_check(&b->store);
    bench_stop(b);
    onym_env_close(b->store.env);
    b->store.env = NULL;
    found = records_to_a_leaf(&b->store);
    print_message("%.2f records to a leaf\n", found);
    assert_true(found > 6.5);
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_in_order_and_those_of_a_leaf_the_last_first),
        cmocka_unit_test(a_leaf_ends_where_it_is_full),
        cmocka_unit_test(what_is_no_draft_stays_and_ends_a_leaf),
        cmocka_unit_test(a_prefix_comes_before_what_is_below_it),
        cmocka_unit_test(operations_on_one_name_keep_their_order),
        cmocka_unit_test(as_many_as_a_commit_has_go_in_order),
        cmocka_unit_test(ascending_names_fill_their_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
