/* The floor under `./run bench register`: the same records put into LMDB alone, so many to a
 * commit, each commit durable as LMDB makes it (pages, barrier, meta page, barrier).
 *
 *   lmdb_commit DATABASE --fill FILE    everything in FILE, one sync at the end
 *   lmdb_commit DATABASE --rows FILE --skip N --group N --milliseconds N --commits N
 *                                       measured, until one of both is over
 *   lmdb_commit DATABASE --barrier N    N times fdatasync of 4 KiB, measured
 *
 * FILE is what `lmdb_insert --encode` writes. It is read before the clock starts. With --barrier
 * DATABASE is a file that is made and removed. */
#include "base/clock.h"
#include "base/require.h"
#include "lib/args.h"
#include "lib/rows.h"
#include "onym/model/limits.h"

#include <fcntl.h>
#include <getopt.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAP_SIZE ((size_t)64 << 30)

struct settings {
    const char *database, *fill, *rows;
    uint64_t skip, group, milliseconds, commits, barriers;
};

struct database {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
};

static int
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "lmdb_commit: %s: %s\n", what, why);
    return 1;
}

static int
begin(struct database *db)
{
    return mdb_txn_begin(db->env, NULL, 0, &db->txn);
}

static int
open_database(struct database *db, const char *path, unsigned flags)
{
    int rc = mdb_env_create(&db->env);

    rc = rc != 0 ? rc : mdb_env_set_mapsize(db->env, MAP_SIZE);
    rc = rc != 0 ? rc : mdb_env_open(db->env, path, MDB_NOSUBDIR | flags, 0600);
    rc = rc != 0 ? rc : begin(db);
    rc = rc != 0 ? rc : mdb_dbi_open(db->txn, NULL, 0, &db->table);
    rc = rc != 0 ? rc : mdb_txn_commit(db->txn);
    db->txn = NULL;
    return rc;
}

static MDB_val
val(onym_span span)
{
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.at};
}

/* Puts the row at the front of *rows in the transaction. False: there is none. */
static bool
put_next(struct database *db, onym_span *rows, unsigned flags, int *rc)
{
    onym_span name;
    onym_span record;
    MDB_val key;
    MDB_val data;

    if (*rc != 0 || !bench_rows_next(rows, &name, &record)) {
        return false;
    }
    key = val(name);
    data = val(record);
    *rc = mdb_put(db->txn, db->table, &key, &data, flags);
    return true;
}

static int
fill(struct database *db, onym_span rows)
{
    int rc = begin(db);

    while (put_next(db, &rows, 0, &rc)) {
    }
    rc = rc != 0 ? rc : mdb_txn_commit(db->txn);
    return rc != 0 ? rc : mdb_env_sync(db->env, 1);
}

/* One commit of up to `group` rows. */
static int
commit_group(struct database *db, onym_span *rows, uint64_t group, struct bench_figures *f)
{
    uint64_t start = onym_clock_monotonic_ns(), count = 0;
    int rc = begin(db);

    while (count < group && put_next(db, rows, MDB_NOOVERWRITE, &rc)) {
        count++;
    }
    rc = rc != 0 ? rc : mdb_txn_commit(db->txn);
    if (rc == 0) {
        bench_figures_add(f, start, count);
    }
    return rc;
}

static int
commit_all(struct database *db, onym_span rows, const struct settings *s, struct bench_figures *f)
{
    int rc = 0;

    if (!bench_rows_skip(&rows, s->skip)) {
        return MDB_NOTFOUND;
    }
    f->first_ns = f->last_ns = onym_clock_monotonic_ns();
    while (rc == 0 && rows.len > 0 && f->commits < s->commits &&
           f->last_ns - f->first_ns < s->milliseconds * 1000000U) {
        rc = commit_group(db, &rows, s->group, f);
    }
    return rc;
}

static int
run(const struct settings *s, struct bench_figures *f)
{
    struct database db = {0};
    onym_span rows;
    const char *path = s->fill != NULL ? s->fill : s->rows;
    int rc;

    if (!bench_rows_read(path, &rows)) {
        return fail(path, "cannot be read");
    }
    rc = open_database(&db, s->database, s->fill != NULL ? MDB_NOSYNC : 0);
    if (rc == 0) {
        rc = s->fill != NULL ? fill(&db, rows) : commit_all(&db, rows, s, f);
    }
    mdb_env_close(db.env);
    bench_rows_free(rows);
    if (rc == MDB_NOTFOUND) {
        return fail(path, "has fewer rows than --skip says");
    }
    if (rc == 0) {
        bench_figures_print(f);
    }
    return rc == 0 ? 0 : fail(s->database, mdb_strerror(rc));
}

/* What the disk takes to make 4 KiB durable that are written over, the cheapest barrier there is.
 */
static int
barriers(const struct settings *s, struct bench_figures *f)
{
    static const uint8_t page[4096] = {0x5A};
    int fd = open(s->database, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, page, sizeof page, 0) == sizeof page && fsync(fd) == 0;

    f->first_ns = onym_clock_monotonic_ns();
    for (uint64_t i = 0; ok && i < s->barriers; i++) {
        uint64_t start = onym_clock_monotonic_ns();

        ok = pwrite(fd, page, sizeof page, 0) == sizeof page && fdatasync(fd) == 0;
        bench_figures_add(f, start, 1);
    }
    if (fd < 0) {
        return fail(s->database, "cannot be made; it must not exist");
    }
    (void)close(fd);
    (void)unlink(s->database);
    if (!ok) {
        return fail(s->database, "cannot be written");
    }
    bench_figures_print(f);
    return 0;
}

static enum onym_status
read_option(int c, const char *text, struct settings *s)
{
    switch (c) {
    case 'f':
        s->fill = text;
        return ONYM_OK;
    case 'r':
        s->rows = text;
        return ONYM_OK;
    case 's':
        return bench_args_number("--skip", text, 0, UINT32_MAX, &s->skip);
    case 'g':
        return bench_args_number("--group", text, 1, 1000000, &s->group);
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'c':
        return bench_args_number("--commits", text, 1, UINT32_MAX, &s->commits);
    case 'b':
        return bench_args_number("--barrier", text, 1, 1000000, &s->barriers);
    default:
        return ONYM_INVALID;
    }
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"fill", required_argument, NULL, 'f'},         {"rows", required_argument, NULL, 'r'},
        {"skip", required_argument, NULL, 's'},         {"group", required_argument, NULL, 'g'},
        {"milliseconds", required_argument, NULL, 'm'}, {"commits", required_argument, NULL, 'c'},
        {"barrier", required_argument, NULL, 'b'},      {0}};
    struct settings s = {.group = 1, .milliseconds = 1000, .commits = UINT32_MAX};
    struct bench_figures *f = calloc(1, sizeof *f);
    int c, code = 2;

    ONYM_REQUIRE(f != NULL);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (read_option(c, optarg, &s) != ONYM_OK) {
            free(f);
            return 2;
        }
    }
    if (optind + 1 == argc && (s.fill != NULL) + (s.rows != NULL) + (s.barriers > 0) == 1) {
        s.database = argv[optind];
        code = s.barriers > 0 ? barriers(&s, f) : run(&s, f);
    } else {
        (void)fputs("usage: lmdb_commit DATABASE --fill FILE | --rows FILE [--skip N] [--group N] "
                    "[--milliseconds N] [--commits N] | --barrier N\n",
                    stderr);
    }
    free(f);
    return code;
}
