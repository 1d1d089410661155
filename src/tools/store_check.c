#include "base/clock.h"
#include "base/hex.h"
#include "base/options.h"
#include "base/writer.h"
#include "store/check.h"
#include "tools/store.h"
#include "tools/store_common.h"
#include "tools/text.h"
#include "wire/json_write.h"

#include <stdio.h>
#include <stdlib.h>

const char onym_store_check_help[] =
    "Reads the whole store: the key, checksum and values of every record, the counts,\n"
    "the hashes of the log, and the records against the log's last checkpoint. Names\n"
    "each damaged record; the exit status is 0 when everything holds and 1 when not.\n"
    "The node must be stopped.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 everything holds; 1 it does not, or there is no store; 2 usage;\n"
    "5 it cannot be read; 6 a node has the directory.\n\n"
    "Examples:\n"
    "  onymctl check --data onym-data\n"
    "  onymctl --json check --data onym-data\n";

#define NAMED_MAX 1000U /* damaged records named in the JSON */

struct job {
    const struct onym_cli *cli;
    struct onym_progress progress;
    struct onym_writer names; /* JSON list of the damaged */
    uint64_t named;
};

static void
show_damaged(void *arg, onym_span name, const char *why)
{
    struct job *job = arg;

    onym_progress_clear(&job->progress);
    (void)fputs("onymctl check: damaged record ", stderr);
    onym_text_print(stderr, name);
    (void)fprintf(stderr, ": %s\n", why);
    if (job->named < NAMED_MAX) {
        size_t before = job->names.len;

        onym_json_put(&job->names, job->named > 0 ? ",{\"handle\":" : "{\"handle\":");
        onym_json_put_string(&job->names, name);
        onym_json_put(&job->names, ",\"problem\":");
        onym_json_put_string(&job->names, onym_span_text(why));
        onym_json_put(&job->names, "}");
        if (job->names.status == ONYM_OK) {
            job->named++;
        } else {
            job->names.len = before;
            job->named = NAMED_MAX; /* no room for more */
        }
    }
}

static void
show_progress(void *arg, uint64_t records, uint64_t whole)
{
    struct job *job = arg;

    onym_progress_step(&job->progress, records, records, whole);
}

static const char *
json_bool(bool value)
{
    return value ? "true" : "false";
}

static void
print_json(const struct job *job, const struct onym_check_report *r, double seconds)
{
    char fold[65];
    char node[33];

    onym_hex_encode(onym_span_of(r->fold, sizeof r->fold), fold);
    onym_hex_encode(onym_span_of(r->node, sizeof r->node), node);
    (void)printf("{\"good\":%s,\"handles\":%llu,\"prefixes_homed\":%llu,\"values\":%llu,"
                 "\"bytes\":%llu,\"damaged\":%llu,\"damaged_records\":[",
                 json_bool(onym_check_is_good(r)), (unsigned long long)r->handles,
                 (unsigned long long)r->prefixes, (unsigned long long)r->values,
                 (unsigned long long)r->bytes, (unsigned long long)r->damaged);
    (void)fwrite(job->names.at, 1, job->names.len, stdout);
    (void)printf("],\"counts_good\":%s,\"log_entries\":%llu,\"log_groups\":%llu,"
                 "\"log_hash\":\"%s\",\"log_good\":%s,"
                 "\"checkpoint\":%s,\"checkpoint_good\":%s,\"fold_sha256\":\"%s\","
                 "\"node_id\":\"%s\",\"seconds\":%.3f}\n",
                 json_bool(r->counts_good), (unsigned long long)r->log_entries,
                 (unsigned long long)r->log_groups, onym_record_digest_name(r->log_hash),
                 json_bool(r->log_good), json_bool(r->has_checkpoint), json_bool(r->fold_good),
                 fold, node, seconds);
}

static void
print_text(const struct job *job, const struct onym_check_report *r, double seconds)
{
    if (!r->counts_good) {
        (void)fputs("onymctl check: the counts of the store are not those of its records\n",
                    stderr);
    }
    if (!r->log_good) {
        (void)fprintf(stderr, "onymctl check: %s\n", r->log_problem);
    }
    if (!r->fold_good) {
        (void)fputs("onymctl check: the records are not what the log's checkpoint says\n", stderr);
    }
    if (!job->cli->quiet) {
        (void)fprintf(
            stderr,
            "onymctl check: %llu %s with %llu %s, %llu homed %s, %llu "
            "log %s with %s in %.2f s: %s\n",
            (unsigned long long)r->handles, onym_word_of(r->handles, "identifier", "identifiers"),
            (unsigned long long)r->values, onym_word_of(r->values, "value", "values"),
            (unsigned long long)r->prefixes, onym_word_of(r->prefixes, "prefix", "prefixes"),
            (unsigned long long)r->log_entries, onym_word_of(r->log_entries, "entry", "entries"),
            onym_record_digest_name(r->log_hash), seconds,
            onym_check_is_good(r) ? "everything holds" : "DAMAGED");
    }
}

static int
check(struct job *job, const struct onym_view *view)
{
    struct onym_check_options options = {
        .damaged = show_damaged, .progress = show_progress, .arg = job};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    uint64_t start_ns = onym_clock_monotonic_ns();
    double seconds;

    onym_progress_start(&job->progress, job->cli, "check", "reading");
    if (onym_store_check(view, &options, &report, &fault) != ONYM_OK) {
        onym_progress_clear(&job->progress);
        return onym_store_fault("check", &fault);
    }
    onym_progress_clear(&job->progress);
    seconds = (double)(onym_clock_monotonic_ns() - start_ns) / 1e9;
    print_text(job, &report, seconds);
    if (job->cli->json) {
        print_json(job, &report, seconds);
    }
    return onym_check_is_good(&report) ? ONYM_EXIT_DONE : ONYM_EXIT_NEGATIVE;
}

static int
run(struct job *job, const char *data, size_t map_size)
{
    struct onym_env *env = NULL;
    struct onym_view *view = NULL;
    int code = onym_store_open(&(const struct onym_store_place){.cli = job->cli,
                                                                .verb = "check",
                                                                .dir = data,
                                                                .map_size = map_size,
                                                                .damaged = ONYM_EXIT_NEGATIVE},
                               &env);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (onym_view_open(env, &view) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl check: %s: the store cannot be read\n", data);
        code = ONYM_EXIT_SERVER;
    } else {
        code = check(job, view);
    }
    onym_view_close(view);
    onym_env_close(env);
    return code;
}

int
onym_store_check_command(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct job job = {.cli = cli};
    const char *data = NULL;
    size_t map_size = 0;
    size_t cap = (size_t)256 << 10;
    int option;
    int code = ONYM_EXIT_DONE;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1 &&
           code == ONYM_EXIT_DONE) {
        if (option == 'd') {
            data = optarg;
        } else if (option == 's') {
            code = onym_store_size("check", "--map-size", optarg, 1024 * 1024, &map_size);
        } else {
            return onym_store_bad_option("check", argv);
        }
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (data == NULL || optind != argc) {
        return onym_usage_error(
            "check", "name the stopped node's directory, and nothing else: --data onym-data");
    }
    job.names = onym_writer_over(malloc(cap), cap);
    if (job.names.at == NULL) {
        (void)fputs("onymctl check: out of memory\n", stderr);
        return ONYM_EXIT_SERVER;
    }
    code = run(&job, data, map_size);
    free(job.names.at);
    return code;
}
