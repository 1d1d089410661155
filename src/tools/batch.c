/* onymctl batch: files of many rows. */
#include "tools/batch.h"

#include "base/clock.h"
#include "tools/batch_report.h"
#include "tools/command_options.h"
#include "tools/id_change_values.h"
#include "tools/server_name.h"
#include "tools/store_common.h"
#include "tools/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECTIONS_DEFAULT 16U
#define RETRY_DEFAULT_S     30U

enum option_code {
    OPT_FORMAT = 256,
    OPT_MODE,
    OPT_ENCODING,
    OPT_MAP,
    OPT_DRY_RUN,
    OPT_RESTART,
    OPT_RESULTS,
    OPT_ON_ERROR,
    OPT_CONNECTIONS,
    OPT_RETRY
};

/* Which options a verb takes. */
enum option_group { GROUP_INPUT = 1, GROUP_RUN = 2, GROUP_SEND = 4 };

struct words {
    struct onym_batch_order order;
    unsigned groups; /* of options that the verb takes */
    bool restart;
};

static unsigned
group_of(int code)
{
    return code >= OPT_FORMAT && code <= OPT_MAP        ? GROUP_INPUT
           : code == OPT_DRY_RUN || code == OPT_RESTART ? GROUP_RUN
                                                        : GROUP_SEND;
}

static int
take_input_option(struct onym_batch_order *order, int code, const char *argument)
{
    struct onym_batch_input *input = &order->input;

    if (code == OPT_FORMAT) {
        if (onym_batch_format_of(argument) < 0) {
            return onym_usage_error(order->what, "--format %s: give auto, csv, ndjson or handle",
                                    argument);
        }
        input->format = (enum onym_batch_format)onym_batch_format_of(argument);
    } else if (code == OPT_MODE) {
        if (onym_batch_mode_of(argument) < 0) {
            return onym_usage_error(order->what, "--mode %s: give create, upsert or delete",
                                    argument);
        }
        input->mode = (enum onym_batch_mode)onym_batch_mode_of(argument);
    } else if (strchr(argument, '\n') != NULL) {
        return onym_usage_error(order->what, "a column or an encoding has no line end in its name");
    } else if (code == OPT_ENCODING) {
        input->encoding = argument;
    } else if (input->map_count == ONYM_BATCH_MAPS_MAX) {
        return onym_usage_error(order->what, "at most %u --map", ONYM_BATCH_MAPS_MAX);
    } else {
        input->maps[input->map_count++] = argument;
    }
    return ONYM_EXIT_DONE;
}

static int
take_send_option(struct onym_batch_order *order, int code, const char *argument)
{
    static const char *const results[] = {"failed", "all", "none"};
    uint32_t number = 0;

    switch (code) {
    case OPT_RESULTS:
        for (int i = 0; i < 3; i++) {
            if (strcmp(argument, results[i]) == 0) {
                order->results = (enum onym_batch_results)i;
                return ONYM_EXIT_DONE;
            }
        }
        return onym_usage_error(order->what, "--results %s: give failed, all or none", argument);
    case OPT_ON_ERROR:
        order->stop_on_error = strcmp(argument, "stop") == 0;
        return order->stop_on_error || strcmp(argument, "continue") == 0
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(order->what, "--on-error %s: give continue or stop",
                                      argument);
    case OPT_CONNECTIONS:
    case OPT_RETRY:
        if (!onym_value_words_number(
                argument, code == OPT_RETRY ? 86400U : ONYM_BATCH_CONNECTIONS_MAX, &number)) {
            return onym_usage_error(order->what, "%s %s: give a number from 1 to %u",
                                    code == OPT_RETRY ? "--retry" : "--connections", argument,
                                    code == OPT_RETRY ? 86400U : ONYM_BATCH_CONNECTIONS_MAX);
        }
        *(code == OPT_RETRY ? &order->retry_s : &order->connections) = number;
        return ONYM_EXIT_DONE;
    default:
        (void)onym_cli_identity_option(&order->identity, code, argument);
        return ONYM_EXIT_DONE;
    }
}

