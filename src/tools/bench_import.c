#include "tools/bench_import.h"
#include "tools/text.h"

#include "base/clock.h"
#include "base/writer.h"
#include "tools/bench_change.h"
#include "tools/command.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER_MAX  256U
#define CSV_THREAD  UINT32_MAX /* in the names: no thread of a load has that number */
#define OUTPUT_MAX  4096U
#define PATH_LEN    (FOLDER_MAX + 32U)
#define LEFT_BEHIND 5U /* files that it and the batch client make */

struct onym_bench_import {
    struct onym_bench_import_plan plan;
    char folder[FOLDER_MAX];
    pid_t process; /* 0 = it has ended */
    int status;    /* of waitpid */
    int go;        /* closed: it may begin */
    uint64_t began_ns, ended_ns;
};

static const char *
path_of(const struct onym_bench_import *import, const char *name, char out[PATH_LEN])
{
    (void)snprintf(out, PATH_LEN, "%s/%s", import->folder, name);
    return out;
}

static bool
write_rows(const struct onym_bench_import *import)
{
    char path[PATH_LEN];
    FILE *file = fopen(path_of(import, "rows.csv", path), "we");
    bool good = file != NULL && fputs("handle,2000:partNo,2001:partName,2016:verifyUrl,"
                                      "2019:remark\n",
                                      file) >= 0;

    for (uint64_t i = 0; good && i < import->plan.rows; i++) {
        uint8_t name[512];
        struct onym_writer w = onym_writer_over(name, sizeof name);

        onym_bench_change_name(import->plan.identity, CSV_THREAD, i, &w);
        good = fprintf(file,
                       "%.*s,3001011-K45,\"front axle beam, forged, 42CrMo, quenched, tempered\","
                       "https://id.example.cn/%.*s,\"inspected, released, note 0\"\n",
                       (int)w.len, (const char *)name, (int)w.len, (const char *)name) > 0;
    }
    if (file != NULL) {
        good = fclose(file) == 0 && good;
    }
    return good;
}

static void
remove_folder(const struct onym_bench_import *import)
{
    static const char *const names[LEFT_BEHIND] = {"rows.csv", "rows.csv.job", "rows.csv.failed",
                                                   "out", "said"};
    char path[PATH_LEN];

    for (size_t i = 0; i < LEFT_BEHIND; i++) {
        (void)unlink(path_of(import, names[i], path));
    }
    (void)rmdir(import->folder);
}

/* ---- the process ---- */

static const struct onym_command *
batch_run(void)
{
    const struct onym_command *command = onym_commands_batch;

    while (strcmp(command->verb, "run") != 0) {
        command++;
    }
    return command;
}

