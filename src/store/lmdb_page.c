#include "store/lmdb_page.h"

#include <unistd.h>

#define META_MAGIC_AT 16U
#define META_MAGIC    0xBEEFC0DEU
#define FRONT_LEN     32U /* of a page: compared with the file's */

/* The value of the table `name`, as the snapshot of txn shows it. */
struct table {
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

#define TABLE_LEN 48U

static bool
find_table(MDB_txn *txn, MDB_dbi main, const char *name, MDB_val *out)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name};

    return mdb_get(txn, main, &key, out) == 0 && out->mv_size == TABLE_LEN;
}

static struct table
table_of(const uint8_t *at)
{
    return (struct table){.flags = onym_lmdb_u16(at + 4),
                          .depth = onym_lmdb_u16(at + 6),
                          .branches = onym_lmdb_u64(at + 8),
                          .leaves = onym_lmdb_u64(at + 16),
                          .overflows = onym_lmdb_u64(at + 24),
                          .entries = onym_lmdb_u64(at + 32),
                          .root = onym_lmdb_u64(at + 40)};
}

/* Whether the page that is mapped there lies in the file where its number says. */
static bool
is_page(MDB_env *mdb, const uint8_t *page, size_t page_size)
{
    uint8_t in_file[FRONT_LEN];
    uint64_t number = onym_lmdb_u64(page);
    mdb_filehandle_t fd;

    return number <= INT64_MAX / page_size && mdb_env_get_fd(mdb, &fd) == 0 &&
           pread(fd, in_file, sizeof in_file, (off_t)(number * page_size)) == sizeof in_file &&
           memcmp(in_file, page, sizeof in_file) == 0;
}

struct onym_lmdb_map
onym_lmdb_map_find(MDB_env *mdb, MDB_dbi main, const char *name)
{
    struct onym_lmdb_map map = {0};
    const uint8_t *page;
    MDB_stat stat;
    MDB_txn *txn;
    MDB_val value;

    /* maps begin at pages of the system: those of the file are found by rounding if they are
     * as long */
    if (mdb_env_stat(mdb, &stat) != 0 || (long)stat.ms_psize != sysconf(_SC_PAGESIZE) ||
        mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn) != 0) {
        return map;
    }
    if (find_table(txn, main, name, &value)) {
        page = (const uint8_t *)value.mv_data - (uintptr_t)value.mv_data % stat.ms_psize;
        if (is_page(mdb, page, stat.ms_psize)) {
            map.at = page - onym_lmdb_u64(page) * stat.ms_psize;
            map.page_size = stat.ms_psize;
        }
    }
    mdb_txn_abort(txn);
    if (map.at != NULL && onym_lmdb_u32(map.at + META_MAGIC_AT) != META_MAGIC) {
        map = (struct onym_lmdb_map){0};
    }
    return map;
}

struct onym_lmdb_tree
onym_lmdb_tree_find(const struct onym_lmdb_map *map, MDB_txn *txn, MDB_dbi main, const char *name,
                    MDB_dbi dbi)
{
    struct onym_lmdb_tree tree = {.map = *map};
    struct table table;
    MDB_envinfo info;
    MDB_stat stat;
    MDB_val value;

    if (map->at == NULL || mdb_stat(txn, dbi, &stat) != 0 ||
        mdb_env_info(mdb_txn_env(txn), &info) != 0 || !find_table(txn, main, name, &value)) {
        return tree;
    }
    table = table_of(value.mv_data);
    /* that the value is of the form above is seen from what LMDB tells of the table */
    if (table.flags == 0 && table.depth == stat.ms_depth && table.depth <= ONYM_LMDB_DEPTH_MAX &&
        table.branches == stat.ms_branch_pages && table.leaves == stat.ms_leaf_pages &&
        table.overflows == stat.ms_overflow_pages && table.entries == stat.ms_entries) {
        tree.depth = table.depth;
        tree.root = table.root;
        tree.last = info.me_mapsize / map->page_size - 1;
        tree.last = tree.last < info.me_last_pgno ? tree.last : info.me_last_pgno;
    }
    return tree;
}