/* Which options belong to the protocol that --server names. */
static int
choose_road(struct onym_batch_order *order)
{
    if (onym_server_road(order->cli->server) == ONYM_ROAD_LOCAL) {
        return onym_usage_error(order->what,
                                "--server %s: a batch does not go over the Unix socket; on the "
                                "node's machine, too, it goes over https://localhost",
                                order->cli->server);
    }
    if (onym_server_road(order->cli->server) != ONYM_ROAD_HTTPS) {
        order->connections = order->connections > 0 ? order->connections : CONNECTIONS_DEFAULT;
        return ONYM_EXIT_DONE; /* what does not fit is said where the client is opened */
    }
    if (order->connections > 0) {
        return onym_usage_error(order->what, "--connections is for the Handle protocol; over HTTPS "
                                             "all rows share one");
    }
    return ONYM_EXIT_DONE;
}

static int
take_option(void *of, int code, const char *argument)
{
    struct words *w = of;

    if ((group_of(code) & w->groups) == 0) {
        return ONYM_OPTION_UNKNOWN;
    }
    if (code == OPT_DRY_RUN) {
        w->order.dry_run = true;
    } else if (code == OPT_RESTART) {
        w->restart = true;
    } else if (group_of(code) == GROUP_INPUT) {
        return take_input_option(&w->order, code, argument);
    } else {
        return take_send_option(&w->order, code, argument);
    }
    return ONYM_EXIT_DONE;
}

/* Rows are read more than once: to find the encoding, to continue. */
static int
check_path(const struct onym_batch_order *order, const char *path)
{
    struct stat st;

    if (strcmp(path, "-") == 0) {
        return onym_usage_error(order->what, "standard input cannot be read again; store it in a "
                                             "file first");
    }
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode)
               ? onym_usage_error(order->what,
                                  "%s is no file that can be read again; store it in one first",
                                  path)
               : ONYM_EXIT_DONE; /* what is not there is told where it is opened */
}

static int
read_options(struct words *w, unsigned groups, int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, OPT_FORMAT},
        {"mode", required_argument, NULL, OPT_MODE},
        {"encoding", required_argument, NULL, OPT_ENCODING},
        {"map", required_argument, NULL, OPT_MAP},
        {"dry-run", no_argument, NULL, OPT_DRY_RUN},
        {"restart", no_argument, NULL, OPT_RESTART},
        {"results", required_argument, NULL, OPT_RESULTS},
        {"on-error", required_argument, NULL, OPT_ON_ERROR},
        {"connections", required_argument, NULL, OPT_CONNECTIONS},
        {"retry", required_argument, NULL, OPT_RETRY},
        ONYM_IDENTITY_OPTIONS,
        {NULL, 0, NULL, 0}};
    const char *what = w->order.what;
    const struct onym_command_options how = {
        .what = what, .options = options, .take = take_option, .of = w};
    int result;

    w->groups = groups;
    result = onym_command_options_read(&how, argc, argv);
    if (result == ONYM_EXIT_DONE && argc - optind != 1) {
        return onym_usage_error(what, "name one file; standard input cannot be read again to "
                                      "continue, so store it first");
    }
    w->order.input.path = argv[optind];
    if (result == ONYM_EXIT_DONE) {
        result = check_path(&w->order, argv[optind]);
    }
    return result == ONYM_EXIT_DONE ? choose_road(&w->order) : result;
}

static struct words
words_for(const struct onym_cli *cli, const char *what)
{
    return (struct words){.order = {.cli = cli, .what = what, .retry_s = RETRY_DEFAULT_S}};
}

/* ---- run and resume ---- */

#define EARLY "interrupted before anything was sent"

static void
leave(int signal)
{
    static const char text[] = "onymctl batch: " EARLY "\n";

    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(ONYM_EXIT_INTERRUPTED);
}

static void
leave_json(int signal)
{
    static const char text[] = "{\"outcome\":\"failed\",\"responseCode\":null,"
                               "\"status\":\"INTERRUPTED\",\"exit\":130,"
                               "\"message\":\"" EARLY "\"}\n";

    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    leave(signal);
}

