#include "tools/bench_output.h"

#include "tools/bench_report.h"
#include "tools/bench_result.h"
#include "tools/command.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_standard(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

FILE *
onym_bench_output_text(const struct onym_bench_output *output)
{
    return is_standard(output->json) || is_standard(output->report) ? stderr : stdout;
}

static void
write_json(const json_t *document, FILE *out)
{
    (void)json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    (void)fputc('\n', out);
}

static bool
write_file(const char *path, const json_t *document, void (*write)(const json_t *, FILE *))
{
    FILE *file = is_standard(path) ? stdout : fopen(path, "w");
    bool fine = file != NULL;

    if (fine) {
        write(document, file);
        fine = fflush(file) == 0 && ferror(file) == 0;
    }
    if (!fine) {
        (void)fprintf(stderr, "onymbench: cannot write %s: %s\n", path, strerror(errno));
    }
    if (file != NULL && file != stdout && fclose(file) != 0 && fine) {
        (void)fprintf(stderr, "onymbench: cannot write %s: %s\n", path, strerror(errno));
        fine = false;
    }
    return fine;
}

/* Whether a file there can be written; says why not. It is not opened: that would empty it, or end
 * who reads from it. */
static bool
can_write(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    struct stat there;

    if (is_standard(path)) {
        return true;
    }
    if (slash != NULL) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    }
    errno = 0;
    if (stat(path, &there) == 0 ? access(path, W_OK) == 0 && !S_ISDIR(there.st_mode)
                                : errno == ENOENT && access(folder, W_OK) == 0) {
        return true;
    }
    (void)fprintf(stderr, "onymbench: cannot write %s: %s\n", path,
                  strerror(errno == 0 ? EISDIR : errno));
    return false;
}

int
onym_bench_output_check(const struct onym_bench_output *output)
{
    if (is_standard(output->json) && is_standard(output->report)) {
        return onym_bench_usage("",
                                "--json - and --report -: only one of them can be standard output");
    }
    return (output->json == NULL || can_write(output->json)) &&
                   (output->report == NULL || can_write(output->report))
               ? ONYM_EXIT_DONE
               : ONYM_EXIT_SERVER;
}

int
onym_bench_output_write(const struct onym_bench_output *output, const char *workload, json_t *runs,
                        int code)
{
    json_t *document = onym_bench_result_document(workload, runs);
    bool fine = true;

    if (output->json != NULL) {
        fine = write_file(output->json, document, write_json);
    }
    if (output->report != NULL) {
        fine = write_file(output->report, document, onym_bench_report) && fine;
    }
    json_decref(document);
    return fine ? code : ONYM_EXIT_SERVER;
}
