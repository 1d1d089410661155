#include "store/env.h"

#include "store/env_priv.h"
#include "store/hold.h"
#include "store/lmdb_status.h"
#include "store/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLDER_LEN_MAX 128U

static enum onym_status
io_fault(struct onym_fault *fault, const char *path, const char *doing, int error)
{
    char text[128];
    enum onym_status status = error == ENOSPC || error == EDQUOT || error == EFBIG ? ONYM_FULL
                                                                                   : ONYM_IO;

    return onym_fault_set(fault, status, "%s: cannot %s: %s", path, doing,
                          strerror_r(error, text, sizeof text));
}

/* DIR/name on the heap. */
static char *
path_in(const char *dir, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static enum onym_status
sync_dir(const char *dir, struct onym_fault *fault)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = 0;

    if (fd < 0 || fsync(fd) != 0) {
        error = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return error == 0 ? ONYM_OK : io_fault(fault, dir, "sync the directory", error);
}

/* A directory that was just made is only safe with its own name, which its parent keeps. */
static enum onym_status
sync_parent(const char *dir, struct onym_fault *fault)
{
    char *copy = strdup(dir);
    enum onym_status status = ONYM_NO_MEMORY;

    if (copy != NULL) {
        status = sync_dir(dirname(copy), fault);
    }
    free(copy);
    return status == ONYM_NO_MEMORY ? onym_fault_set(fault, status, "%s: out of memory", dir)
                                    : status;
}

static enum onym_status
make_dir(const struct onym_env *env, bool create, struct onym_fault *fault)
{
    struct stat st;

    if (stat(env->data_path, &st) == 0) {
        return ONYM_OK;
    }
    if (errno != ENOENT) {
        return io_fault(fault, env->data_path, "look at the file", errno);
    }
    if (!create) {
        return onym_fault_set(fault, ONYM_NOT_FOUND,
                              "%s: no store here; name a node's data directory, or make one with "
                              "'onymctl load' or by starting onymd",
                              env->dir);
    }
    if (mkdir(env->dir, 0700) == 0) {
        return sync_parent(env->dir, fault);
    }
    return errno == EEXIST ? ONYM_OK : io_fault(fault, env->dir, "make the directory", errno);
}

/* Who wrote the lock file, for the one who is turned away. */
static void
read_holder(int fd, char *out, size_t cap)
{
    ssize_t got = pread(fd, out, cap - 1, 0);

    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (out[0] == '\0') {
        (void)snprintf(out, cap, "another process");
    }
}

static enum onym_status
take_lock(struct onym_env *env, const char *holder, struct onym_fault *fault)
{
    char text[HOLDER_LEN_MAX];
    char *path = path_in(env->dir, "lock");
    enum onym_status status = ONYM_OK;
    int error;

    if (path == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", env->dir);
    }
    env->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (env->lock_fd < 0) {
        status = io_fault(fault, path, "open the lock file", errno);
    } else if ((error = onym_hold(env->lock_fd)) != 0) {
        if (error == EWOULDBLOCK) {
            read_holder(env->lock_fd, text, sizeof text);
            status = onym_fault_set(fault, ONYM_IN_USE,
                                    "%s: in use by %s; stop it first, or name another directory",
                                    env->dir, text);
        } else {
            status = io_fault(fault, path, "lock the file", error);
        }
    } else {
        int len = snprintf(text, sizeof text, "%.64s pid %ld\n", holder, (long)getpid());

        if (ftruncate(env->lock_fd, 0) != 0 || pwrite(env->lock_fd, text, (size_t)len, 0) != len) {
            status = io_fault(fault, path, "write the lock file", errno);
        }
    }
    free(path);
    return status;
}

static enum onym_status
check_format(struct onym_env *env, struct onym_fault *fault)
{
    uint32_t format = 0;
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &txn);
    enum onym_status status;

    if (rc != 0) {
        return onym_lmdb_fault(fault, env->data_path, rc);
    }
    status = onym_meta_format(&env->tables, txn, &format);
    mdb_txn_abort(txn);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status,
                              "%s: the store does not say its format: %s; restore "
                              "it from a dump or backup",
                              env->data_path, onym_status_text(status));
    }
    if (format > ONYM_STORE_FORMAT) {
        return onym_fault_set(fault, ONYM_UNSUPPORTED,
                              "%s: store format %u, this program reads format %u; use the newer "
                              "program that wrote it",
                              env->data_path, (unsigned)format, ONYM_STORE_FORMAT);
    }
    env->is_journaled = format >= ONYM_FORMAT_JOURNAL;
    return ONYM_OK;
}

static unsigned
reap_readers(struct onym_env *env)
{
    int dead = 0;

    return mdb_reader_check(env->tables.mdb, &dead) == 0 ? (unsigned)dead : 0;
}

