#include "tools/batch_run_priv.h"

#include "base/clock.h"
#include "tools/server_name.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct onym_batch_entry *
onym_batch_entry_of(struct onym_batch_running *r, uint64_t row)
{
    return &r->entries[row % ONYM_BATCH_WINDOW];
}

void
onym_batch_stop(struct onym_batch_running *r, int code, const char *text)
{
    onym_progress_clear(&r->progress);
    if (text != NULL) {
        (void)fprintf(stderr, "onymctl %s: %s\n", r->order->what, text);
    }
    r->stopping = true;
    if (r->code == ONYM_EXIT_DONE) {
        r->code = code;
        (void)snprintf(r->why, sizeof r->why, "%s", text != NULL ? text : "");
    }
}

bool
onym_batch_save(struct onym_batch_running *r)
{
    struct onym_fault fault = {.status = ONYM_OK};

    if (r->order->dry_run) {
        return true;
    }
    /* what a full buffer could not write on its way is lost, and fflush does not know of it */
    if (fflush(r->failed) != 0 || ferror(r->failed) != 0 || fdatasync(fileno(r->failed)) != 0) {
        char text[128];

        (void)onym_fault_set(&fault, ONYM_IO,
                             "%s: cannot write it: %s; the same command goes on "
                             "when it can be",
                             r->job->failed_path, strerror_r(errno, text, sizeof text));
    } else {
        r->job->failed_bytes = (uint64_t)ftello(r->failed);
        (void)!onym_batch_job_write(r->job, &r->order->input, &fault);
    }
    r->saved_ns = onym_clock_monotonic_ns();
    if (fault.status != ONYM_OK) {
        onym_batch_stop(r, ONYM_EXIT_SERVER, fault.text);
    }
    return fault.status == ONYM_OK;
}

void
onym_batch_keep_identity(struct onym_batch_running *r, struct onym_batch_row *row)
{
    onym_batch_row_free(r->identity);
    r->identity = row;
    r->identity_told = false;
}

bool
onym_batch_identify(struct onym_batch_running *r, const struct onym_batch_row *row)
{
    struct onym_client_identity who = {
        .handle = row->name, .index = row->indexes[0], .secret = row->secret};
    struct onym_cli_identity with_key = {.as = NULL};
    char as[ONYM_NAME_LEN_MAX + 16];
    char path[4096];

    (void)snprintf(as, sizeof as, "%u:%.*s", (unsigned)row->indexes[0], (int)row->name.len,
                   (const char *)row->name.at);
    (void)snprintf(path, sizeof path, "%.*s", (int)row->key_file.len,
                   (const char *)row->key_file.at);
    with_key.as = as;
    with_key.key = path;
    for (unsigned i = 0; i < r->order->connections; i++) {
        struct onym_client *client = r->slots[i].c.client;
        const char *why = "out of memory";

        if (row->key_file.len > 0) {
            int code = onym_cli_identity_use(&with_key, r->order->what, client);

            if (code != ONYM_EXIT_DONE) {
                onym_batch_stop(r, code, NULL);
                return false;
            }
        } else if (onym_client_identify(client, &who, &why) != ONYM_OK) {
            onym_batch_stop(r, ONYM_EXIT_USAGE, why != NULL ? why : "the secret cannot be used");
            return false;
        }
    }
    return true;
}

/* Passes over what is settled already; who asked for what followed still counts. */
static bool
skip_rows(struct onym_batch_running *r)
{
    struct onym_fault fault = {.status = ONYM_OK};

    for (uint64_t i = 0; i < r->job->rows; i++) {
        struct onym_batch_row *row;
        bool good = true;

        if (onym_batch_rows_next(r->rows, &row, &fault) != ONYM_OK) {
            onym_batch_stop(r, ONYM_EXIT_SERVER,
                            "the file has fewer rows than FILE.job counts; begin again with "
                            "onymctl batch run --restart");
            return false;
        }
        if (row->kind == ONYM_BATCH_IDENTITY) {
            good = onym_batch_identify(r, row);
            onym_batch_keep_identity(r, row);
        } else {
            onym_batch_row_free(row);
        }
        if (!good) {
            return false;
        }
    }
    r->read = r->begun = r->job->rows;
    return true;
}

