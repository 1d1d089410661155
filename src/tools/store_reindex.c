#include "store/reindex.h"

#include "base/clock.h"
#include "base/options.h"
#include "tools/store.h"
#include "tools/store_common.h"
#include "tools/text.h"

#include <stdio.h>

const char onym_store_reindex_help[] =
    "Makes the tables again that are derived from others: the filters of names that\n"
    "spare the history of an identifier reading the whole log. Needed once for a\n"
    "store of an older version with a long log, and never otherwise; without it the\n"
    "answers are the same and come later. The node must be stopped.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 done; 1 parts of the log cannot be read; 2 usage; 5 the disk is\n"
    "full or fails: run it again; 6 the directory is in use.\n\n"
    "Examples:\n"
    "  onymctl store reindex --data onym-data\n"
    "  onymctl --json store reindex --data onym-data\n";

#define WHAT "store reindex"

static void
show_progress(void *of, uint64_t done, uint64_t whole)
{
    onym_progress_step(of, done, done, whole);
}

static int
reindex(const struct onym_cli *cli, struct onym_env *env)
{
    struct onym_progress progress = {.on = false};
    struct onym_reindex_report report;
    struct onym_fault fault = {0};
    uint64_t start_ns = onym_clock_monotonic_ns();
    double seconds;
    enum onym_status status;

    onym_progress_start(&progress, cli, WHAT, "reading");
    status = onym_store_reindex(env, show_progress, &progress, &report, &fault);
    onym_progress_clear(&progress);
    if (status != ONYM_OK) {
        return onym_store_fault(WHAT, &fault);
    }
    seconds = (double)(onym_clock_monotonic_ns() - start_ns) / 1e9;
    if (cli->json) {
        (void)printf("{\"entries\":%llu,\"segments\":%llu,\"left_out\":%llu,\"seconds\":%.3f}\n",
                     (unsigned long long)report.entries, (unsigned long long)report.segments,
                     (unsigned long long)report.left_out, seconds);
    } else if (!cli->quiet) {
        (void)printf("%llu log %s, %llu %s indexed in %.2f s\n", (unsigned long long)report.entries,
                     onym_word_of(report.entries, "entry", "entries"),
                     (unsigned long long)report.segments,
                     onym_word_of(report.segments, "segment", "segments"), seconds);
    }
    if (report.left_out > 0) {
        (void)fprintf(stderr,
                      "onymctl " WHAT ": %llu %s cannot be read whole; onymctl audit verify "
                      "names the first damaged entry\n",
                      (unsigned long long)report.left_out,
                      onym_word_of(report.left_out, "segment", "segments"));
        return ONYM_EXIT_NEGATIVE;
    }
    return ONYM_EXIT_DONE;
}

int
onym_store_reindex_command(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct onym_env *env = NULL;
    const char *data = NULL;
    size_t map_size = 0;
    int option;
    int code = ONYM_EXIT_DONE;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1 &&
           code == ONYM_EXIT_DONE) {
        if (option == 'd') {
            data = optarg;
        } else if (option == 's') {
            code = onym_store_size(WHAT, "--map-size", optarg, 1024 * 1024, &map_size);
        } else {
            return onym_store_bad_option(WHAT, argv);
        }
    }
    if (code == ONYM_EXIT_DONE && (data == NULL || optind != argc)) {
        return onym_usage_error(
            WHAT, "name the stopped node's directory, and nothing else: --data onym-data");
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_store_open(&(const struct onym_store_place){.cli = cli,
                                                                .verb = WHAT,
                                                                .dir = data,
                                                                .map_size = map_size,
                                                                .damaged = ONYM_EXIT_NEGATIVE},
                               &env);
    }
    if (code == ONYM_EXIT_DONE) {
        code = reindex(cli, env);
    }
    onym_env_close(env);
    return code;
}
