#include "tools/bench_output.h"

#include "tools/bench_report.h"
#include "tools/bench_result.h"
#include "tools/command.h"

#include <errno.h>

FILE *
onym_bench_output_text(const struct onym_bench_output *output)
{
    return output->json != NULL && strcmp(output->json, "-") == 0 ? stderr : stdout;
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
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
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