/* Readable by those who may read the input, whose rows and secrets it repeats. */
static FILE *
open_like(const char *input, const char *path)
{
    struct stat st;
    FILE *file = NULL;
    int fd = -1;

    if (stat(input, &st) == 0) {
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    }
    if (fd >= 0 && fchmod(fd, (st.st_mode & 0666) | S_IRUSR | S_IWUSR) == 0) {
        file = fdopen(fd, "w");
    }
    if (file == NULL && fd >= 0) {
        (void)close(fd);
    }
    return file;
}

/* Whether FILE.failed has lost what FILE.job tells of: somebody took it to correct its rows. */
static bool
was_taken(const struct onym_batch_running *r)
{
    struct stat st;

    return fstat(fileno(r->failed), &st) == 0 && (uint64_t)st.st_size < r->job->failed_bytes;
}

/* FILE.failed as long as FILE.job knows it: what lies behind was not settled. */
static bool
open_failed(struct onym_batch_running *r)
{
    bool fresh;

    if (r->order->dry_run) {
        return true;
    }
    r->failed = open_like(r->order->input.path, r->job->failed_path);
    if (r->failed != NULL && was_taken(r)) {
        (void)fprintf(stderr,
                      "onymctl %s: %s is not as this job left it; it begins anew with the rows "
                      "that fail from here on\n",
                      r->order->what, r->job->failed_path);
        r->job->failed_bytes = 0;
    }
    fresh = r->job->failed_bytes == 0;
    if (r->failed == NULL || ftruncate(fileno(r->failed), (off_t)r->job->failed_bytes) != 0 ||
        fseeko(r->failed, (off_t)r->job->failed_bytes, SEEK_SET) != 0) {
        (void)fprintf(stderr, "onymctl %s: %s: cannot write it: %s\n", r->order->what,
                      r->job->failed_path, strerror(errno));
        r->code = ONYM_EXIT_SERVER;
        return false;
    }
    if (fresh) {
        onym_batch_rows_put_head(r->rows, r->failed);
    }
    return true;
}

bool
onym_batch_open(struct onym_batch_running *r)
{
    struct onym_fault fault = {.status = ONYM_OK};
    sigset_t set;
    sigset_t pipes;

    if (onym_batch_rows_open(&r->order->input, &r->rows, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", r->order->what, fault.text);
        r->code = fault.status == ONYM_INVALID ? ONYM_EXIT_USAGE : ONYM_EXIT_SERVER;
        return false;
    }
    if (onym_server_road(r->order->cli->server) == ONYM_ROAD_HTTPS) {
        if (onym_batch_rows_format(r->rows) == ONYM_BATCH_HANDLE) {
            r->code = onym_usage_error(r->order->what,
                                       "batch files of the Handle tools go over the Handle "
                                       "protocol: --server HOST[:PORT]");
            return false;
        }
        r->code = onym_batch_https_open(r->order, &r->https);
    }
    for (unsigned i = 0; i < r->order->connections && r->code == ONYM_EXIT_DONE; i++) {
        r->code = onym_cli_client_open(r->order->cli, &r->order->identity, r->order->what,
                                       &r->slots[i].c);
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)sigemptyset(&pipes); /* a connection that is lost is no reason to end */
    (void)sigaddset(&pipes, SIGPIPE);
    (void)sigprocmask(SIG_BLOCK, &pipes, NULL);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (r->code != ONYM_EXIT_DONE) {
        return false;
    }
    /* behind what may end the job at once: with --json those words are the message */
    onym_batch_report_encoding(r->order, onym_batch_rows_encoding(r->rows));
    return open_failed(r) && skip_rows(r) && onym_batch_save(r);
}

void
onym_batch_close(struct onym_batch_running *r)
{
    for (unsigned i = 0; i < r->order->connections; i++) {
        if (r->slots[i].c.client != NULL) {
            onym_cli_client_close(&r->slots[i].c);
        }
    }
    for (uint64_t row = r->job->rows; row < r->read; row++) {
        onym_batch_row_free(onym_batch_entry_of(r, row)->row);
    }
    onym_batch_row_free(r->identity);
    onym_batch_https_close(r->https);
    if (r->failed != NULL) {
        (void)fclose(r->failed);
    }
    if (r->signals >= 0) {
        (void)close(r->signals);
    }
    onym_batch_rows_close(r->rows);
}
