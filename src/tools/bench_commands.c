#include "tools/bench_commands.h"

#include "base/options.h"
#include "tools/bench_compare.h"
#include "tools/bench_output.h"
#include "tools/bench_report.h"
#include "tools/bench_result.h"
#include "tools/bench_run.h"
#include "tools/command.h"

#include <stdio.h>

#define MARGIN_DEFAULT 5.0

int
onym_bench_command_run(int argc, char **argv)
{
    struct onym_bench_args args = onym_bench_args_default();
    struct onym_bench_plan plan = {.settings = &args.settings, .output = &args.output};
    json_t *run = NULL;
    int code = onym_bench_args_options(argc, argv, &args);

    if (code == ONYM_EXIT_DONE && argc - optind != 1) {
        code = onym_bench_usage("run", argc == optind ? "name the server: onymbench run 127.0.0.1"
                                                      : "one server at a time");
    }
    if (code == ONYM_EXIT_DONE &&
        (args.https_port > 0 || args.beside_rate > 0 || args.import_rows > 0)) {
        code = onym_bench_usage("run", "--https-port, --beside-rate and --import-rows are for "
                                       "onymbench workload");
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_bench_args_settle(argv[optind], &args);
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_bench_output_check(&args.output);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    onym_bench_run_signals();
    plan.text = onym_bench_output_text(&args.output);
    code = onym_bench_run(&plan, &run);
    return run != NULL ? onym_bench_output_write(&args.output, NULL, json_pack("[o]", run), code)
                       : code;
}

static int
read_document(const char *verb, const char *path, json_t **out)
{
    struct onym_fault fault;

    if (onym_bench_result_read(path, out, &fault) != ONYM_OK) {
        return onym_bench_usage(verb, "%s", fault.text);
    }
    return ONYM_EXIT_DONE;
}

static int
compare_options(int argc, char **argv, double *margin, bool *json)
{
    static const struct option options[] = {{"margin", required_argument, NULL, 'm'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    int choice;

    optind = 0;
    opterr = 0;
    while ((choice = onym_option_next(argc, argv, ":", options, NULL)) != -1) {
        if (choice == 'j') {
            *json = true;
        } else if (choice == 'm') {
            if (!onym_bench_args_number(optarg, 0, 1000, margin)) {
                return onym_bench_usage("compare", "--margin %s: give per cent from 0 to 1000",
                                        optarg);
            }
        } else {
            return onym_bench_args_unknown("compare", options, argv);
        }
    }
    return argc - optind == 2
               ? ONYM_EXIT_DONE
               : onym_bench_usage("compare", "give two files: onymbench compare A.json B.json");
}

int
onym_bench_command_compare(int argc, char **argv)
{
    double margin = MARGIN_DEFAULT;
    bool as_json = false;
    json_t *a = NULL;
    json_t *b = NULL;
    enum onym_bench_verdict_of_two verdict = ONYM_BENCH_UNEQUAL;
    int code = compare_options(argc, argv, &margin, &as_json);

    if (code == ONYM_EXIT_DONE) {
        code = read_document("compare", argv[optind], &a);
    }
    if (code == ONYM_EXIT_DONE) {
        code = read_document("compare", argv[optind + 1], &b);
    }
    if (code == ONYM_EXIT_DONE) {
        json_t *comparison = onym_bench_compare(a, b, margin / 100, &verdict);

        if (as_json) {
            (void)json_dumpf(comparison, stdout, JSON_INDENT(1));
            (void)putchar('\n');
        } else {
            onym_bench_compare_print(comparison, stdout);
        }
        json_decref(comparison);
        code = verdict == ONYM_BENCH_SAME || verdict == ONYM_BENCH_BETTER ? ONYM_EXIT_DONE
                                                                          : ONYM_EXIT_NEGATIVE;
    }
    json_decref(a);
    json_decref(b);
    return code;
}

int
onym_bench_command_report(int argc, char **argv)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    json_t *document = NULL;
    int code;

    optind = 0;
    opterr = 0;
    if (onym_option_next(argc, argv, ":", options, NULL) != -1) {
        return onym_bench_args_unknown("report", options, argv);
    }
    if (argc - optind != 1) {
        return onym_bench_usage("report", "give one file: onymbench report A.json > A.html");
    }
    code = read_document("report", argv[optind], &document);
    if (code == ONYM_EXIT_DONE) {
        onym_bench_report(document, stdout);
    }
    json_decref(document);
    return code;
}