/* LMDB writes the first pages of a file without syncing them, and opens no file that holds only
 * some of them. So a new store is made beside its place and moves there when all of it is on the
 * disk: a power cut leaves either none or one that opens. */
static enum onym_status
make_data(const struct onym_env *env, enum onym_record_digest log_hash, struct onym_fault *fault)
{
    struct onym_tables tables;
    struct onym_journal *left;
    struct stat st;
    const struct onym_tables_options options = {
        .map_size = env->map_size, .flags = MDB_NOLOCK, .create = true, .digest = log_hash};
    enum onym_status status;

    if (stat(env->data_path, &st) == 0) {
        return ONYM_OK;
    }
    /* a file that is gone may have left what it lacks, which must not get into this one */
    status = onym_journal_open(env->dir, env->data_path, 0, &left, fault);
    if (status != ONYM_OK) {
        return status;
    }
    (void)onym_journal_close(left);
    status = onym_tables_open(env->new_path, &options, &tables, fault);
    if (status != ONYM_OK) {
        (void)unlink(env->new_path);
        return status;
    }
    onym_tables_close(&tables);
    if (rename(env->new_path, env->data_path) != 0) {
        return io_fault(fault, env->data_path, "put the new file in its place", errno);
    }
    return sync_dir(env->dir, fault);
}

/* Ends the journal and closes LMDB's file. ONYM_OK; ONYM_IO: the journal is still needed. */
static enum onym_status
close_data(struct onym_env *env)
{
    enum onym_status status;

    onym_tables_close(&env->tables);
    status = onym_journal_close(env->journal);
    env->journal = NULL;
    return status;
}

static enum onym_status
open_data(struct onym_env *env, bool create, enum onym_record_digest log_hash,
          struct onym_fault *fault)
{
    const struct onym_tables_options options = {.map_size = env->map_size,
                                                .readers_max = env->readers_max,
                                                .create = create,
                                                .digest = log_hash};
    enum onym_status status;

    /* what a load or a first start that was killed left behind */
    (void)unlink(env->new_path);
    status = create ? make_data(env, log_hash, fault) : ONYM_OK;
    if (status == ONYM_OK) {
        status = onym_journal_open(env->dir, env->data_path, env->journal_size, &env->journal,
                                   fault);
    }
    if (status != ONYM_OK) {
        return status;
    }
    status = onym_tables_open(env->data_path, &options, &env->tables, fault);
    if (status == ONYM_NOT_FOUND) {
        return onym_fault_set(fault, ONYM_CORRUPT,
                              "%s: an LMDB file without a store's tables; restore it from a dump "
                              "or backup",
                              env->data_path);
    }
    if (status == ONYM_OK) {
        status = check_format(env, fault);
    }
    if (status == ONYM_OK && create) {
        status = sync_dir(env->dir, fault);
    }
    if (status == ONYM_OK) {
        (void)reap_readers(env);
    }
    return status;
}

/* Twice as large as today's records need. */
static enum onym_status
make_bloom(struct onym_env *env, struct onym_fault *fault)
{
    struct onym_env_stat stat;

    if (onym_env_stat(env, &stat) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_IO, "%s: cannot be read", env->dir);
    }
    env->bloom = onym_bloom_new(2 * stat.handles);
    return ONYM_OK;
}

enum onym_status
onym_env_open(const struct onym_env_options *options, struct onym_env **out,
              struct onym_fault *fault)
{
    struct onym_env *env = calloc(1, sizeof *env);
    enum onym_status status;

    if (env == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", options->dir);
    }
    (void)pthread_mutex_init(&env->reopening, NULL);
    (void)pthread_mutex_init(&env->changing, NULL);
    env->lock_fd = -1;
    env->map_size = options->map_size != 0 ? options->map_size : ONYM_STORE_MAP_SIZE_DEFAULT;
    env->readers_max = options->readers_max;
    env->journal_size = options->journal_size;
    env->marks = calloc(1, sizeof *env->marks);
    env->dir = strdup(options->dir);
    env->data_path = path_in(options->dir, ONYM_DATA_FILE);
    env->new_path = path_in(options->dir, ONYM_DATA_FILE_NEW);
    if (env->marks == NULL || env->dir == NULL || env->data_path == NULL || env->new_path == NULL) {
        onym_env_close(env);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", options->dir);
    }
    env->marks->seed = options->seed;
    status = make_dir(env, options->create, fault);
    if (status == ONYM_OK) {
        status = take_lock(env, options->holder, fault);
    }
    if (status == ONYM_OK) {
        status = open_data(env, options->create, options->log_hash, fault);
    }
    if (status == ONYM_OK && options->seed != 0) {
        status = make_bloom(env, fault);
    }
    if (status != ONYM_OK) {
        onym_env_close(env);
        return status;
    }
    *out = env;
    return ONYM_OK;
}