/* Until the job waits for signals itself: a large file is read once before. */
static void
leave_when_interrupted(const struct onym_cli *cli)
{
    struct sigaction action = {.sa_handler = cli->json ? leave_json : leave};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static int
fault_exit(const char *what, const struct onym_fault *fault)
{
    (void)fprintf(stderr, "onymctl %s: %s\n", what, fault->text);
    switch ((int)fault->status) {
    case ONYM_INVALID:
        return ONYM_EXIT_USAGE;
    case ONYM_STALE:
        return ONYM_EXIT_REFUSED;
    case ONYM_NOT_FOUND:
        return ONYM_EXIT_NEGATIVE;
    default:
        return ONYM_EXIT_SERVER;
    }
}

/* Two jobs over one file would write one FILE.job. The lock ends with the descriptor. */
static int
lock_input(const struct onym_batch_order *order, int *fd)
{
    *fd = open(order->input.path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)fprintf(stderr, "onymctl %s: %s: another job runs over this file\n", order->what,
                      order->input.path);
        return ONYM_EXIT_REFUSED;
    }
    return ONYM_EXIT_DONE;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_input(const struct onym_batch_input *a, const struct onym_batch_input *b)
{
    bool same = a->mode == b->mode && a->format == b->format && a->map_count == b->map_count &&
                same_text(a->encoding, b->encoding);

    for (size_t i = 0; same && i < a->map_count; i++) {
        same = same_text(a->maps[i], b->maps[i]);
    }
    return same;
}

/* Goes on where an unfinished job over the same file with the same options stopped. */
static void
find_begun(const struct words *w, struct onym_batch_job *job)
{
    const struct onym_batch_order *order = &w->order;
    struct onym_batch_input before = {.path = order->input.path};
    struct onym_fault fault = {.status = ONYM_OK};
    const struct onym_batch_job fresh = *job;
    char *text;

    if (w->restart) {
        return;
    }
    if (onym_batch_job_read(job, &before, &fault) == ONYM_OK && !job->finished &&
        same_input(&before, &order->input)) {
        if (job->rows > 0 && !order->cli->quiet) {
            (void)fprintf(stderr, "onymctl %s: going on behind %llu %s settled\n", order->what,
                          (unsigned long long)job->rows,
                          onym_word_of(job->rows, "row that is", "rows that are"));
        }
        return;
    }
    if (fault.status == ONYM_STALE || fault.status == ONYM_MALFORMED) {
        (void)fprintf(stderr, "onymctl %s: %s %s; the job begins anew\n", order->what,
                      fault.status == ONYM_STALE ? order->input.path : job->path,
                      fault.status == ONYM_STALE ? "has changed since it was begun"
                                                 : "is damaged, or of another version");
    }
    text = job->text;
    *job = fresh;
    job->text = text;
}

static int
run(const struct onym_cli *cli, int argc, char **argv)
{
    struct words w = words_for(cli, "batch run");
    struct onym_batch_job job = {.path = NULL};
    struct onym_fault fault = {.status = ONYM_OK};
    int fd = -1;
    int code = read_options(&w, GROUP_INPUT | GROUP_RUN | GROUP_SEND, argc, argv);

    leave_when_interrupted(cli);
    if (code == ONYM_EXIT_DONE) {
        code = lock_input(&w.order, &fd);
    }
    if (code == ONYM_EXIT_DONE) {
        if (onym_batch_job_init(&job, w.order.input.path, &fault) != ONYM_OK) {
            code = fault_exit(w.order.what, &fault);
        } else {
            if (!w.order.dry_run) {
                find_begun(&w, &job);
            }
            code = onym_batch_run(&w.order, &job);
        }
    }
    onym_batch_job_deinit(&job);
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}

static int
resume(const struct onym_cli *cli, int argc, char **argv)
{
    struct words w = words_for(cli, "batch resume");
    struct onym_batch_job job = {.path = NULL};
    struct onym_fault fault = {.status = ONYM_OK};
    int fd = -1;
    int code = read_options(&w, GROUP_SEND, argc, argv);

    leave_when_interrupted(cli);
    if (code == ONYM_EXIT_DONE) {
        code = lock_input(&w.order, &fd);
    }
    if (code == ONYM_EXIT_DONE) {
        if (onym_batch_job_init(&job, w.order.input.path, &fault) != ONYM_OK ||
            onym_batch_job_read(&job, &w.order.input, &fault) != ONYM_OK) {
            code = fault_exit(w.order.what, &fault);
        } else if (job.finished) {
            const struct onym_batch_end_told end = {.complete = true, .why = ""};

            onym_batch_report_end(&w.order, &job, &end);
            code = job.failed > 0 ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_DONE;
        } else {
            code = onym_batch_run(&w.order, &job);
        }
    }
    onym_batch_job_deinit(&job);
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}

/* ---- check ---- */

static int
check_rows(const struct onym_batch_order *order, struct onym_batch_rows *rows,
           struct onym_batch_job *job, struct onym_fault *fault)
{
    struct onym_batch_row *row;
    enum onym_status status;

    while ((status = onym_batch_rows_next(rows, &row, fault)) == ONYM_OK) {
        struct onym_batch_told told = {.row = row,
                                       .verdict = "broken",
                                       .failed = true,
                                       .code = onym_status_wire(row->status),
                                       .reason = onym_span_text(row->why)};

        job->rows += row->kind != ONYM_BATCH_IDENTITY;
        if (row->kind == ONYM_BATCH_BROKEN) {
            job->failed++;
            onym_batch_report_row(order, &told);
        }
        onym_batch_row_free(row);
    }
    if (status != ONYM_NOT_FOUND) {
        int code = fault_exit(order->what, fault);

        return status == ONYM_INVALID ? ONYM_EXIT_NEGATIVE : code;
    }
    return job->failed > 0 ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_DONE;
}

static int
check(const struct onym_cli *cli, int argc, char **argv)
{
    struct words w = words_for(cli, "batch check");
    struct onym_batch_job job = {.path = NULL};
    struct onym_fault fault = {.status = ONYM_OK};
    struct onym_batch_rows *rows = NULL;
    int code = read_options(&w, GROUP_INPUT, argc, argv);

    if (code == ONYM_EXIT_DONE && onym_batch_rows_open(&w.order.input, &rows, &fault) != ONYM_OK) {
        code = fault_exit(w.order.what, &fault);
    } else if (code == ONYM_EXIT_DONE) {
        onym_batch_report_encoding(&w.order, onym_batch_rows_encoding(rows));
        code = check_rows(&w.order, rows, &job, &fault);
    }
    if (rows != NULL && cli->json) {
        const struct onym_batch_end_told end = {.complete = fault.status == ONYM_NOT_FOUND ||
                                                            fault.status == ONYM_OK,
                                                .code = code,
                                                .why = fault.text};

        (void)printf("{\"summary\":{\"rows\":%llu,\"broken\":%llu}", (unsigned long long)job.rows,
                     (unsigned long long)job.failed);
        onym_batch_report_why(&end);
    }
    if (rows != NULL && !cli->quiet) {
        (void)fprintf(stderr, "onymctl %s: %llu %s, %llu of them broken\n", w.order.what,
                      (unsigned long long)job.rows, onym_word_of(job.rows, "row", "rows"),
                      (unsigned long long)job.failed);
    }
    onym_batch_rows_close(rows);
    return code;
}

const struct onym_command onym_commands_batch[] = {
    {.noun = "batch",
     .verb = "run",
     .usage = "FILE [options]",
     .summary = "Register the rows of a CSV, NDJSON or Handle batch file",
     .help = onym_batch_run_help,
     .run = run},
    {.noun = "batch",
     .verb = "check",
     .usage = "FILE [options]",
     .summary = "Say which rows of a file break their grammar",
     .help = onym_batch_check_help,
     .run = check},
    {.noun = "batch",
     .verb = "resume",
     .usage = "FILE [options]",
     .summary = "Go on with a job that was stopped",
     .help = onym_batch_resume_help,
     .run = resume},
    {.noun = NULL},
};
