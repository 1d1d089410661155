#include "base/clock.h"
#include "base/options.h"
#include "onym/model/ident.h"
#include "store/scan.h"
#include "tools/store.h"
#include "tools/store_common.h"
#include "tools/text.h"
#include "wire/json_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_LEN ((size_t)256 << 10) /* written at once; a longer record takes more */
#define STEP_ROWS  4096U

const char onym_store_dump_help[] =
    "Writes every record as one line of NDJSON to FILE, or to standard output\n"
    "without FILE or with -. `onymctl load` takes it back to the same records, with\n"
    "their values, permissions, times and revisions. A FILE appears when it is\n"
    "complete. The node must be stopped. Damaged records are named and left out;\n"
    "the exit status is then 1.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 everything is written; 1 damaged records were left out, or there\n"
    "is no store; 2 usage; 5 it cannot be read, or FILE not written; 6 a node has the\n"
    "directory.\n\n"
    "Examples:\n"
    "  onymctl dump --data onym-data parts.ndjson\n"
    "  onymctl dump --data onym-data | zstd > parts.ndjson.zst\n";

struct job {
    const struct onym_cli *cli;
    const char *data;
    const char *path; /* NULL = standard output */
    size_t map_size;
    struct onym_env *env;
    struct onym_view *view;
    struct onym_progress progress;
    int fd;
    char *part; /* the file's name until it is complete; NULL when written in place */
    struct onym_writer w;
    uint64_t rows, rows_total, damaged;
};

static int
complain(const struct job *job, const char *doing)
{
    char text[128];

    (void)fprintf(stderr, "onymctl dump: %s: cannot %s: %s\n",
                  job->path != NULL ? job->path : "(standard output)", doing,
                  strerror_r(errno, text, sizeof text));
    return ONYM_EXIT_SERVER;
}

static int
open_output(struct job *job)
{
    struct stat st;

    if (job->path == NULL) {
        job->fd = STDOUT_FILENO;
        return ONYM_EXIT_DONE;
    }
    if (stat(job->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        job->fd = open(job->path, O_WRONLY | O_CLOEXEC);
    } else if (asprintf(&job->part, "%s.part", job->path) < 0) {
        job->part = NULL;
        return complain(job, "open");
    } else {
        job->fd = open(job->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    return job->fd < 0 ? complain(job, "open") : ONYM_EXIT_DONE;
}

static int
flush(struct job *job)
{
    onym_span left = onym_writer_written(&job->w);

    /* by its stream, so that it is known that something was written there */
    if (job->path == NULL &&
        (fwrite(left.at, 1, left.len, stdout) != left.len || fflush(stdout) != 0)) {
        return complain(job, "write");
    }
    while (job->path != NULL && left.len > 0) {
        ssize_t put = write(job->fd, left.at, left.len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return complain(job, "write");
        }
        left = onym_span_from(left, (size_t)put);
    }
    job->w.len = 0;
    return ONYM_EXIT_DONE;
}

static int
close_output(struct job *job)
{
    int code = flush(job);

    if (code != ONYM_EXIT_DONE || job->part == NULL) {
        return code;
    }
    if (fsync(job->fd) != 0) {
        return complain(job, "write");
    }
    return rename(job->part, job->path) == 0 ? ONYM_EXIT_DONE : complain(job, "rename");
}

/* Whether the prefix of a prefix record is homed here. */
static bool
is_homed(const struct job *job, onym_span name)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];

    if (!onym_json_is_prefix_record(name) || name.len > sizeof folded) {
        return false;
    }
    onym_ident_upper(name, folded);
    return onym_view_has(job->view, ONYM_KIND_PREFIX, onym_span_of(folded, name.len));
}

/* Whether a homed prefix has a record of its own, which then tells of it. */
static bool
has_record(const struct job *job, onym_span name)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];

    if (name.len > sizeof folded) {
        return false;
    }
    onym_ident_upper(name, folded);
    return onym_view_has(job->view, ONYM_KIND_HANDLE, onym_span_of(folded, name.len));
}

static void
write_record(struct job *job, enum onym_kind kind, const struct onym_record *record)
{
    if (kind == ONYM_KIND_HANDLE) {
        onym_json_record_write(&job->w, record, is_homed(job, record->name));
    } else if (!has_record(job, record->name)) {
        onym_json_prefix_write(&job->w, record);
    }
}

/* Puts one record into the buffer, which is written when it is full and grows for a long one. */
static int
put_record(struct job *job, enum onym_kind kind, const struct onym_record *record)
{
    for (;;) {
        size_t before = job->w.len;
        int code;

        write_record(job, kind, record);
        if (job->w.status == ONYM_OK) {
            return ONYM_EXIT_DONE;
        }
        job->w.status = ONYM_OK;
        job->w.len = before;
        code = flush(job);
        if (code != ONYM_EXIT_DONE) {
            return code;
        }
        if (before == 0) {
            uint8_t *grown = realloc(job->w.at, job->w.cap * 2);

            if (grown == NULL) {
                return complain(job, "write");
            }
            job->w.at = grown;
            job->w.cap *= 2;
        }
    }
}

