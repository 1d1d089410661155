/* What is looked up together in a real LMDB file is what mdb_get finds there, bit for bit, or is
 * not told; and a damaged file leads nobody out of it. */
#include "base/rng.h"
#include "store/lmdb_page.h"
#include "store/multi_get.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TABLE       "table"
#define KEY_LEN_MAX 512U

struct fixture {
    struct temp_store dir;
    MDB_env *mdb;
    MDB_dbi main, table;
    struct onym_lmdb_map map;
    struct onym_rng rng;
    uint8_t value[20000];
};

static void
open_table(struct fixture *f, unsigned flags)
{
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(f->mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &f->main), 0);
    assert_int_equal(mdb_dbi_open(txn, TABLE, MDB_CREATE | flags, &f->table), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    f->map = onym_lmdb_map_find(f->mdb, f->main, TABLE);
    assert_non_null(f->map.at);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    temp_store_dir(&f->dir);
    assert_int_equal(mdb_env_create(&f->mdb), 0);
    assert_int_equal(mdb_env_set_mapsize(f->mdb, TEMP_STORE_MAP_SIZE), 0);
    assert_int_equal(mdb_env_set_maxdbs(f->mdb, 2), 0);
    assert_int_equal(mdb_env_open(f->mdb, f->dir.dir, MDB_NOSYNC | MDB_NOTLS, 0600), 0);
    f->rng = onym_rng_seeded(1);
    for (size_t i = 0; i < sizeof f->value; i++) {
        f->value[i] = (uint8_t)(i * 7);
    }
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    mdb_env_close(f->mdb);
    temp_store_close(&f->dir);
    free(f);
    return 0;
}

static uint32_t
below(struct fixture *f, uint32_t bound)
{
    return (uint32_t)onym_rng_below(&f->rng, bound);
}

/* The key of number i, filled to len bytes where they do not tell it from others. */
static MDB_val
key_of(unsigned i, size_t len, char out[KEY_LEN_MAX])
{
    int digits = snprintf(out, KEY_LEN_MAX, "%06u", i * 2654435761U % 1000000U);

    memset(out + digits, 'k', len - (size_t)digits);
    return (MDB_val){.mv_size = len, .mv_data = out};
}

static MDB_txn *
begin(struct fixture *f, unsigned flags)
{
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(f->mdb, NULL, flags, &txn), 0);
    return txn;
}

