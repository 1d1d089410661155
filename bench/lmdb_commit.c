/* The floor under `./run bench register`: the same records put into LMDB alone, so many to a
 * commit, each commit durable as LMDB makes it (pages, barrier, meta page, barrier).
 *
 *   lmdb_commit DATABASE --fill FILE                          everything in FILE, one sync at the
 * end lmdb_commit DATABASE --rows FILE --skip N --group N --milliseconds N --commits N   measured,
 *                                                             until one of both is over lmdb_commit
 * DATABASE --barrier N                          N times fdatasync of 4 KiB, measured
 *
 * FILE is what `lmdb_insert --encode` writes: u2 key length, u4 record length, key, record, in the
 * machine's order. It is read before the clock starts. With --barrier DATABASE is a file that is
 * made and removed. */
#include "base/clock.h"
#include "base/histogram.h"
#include "base/require.h"
#include "lib/args.h"
#include "onym/model/limits.h"

#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_SIZE ((size_t)64 << 30)
#define FRONT    6U /* bytes of both lengths */

struct settings {
    const char *database, *fill, *rows;
    uint64_t skip, group, milliseconds, commits, barriers;
};

struct database {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
};

struct figures {
    uint64_t records, commits, first_ns, last_ns;
    struct onym_histogram commit_ns;
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

/* Cuts the row at the front of *rows off. False at the end or when it is not whole. */
static bool
next_row(onym_span *rows, MDB_val *key, MDB_val *data)
{
    uint16_t key_len;
    uint32_t data_len;

    if (rows->len < FRONT) {
        return false;
    }
    memcpy(&key_len, rows->at, sizeof key_len);
    memcpy(&data_len, rows->at + sizeof key_len, sizeof data_len);
    if (rows->len - FRONT < (size_t)key_len + data_len) {
        return false;
    }
    *key = (MDB_val){.mv_size = key_len, .mv_data = (void *)(uintptr_t)(rows->at + FRONT)};
    *data = (MDB_val){.mv_size = data_len,
                      .mv_data = (void *)(uintptr_t)(rows->at + FRONT + key_len)};
    *rows = onym_span_of(rows->at + FRONT + key_len + data_len,
                         rows->len - FRONT - key_len - data_len);
    return true;
}

/* The whole file in memory; free bytes->at. */
static bool
read_file(const char *path, onym_span *bytes)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    uint8_t *at = NULL;
    bool ok = file != NULL && fstat(fileno(file), &about) == 0 && about.st_size > 0;

    if (ok) {
        at = malloc((size_t)about.st_size);
        ok = at != NULL && fread(at, (size_t)about.st_size, 1, file) == 1;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!ok) {
        free(at);
        return false;
    }
    *bytes = onym_span_of(at, (size_t)about.st_size);
    return true;
}

static int
fill(struct database *db, onym_span rows)
{
    MDB_val key, data;
    int rc = begin(db);

    while (rc == 0 && next_row(&rows, &key, &data)) {
        rc = mdb_put(db->txn, db->table, &key, &data, 0);
    }
    rc = rc != 0 ? rc : mdb_txn_commit(db->txn);
    return rc != 0 ? rc : mdb_env_sync(db->env, 1);
}

/* One commit of up to `group` rows. */
static int
commit_group(struct database *db, onym_span *rows, uint64_t group, struct figures *f)
{
    MDB_val key, data;
    uint64_t start = onym_clock_monotonic_ns(), count = 0;
    int rc = begin(db);

    while (rc == 0 && count < group && next_row(rows, &key, &data)) {
        rc = mdb_put(db->txn, db->table, &key, &data, MDB_NOOVERWRITE);
        count++;
    }
    rc = rc != 0 ? rc : mdb_txn_commit(db->txn);
    if (rc == 0) {
        f->last_ns = onym_clock_monotonic_ns();
        onym_histogram_record(&f->commit_ns, f->last_ns - start, 1);
        f->commits++;
        f->records += count;
    }
    return rc;
}

static int
commit_all(struct database *db, onym_span rows, const struct settings *s, struct figures *f)
{
    MDB_val key, data;
    int rc = 0;

    for (uint64_t i = 0; i < s->skip; i++) {
        if (!next_row(&rows, &key, &data)) {
            return MDB_NOTFOUND;
        }
    }
    f->first_ns = f->last_ns = onym_clock_monotonic_ns();
    while (rc == 0 && rows.len > 0 && f->commits < s->commits &&
           f->last_ns - f->first_ns < s->milliseconds * 1000000U) {
        rc = commit_group(db, &rows, s->group, f);
    }
    return rc;
}

static void
print_figures(const struct figures *f)
{
    double seconds = (double)(f->last_ns - f->first_ns) / 1e9;

    (void)printf("{\"records\": %" PRIu64 ", \"commits\": %" PRIu64
                 ", \"seconds\": %.6f, \"per_second\": %.1f, \"latency_ms\": {\"p50\": %.4f, "
                 "\"p99\": %.4f, \"max\": %.4f}}\n",
                 f->records, f->commits, seconds, seconds > 0 ? (double)f->records / seconds : 0.0,
                 (double)onym_histogram_percentile(&f->commit_ns, 500000) / 1e6,
                 (double)onym_histogram_percentile(&f->commit_ns, 990000) / 1e6,
                 (double)onym_histogram_percentile(&f->commit_ns, 1000000) / 1e6);
}

static int
run(const struct settings *s, struct figures *f)
{
    struct database db = {0};
    onym_span rows;
    const char *path = s->fill != NULL ? s->fill : s->rows;
    int rc;

    if (!read_file(path, &rows)) {
        return fail(path, "cannot be read");
    }
    rc = open_database(&db, s->database, s->fill != NULL ? MDB_NOSYNC : 0);
    if (rc == 0) {
        rc = s->fill != NULL ? fill(&db, rows) : commit_all(&db, rows, s, f);
    }
    mdb_env_close(db.env);
    free((void *)(uintptr_t)rows.at);
    if (rc == MDB_NOTFOUND) {
        return fail(path, "has fewer rows than --skip says");
    }
    if (rc == 0) {
        print_figures(f);
    }
    return rc == 0 ? 0 : fail(s->database, mdb_strerror(rc));
}

/* What the disk takes to make 4 KiB durable that are written over, the cheapest barrier there is.
 */
static int
barriers(const struct settings *s, struct figures *f)
{
    static const uint8_t page[4096] = {0x5A};
    int fd = open(s->database, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, page, sizeof page, 0) == sizeof page && fsync(fd) == 0;

    f->first_ns = onym_clock_monotonic_ns();
    for (uint64_t i = 0; ok && i < s->barriers; i++) {
        uint64_t start = onym_clock_monotonic_ns();

        ok = pwrite(fd, page, sizeof page, 0) == sizeof page && fdatasync(fd) == 0;
        f->last_ns = onym_clock_monotonic_ns();
        onym_histogram_record(&f->commit_ns, f->last_ns - start, 1);
        f->commits++;
        f->records++;
    }
    if (fd < 0) {
        return fail(s->database, "cannot be made; it must not exist");
    }
    (void)close(fd);
    (void)unlink(s->database);
    if (!ok) {
        return fail(s->database, "cannot be written");
    }
    print_figures(f);
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
    struct figures *f = calloc(1, sizeof *f);
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