static int
dump_kind(struct job *job, enum onym_kind kind)
{
    struct onym_record record;
    struct onym_scan *scan;
    enum onym_status status = onym_scan_open(job->view, kind, onym_span_of(NULL, 0), &scan);
    int code = ONYM_EXIT_DONE;

    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl dump: %s: %s\n", job->data, onym_status_text(status));
        return ONYM_EXIT_SERVER;
    }
    while (code == ONYM_EXIT_DONE &&
           ((status = onym_scan_next(scan, &record)) == ONYM_OK || status == ONYM_CORRUPT)) {
        if (status == ONYM_CORRUPT) {
            onym_progress_clear(&job->progress);
            (void)fputs("onymctl dump: damaged record left out: ", stderr);
            onym_text_print(stderr, record.name);
            (void)fputc('\n', stderr);
            job->damaged++;
            continue;
        }
        code = put_record(job, kind, &record);
        job->rows += kind == ONYM_KIND_HANDLE;
        if (job->rows % STEP_ROWS == 0) {
            onym_progress_step(&job->progress, job->rows, job->rows, job->rows_total);
        }
    }
    onym_scan_close(scan);
    if (code == ONYM_EXIT_DONE && status != ONYM_NOT_FOUND) {
        (void)fprintf(stderr, "onymctl dump: %s: %s\n", job->data, onym_status_text(status));
        return ONYM_EXIT_SERVER;
    }
    return code;
}

static void
print_summary(const struct job *job, double seconds)
{
    if (job->cli->json && job->path != NULL) {
        (void)printf("{\"rows\":%llu,\"damaged\":%llu,\"seconds\":%.3f}\n",
                     (unsigned long long)job->rows, (unsigned long long)job->damaged, seconds);
    }
    if (!job->cli->quiet) {
        (void)fprintf(stderr, "onymctl dump: %llu %s in %.2f s, %llu damaged left out\n",
                      (unsigned long long)job->rows,
                      onym_word_of(job->rows, "identifier", "identifiers"), seconds,
                      (unsigned long long)job->damaged);
    }
}

static int
run(struct job *job)
{
    uint64_t start_ns = onym_clock_monotonic_ns();
    struct onym_env_stat stat;
    int code = onym_store_open(&(const struct onym_store_place){.cli = job->cli,
                                                                .verb = "dump",
                                                                .dir = job->data,
                                                                .map_size = job->map_size,
                                                                .damaged = ONYM_EXIT_NEGATIVE},
                               &job->env);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    job->w = onym_writer_over(malloc(BUFFER_LEN), BUFFER_LEN);
    if (job->w.at == NULL || onym_view_open(job->env, &job->view) != ONYM_OK ||
        onym_env_stat(job->env, &stat) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl dump: %s: the store cannot be read\n", job->data);
        return ONYM_EXIT_SERVER;
    }
    job->rows_total = stat.handles;
    code = open_output(job);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    onym_progress_start(&job->progress, job->cli, "dump", "writing");
    code = dump_kind(job, ONYM_KIND_HANDLE);
    if (code == ONYM_EXIT_DONE) {
        code = dump_kind(job, ONYM_KIND_PREFIX);
    }
    onym_progress_clear(&job->progress);
    if (code == ONYM_EXIT_DONE) {
        code = close_output(job);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    print_summary(job, (double)(onym_clock_monotonic_ns() - start_ns) / 1e9);
    return job->damaged > 0 ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_DONE;
}

static int
read_options(struct job *job, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int option;
    int code = ONYM_EXIT_DONE;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1 &&
           code == ONYM_EXIT_DONE) {
        if (option == 'd') {
            job->data = optarg;
        } else if (option == 's') {
            code = onym_store_size("dump", "--map-size", optarg, 1024 * 1024, &job->map_size);
        } else {
            return onym_store_bad_option("dump", argv);
        }
    }
    if (code == ONYM_EXIT_DONE && job->data == NULL) {
        return onym_usage_error("dump", "--data DIR is missing: the node's data directory");
    }
    if (code == ONYM_EXIT_DONE && argc - optind > 1) {
        return onym_usage_error("dump", "expected one FILE at most");
    }
    if (optind < argc && strcmp(argv[optind], "-") != 0) {
        job->path = argv[optind];
    }
    return code;
}

int
onym_store_dump(const struct onym_cli *cli, int argc, char **argv)
{
    struct job job = {.cli = cli, .fd = -1};
    int code = read_options(&job, argc, argv);

    if (code == ONYM_EXIT_DONE) {
        code = run(&job);
    }
    if (job.fd > STDERR_FILENO) {
        (void)close(job.fd);
    }
    if (job.part != NULL && code != ONYM_EXIT_DONE && code != ONYM_EXIT_NEGATIVE) {
        (void)unlink(job.part);
    }
    free(job.part);
    free(job.w.at);
    onym_view_close(job.view);
    onym_env_close(job.env);
    return code;
}