/* Puts keys `from` to `to` - 1 of key_len bytes; their values are value_len bytes and some more. */
static void
put(struct fixture *f, unsigned from, unsigned to, size_t key_len, size_t value_len)
{
    MDB_txn *txn = begin(f, 0);
    char bytes[KEY_LEN_MAX];

    for (unsigned i = from; i < to; i++) {
        MDB_val key = key_of(i, key_len, bytes);
        MDB_val value = {.mv_size = value_len + i % 5, .mv_data = f->value + i % 100};

        assert_int_equal(mdb_put(txn, f->table, &key, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static struct onym_lmdb_tree
tree_of(struct fixture *f, MDB_txn *txn)
{
    return onym_lmdb_tree_find(&f->map, txn, f->main, TABLE, f->table);
}

/* Looks up `count` keys from number `from` on in the snapshot of txn, as many together as go. How
 * many were found. */
static unsigned
expect_same(struct fixture *f, MDB_txn *txn, unsigned from, unsigned count, size_t key_len)
{
    static char bytes[ONYM_MULTI_GET_MAX][KEY_LEN_MAX];
    struct onym_lmdb_tree tree = tree_of(f, txn);
    struct onym_multi_get item[ONYM_MULTI_GET_MAX];
    unsigned found = 0;

    for (unsigned done = 0; done < count;) {
        unsigned batch = 1 + below(f, ONYM_MULTI_GET_MAX);

        batch = batch < count - done ? batch : count - done;
        for (unsigned i = 0; i < batch; i++) {
            MDB_val key = key_of(from + done + i, key_len, bytes[i]);

            item[i].key = onym_span_of(key.mv_data, key.mv_size);
            item[i].value = onym_span_text("not touched");
        }
        onym_multi_get(&tree, item, batch);
        for (unsigned i = 0; i < batch; i++) {
            MDB_val key = {.mv_size = key_len, .mv_data = bytes[i]};
            MDB_val value = {0};
            bool is_there = mdb_get(txn, f->table, &key, &value) == 0;

            assert_ptr_equal(item[i].value.at, is_there ? value.mv_data : NULL);
            assert_int_equal(item[i].value.len, is_there ? value.mv_size : 0);
            found += is_there;
        }
        done += batch;
    }
    return found;
}

static void
values_are_found_at_every_depth(void **state)
{
    static const unsigned entries[] = {1, 3, 30, 200, 1500, 8000};
    struct fixture *f = *state;
    unsigned depths = 0;

    open_table(f, 0);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        MDB_txn *txn;

        put(f, i > 0 ? entries[i - 1] : 0, entries[i], 450, 50);
        txn = begin(f, MDB_RDONLY);
        depths |= 1U << tree_of(f, txn).depth;
        assert_int_equal(expect_same(f, txn, 0, entries[i] + 100, 450), entries[i]);
        mdb_txn_abort(txn);
    }
    assert_int_equal(depths & 0x3E, 0x3E); /* 1 to 5 */
}

static void
values_of_every_length_are_found(void **state)
{
    static const size_t lens[] = {0, 1, 300, 1900, 1990, 2020, 2040, 4060, 4080, 4090, 8170, 16000};
    struct fixture *f = *state;
    unsigned count = sizeof lens / sizeof lens[0] * 20;
    MDB_txn *txn;

    open_table(f, 0);
    for (unsigned i = 0; i < count; i++) {
        put(f, i, i + 1, 30, lens[i / 20] + i % 20);
    }
    txn = begin(f, MDB_RDONLY);
    assert_int_equal(expect_same(f, txn, 0, count + 50, 30), count);
    mdb_txn_abort(txn);
}

static void
keys_that_begin_another_are_not_it(void **state)
{
    struct fixture *f = *state;
    MDB_txn *txn;

    open_table(f, 0);
    for (size_t len = 6; len < 60; len++) {
        put(f, 1, 2, len, len);
    }
    txn = begin(f, MDB_RDONLY);
    for (size_t len = 6; len < 70; len++) {
        assert_int_equal(expect_same(f, txn, 1, 1, len), len < 60);
    }
    mdb_txn_abort(txn);
}

static void
of_an_empty_table_nothing_is_found(void **state)
{
    struct fixture *f = *state;
    MDB_txn *txn;

    open_table(f, 0);
    txn = begin(f, MDB_RDONLY);
    assert_int_equal(expect_same(f, txn, 0, 10, 20), 0);
    mdb_txn_abort(txn);
    put(f, 0, 1, 20, 20);
    txn = begin(f, 0);
    assert_int_equal(mdb_drop(txn, f->table, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    txn = begin(f, MDB_RDONLY);
    assert_int_equal(expect_same(f, txn, 0, 10, 20), 0);
    mdb_txn_abort(txn);
}

/* Pages are used again and trees shrink, while an older snapshot is still looked at. */
static void
each_snapshot_shows_its_own(void **state)
{
    struct fixture *f = *state;
    MDB_txn *before = NULL;

    open_table(f, 0);
    put(f, 0, 400, 100, 600);
    for (unsigned round = 0; round < 60; round++) {
        MDB_txn *txn = begin(f, MDB_RDONLY);

        (void)expect_same(f, txn, 0, 450, 100);
        if (before != NULL) {
            (void)expect_same(f, before, 0, 450, 100);
            mdb_txn_abort(before);
        }
        before = txn;
        txn = begin(f, 0);
        for (unsigned i = 0; i < 30; i++) {
            char bytes[KEY_LEN_MAX];
            MDB_val key = key_of(below(f, 420), 100, bytes);
            MDB_val value = {.mv_size = below(f, 6000), .mv_data = f->value};
            int rc = below(f, 60) < round ? mdb_del(txn, f->table, &key, NULL)
                                          : mdb_put(txn, f->table, &key, &value, 0);

            assert_true(rc == 0 || rc == MDB_NOTFOUND);
        }
        assert_int_equal(mdb_txn_commit(txn), 0);
    }
    mdb_txn_abort(before);
}

/* Several values under a key, another order of keys: not of the kind that is looked up here. */
static void
another_kind_of_table_is_left_alone(void **state)
{
    struct fixture *f = *state;
    MDB_txn *txn;

    open_table(f, MDB_REVERSEKEY);
    put(f, 0, 20, 20, 20);
    txn = begin(f, MDB_RDONLY);
    assert_int_equal(tree_of(f, txn).depth, 0);
    mdb_txn_abort(txn);
}

static void
without_a_map_nothing_is_found(void **state)
{
    struct fixture *f = *state;
    struct onym_multi_get item = {.key = onym_span_text("000000")};
    struct onym_lmdb_tree tree;
    MDB_txn *txn;

    open_table(f, 0);
    put(f, 0, 20, 6, 20);
    f->map = onym_lmdb_map_find(f->mdb, f->main, "another");
    assert_null(f->map.at);
    txn = begin(f, MDB_RDONLY);
    tree = tree_of(f, txn);
    onym_multi_get(&tree, &item, 1);
    assert_null(item.value.at);
    onym_multi_get(&tree, NULL, 0);
    mdb_txn_abort(txn);
}

/* ---- damage ---- */

/* A copy of the mapped file, exactly as long, so that a sanitizer sees who reads beside it. */
static uint8_t *
copy_of(const struct onym_lmdb_tree *tree)
{
    size_t len = (tree->last + 1) * tree->map.page_size;
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, tree->map.at, len);
    return copy;
}

/* Spoils a byte: mostly in the front of a page, where its form is said. */
static uint8_t *
place_to_spoil(struct fixture *f, const struct onym_lmdb_tree *tree, uint8_t *copy)
{
    uint8_t *page = copy + below(f, (uint32_t)tree->last + 1) * tree->map.page_size;

    return page + below(f, below(f, 3) > 0 ? 48 : (uint32_t)tree->map.page_size);
}

static void
damage_leads_nobody_out_of_the_file(void **state)
{
    static char bytes[ONYM_MULTI_GET_MAX][KEY_LEN_MAX];
    struct fixture *f = *state;
    struct onym_multi_get item[ONYM_MULTI_GET_MAX];
    struct onym_lmdb_tree tree;
    uint8_t *copy;
    MDB_txn *txn;
    unsigned lost = 0;

    open_table(f, 0);
    put(f, 0, 500, 200, 40);
    put(f, 500, 560, 200, 5000);
    txn = begin(f, MDB_RDONLY);
    tree = tree_of(f, txn);
    copy = copy_of(&tree);
    mdb_txn_abort(txn);
    tree.map.at = copy;
    for (unsigned round = 0; round < 4000; round++) {
        uint8_t *spoilt = place_to_spoil(f, &tree, copy);
        uint8_t before = *spoilt;

        *spoilt = (uint8_t)below(f, 256);
        tree.root = below(f, 50) == 0 ? below(f, (uint32_t)tree.last + 2) : tree.root;
        for (unsigned i = 0; i < ONYM_MULTI_GET_MAX; i++) {
            MDB_val key = key_of(below(f, 560), 200, bytes[i]);

            item[i].key = onym_span_of(key.mv_data, key.mv_size);
        }
        onym_multi_get(&tree, item, ONYM_MULTI_GET_MAX);
        for (unsigned i = 0; i < ONYM_MULTI_GET_MAX; i++) {
            lost += item[i].value.at == NULL;
            if (item[i].value.at != NULL) {
                assert_in_range(item[i].value.at - copy, 0,
                                (tree.last + 1) * tree.map.page_size - item[i].value.len);
            }
        }
        if (below(f, 4) > 0) {
            *spoilt = before;
        } /* otherwise the damage stays and adds up */
    }
    assert_true(lost > 1000);
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_found_at_every_depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_of_every_length_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_begin_another_are_not_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_an_empty_table_nothing_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_snapshot_shows_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_kind_of_table_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_map_nothing_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_leads_nobody_out_of_the_file, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