void
onym_env_close(struct onym_env *env)
{
    if (env == NULL) {
        return;
    }
    (void)close_data(env);
    if (env->lock_fd >= 0) {
        (void)close(env->lock_fd);
    }
    (void)pthread_mutex_destroy(&env->changing);
    (void)pthread_mutex_destroy(&env->reopening);
    onym_digester_free(env->record_digester);
    onym_digester_free(env->log_digester);
    onym_bloom_free(env->bloom);
    free(env->marks);
    free(env->new_path);
    free(env->data_path);
    free(env->dir);
    free(env);
}

enum onym_status
onym_env_replace(struct onym_env *env, struct onym_fault *fault)
{
    struct onym_fault why = {0};

    /* what was written down of the old file must never be written into the new one */
    if (close_data(env) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_IO,
                              "%s: cannot be synced; see the system's log for the "
                              "disk",
                              env->data_path);
    }
    if (rename(env->new_path, env->data_path) != 0) {
        return io_fault(fault, env->data_path, "put the new file in its place", errno);
    }
    if (sync_dir(env->dir, fault) != ONYM_OK) {
        /* it is there now; whether it is after a power cut is the disk's secret */
        return onym_fault_set(fault, ONYM_UNCERTAIN,
                              "%s: the new file is in its place, but the directory could not be "
                              "synced, so a power cut may bring the old one back; see the system's "
                              "log for the disk, then load again",
                              env->data_path);
    }
    if (open_data(env, false, 0, &why) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_UNCERTAIN,
                              "the new file is complete and in its place, but cannot be opened: %s",
                              why.text);
    }
    return ONYM_OK;
}

/* Best effort: a cached page that cannot be dropped is only not read from the disk. */
static void
drop_cache(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        (void)close(fd);
    }
}

enum onym_status
onym_env_reopen(struct onym_env *env, struct onym_fault *fault)
{
    enum onym_status status;

    (void)pthread_mutex_lock(&env->reopening);
    (void)close_data(env);
    drop_cache(env->data_path);
    status = open_data(env, false, 0, fault);
    if (status != ONYM_OK) {
        (void)close_data(env);
    }
    (void)pthread_mutex_unlock(&env->reopening);
    return status;
}

unsigned
onym_env_reap_readers(struct onym_env *env)
{
    unsigned dead = 0;

    (void)pthread_mutex_lock(&env->reopening);
    if (env->tables.mdb != NULL) {
        dead = reap_readers(env);
    }
    (void)pthread_mutex_unlock(&env->reopening);
    return dead;
}

/* LMDB lists its readers as lines of text: a heading, then one a reader. */
static int
count_reader_line(const char *line, void *count)
{
    (void)line;
    ++*(unsigned *)count;
    return 0;
}

static unsigned
readers_of(const struct onym_env *env)
{
    unsigned lines = 0;

    return mdb_reader_list(env->tables.mdb, count_reader_line, &lines) >= 0 && lines > 0 ? lines - 1
                                                                                         : 0;
}

static enum onym_status
read_stat(const struct onym_env *env, struct onym_env_stat *out)
{
    struct onym_env_stat s = {0};
    struct onym_counts counts;
    struct stat st;
    MDB_envinfo info;
    MDB_stat pages;
    MDB_txn *txn;

    if (stat(env->data_path, &st) != 0 || mdb_env_info(env->tables.mdb, &info) != 0 ||
        mdb_env_stat(env->tables.mdb, &pages) != 0 ||
        mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &txn) != 0) {
        return ONYM_IO;
    }
    enum onym_status status = onym_meta_counts(&env->tables, txn, &counts);

    if (status == ONYM_OK) {
        status = onym_meta_digest(&env->tables, txn, &s.log_hash);
    }
    mdb_txn_abort(txn);
    if (status != ONYM_OK) {
        return ONYM_IO;
    }
    s.handles = counts.handles;
    s.prefixes = counts.prefixes;
    s.map_size = info.me_mapsize;
    s.map_used = (info.me_last_pgno + 1) * pages.ms_psize;
    s.file_size = (uint64_t)st.st_size;
    s.readers = readers_of(env);
    *out = s;
    return ONYM_OK;
}

enum onym_status
onym_env_stat(struct onym_env *env, struct onym_env_stat *out)
{
    enum onym_status status = ONYM_IO;

    (void)pthread_mutex_lock(&env->reopening);
    if (env->tables.mdb != NULL) {
        status = read_stat(env, out);
    }
    (void)pthread_mutex_unlock(&env->reopening);
    return status;
}