/* Standard output and error become files, so that the load's own lines stay together. */
static void
redirect(const struct onym_bench_import *import, const char *name, int number)
{
    char path[PATH_LEN];
    int fd = open(path_of(import, name, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || dup2(fd, number) < 0) {
        _exit(ONYM_EXIT_SERVER);
    }
}

_Noreturn static void
be_client(const struct onym_bench_import *import, int wait_for)
{
    const struct onym_bench_import_plan *plan = &import->plan;
    const struct onym_cli cli = {.program = "onymctl",
                                 .server = plan->server,
                                 .json = true,
                                 .quiet = true,
                                 .no_progress = true};
    char file[PATH_LEN];
    char *argv[] = {(char *)(uintptr_t) "run",
                    (char *)(uintptr_t)path_of(import, "rows.csv", file),
                    (char *)(uintptr_t) "--as",
                    (char *)(uintptr_t)plan->identity->as,
                    (char *)(uintptr_t) "--secret-file",
                    (char *)(uintptr_t)plan->secret_file,
                    (char *)(uintptr_t) "--results",
                    (char *)(uintptr_t) "none",
                    (char *)(uintptr_t) "--ca",
                    (char *)(uintptr_t)plan->authorities,
                    NULL};
    int argc = plan->authorities != NULL ? 10 : 8;
    char byte;
    int code;

    redirect(import, "out", STDOUT_FILENO);
    redirect(import, "said", STDERR_FILENO);
    argv[argc] = NULL;
    while (read(wait_for, &byte, 1) < 0 && errno == EINTR) {
    }
    code = batch_run()->run(&cli, argc, argv);
    (void)fflush(NULL);
    _exit(code);
}

enum onym_status
onym_bench_import_new(const struct onym_bench_import_plan *plan, struct onym_bench_import **out,
                      struct onym_fault *fault)
{
    struct onym_bench_import *import = calloc(1, sizeof *import);
    const char *under = getenv("TMPDIR");
    int ends[2];

    if (import == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for an import");
    }
    import->plan = *plan;
    if (snprintf(import->folder, FOLDER_MAX, "%s/onymbench-XXXXXX",
                 under != NULL && under[0] != '\0' ? under : "/tmp") >= (int)FOLDER_MAX ||
        mkdtemp(import->folder) == NULL) {
        free(import);
        return onym_fault_set(fault, ONYM_IO, "no folder for the rows of the import: %s",
                              strerror(errno));
    }
    if (!write_rows(import) || pipe2(ends, O_CLOEXEC) != 0) {
        (void)onym_fault_set(fault, ONYM_IO, "%s: the rows of the import cannot be written: %s",
                             import->folder, strerror(errno));
        remove_folder(import);
        free(import);
        return ONYM_IO;
    }
    (void)fflush(NULL); /* or the process would say again what waits in buffers */
    import->process = fork();
    if (import->process == 0) {
        (void)close(ends[1]);
        be_client(import, ends[0]);
    }
    (void)close(ends[0]);
    import->go = ends[1];
    if (import->process < 0) {
        (void)onym_fault_set(fault, ONYM_IO, "no process for the import: %s", strerror(errno));
        (void)close(import->go);
        remove_folder(import);
        free(import);
        return ONYM_IO;
    }
    *out = import;
    return ONYM_OK;
}

void
onym_bench_import_go(struct onym_bench_import *import)
{
    import->began_ns = onym_clock_monotonic_ns();
    (void)close(import->go);
    import->go = -1;
}

/* options as of waitpid. */
static bool
await(struct onym_bench_import *import, int options)
{
    pid_t ended = 0;

    while (import->process > 0 &&
           (ended = waitpid(import->process, &import->status, options)) < 0 && errno == EINTR) {
    }
    if (ended != 0) {
        import->process = 0;
        import->ended_ns = onym_clock_monotonic_ns();
    }
    return import->process == 0;
}

bool
onym_bench_import_over(struct onym_bench_import *import)
{
    return await(import, WNOHANG);
}

/* ---- the end ---- */

/* The front of a file it left, as text. */
static void
read_front(const struct onym_bench_import *import, const char *name, char out[OUTPUT_MAX])
{
    char path[PATH_LEN];
    FILE *file = fopen(path_of(import, name, path), "re");
    size_t len = file != NULL ? fread(out, 1, OUTPUT_MAX - 1, file) : 0;

    out[len] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
}

static uint64_t
count_of(const json_t *summary, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(summary, name));
}

void
onym_bench_import_end(struct onym_bench_import *import, struct onym_bench_imported *out)
{
    char text[OUTPUT_MAX];
    bool stopped;
    json_t *told;
    const json_t *summary;

    if (import == NULL) {
        return;
    }
    stopped = !await(import, WNOHANG);
    if (stopped) {
        (void)kill(import->process, SIGTERM);
        if (import->go >= 0) { /* it waits for its turn, and blocks the signal */
            (void)kill(import->process, SIGKILL);
        }
        (void)await(import, 0);
    }
    if (import->go >= 0) {
        (void)close(import->go);
        import->began_ns = import->ended_ns;
    }
    read_front(import, "out", text);
    told = json_loads(text, 0, NULL);
    summary = json_object_get(told, "summary");
    *out = (struct onym_bench_imported){
        .rows = import->plan.rows,
        .settled = count_of(summary, "rows"),
        .stored = count_of(summary, "done") + count_of(summary, "unchanged"),
        .seconds = (double)(import->ended_ns - import->began_ns) / 1e9,
        .complete = json_is_true(json_object_get(told, "complete")),
        .failed = !stopped && (!WIFEXITED(import->status) || WEXITSTATUS(import->status) != 0)};
    json_decref(told);
    if (out->failed) {
        read_front(import, "said", text);
        (void)fprintf(stderr, "onymbench: the import failed: %s", text);
    } else if (out->settled > out->stored) {
        (void)fprintf(stderr, "onymbench: %llu %s refused\n",
                      (unsigned long long)(out->settled - out->stored),
                      onym_word_of(out->settled - out->stored, "row of the import was",
                                   "rows of the import were"));
        out->failed = true;
    }
    remove_folder(import);
    free(import);
}
