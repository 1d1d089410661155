#include "base/clock.h"
#include "base/hex.h"
#include "base/options.h"
#include "onym/model/ident.h"
#include "store/load.h"
#include "store/sorter.h"
#include "tools/store.h"
#include "tools/store_common.h"
#include "tools/store_input.h"
#include "tools/text.h"
#include "wire/json_record.h"

#include <stdio.h>

#define BAD_LINES_MAX 10U   /* named before giving up */
#define STEP_ROWS     4096U /* rows between two looks at the clock */

const char onym_store_load_help[] =
    "Registers one identifier per line of FILE (NDJSON):\n"
    "  {\"handle\": \"88.9420.1/A\", \"values\": [{\"index\": 1, \"type\": \"URL\",\n"
    "   \"data\": \"https://example.cn/a\"}]}\n"
    "with the values in the shape of a Handle server's HTTP interface. A record\n"
    "0.NA/<prefix> homes its prefix here unless the line has \"homed\": false. A name\n"
    "that is there already is replaced. The node must be stopped. Either every line\n"
    "is stored or none.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory; made when there is none\n"
    "  --log-hash HASH   of the log of a store that is made: sha256 or sm3 (sha256)\n"
    "  --memory SIZE     memory for sorting (512MiB); more data goes to disk\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 all of it is stored; 1 a line is wrong, nothing is stored; 2\n"
    "usage; 5 a file or the store cannot be read or written, nothing is stored; 6 a\n"
    "node has the directory; 7 it is not known whether it is stored.\n\n"
    "Examples:\n"
    "  onymctl load --data onym-data parts.ndjson\n"
    "  onym-generate --records 100000 --seed 1 | onymctl load --data onym-data -\n";

struct job {
    const struct onym_cli *cli;
    const char *data;
    size_t memory;
    size_t map_size;
    enum onym_record_digest log_hash; /* 0: not said */
    struct onym_env *env;
    struct onym_load *load;
    struct onym_line_input *input;
    struct onym_json_reader *reader;
    struct onym_progress progress;
    uint32_t now_s;
    unsigned bad_lines;
};

/* The start of a complaint about a line. */
static void
complain_at(struct job *job, uint64_t line)
{
    onym_progress_clear(&job->progress);
    (void)fprintf(stderr, "%s:%llu: ", onym_line_input_name(job->input), (unsigned long long)line);
}

static void
complain_json(struct job *job, const struct onym_json_error *error)
{
    complain_at(job, onym_line_input_number(job->input));
    if (error->field[0] != '\0') {
        onym_text_print(stderr, onym_span_text(error->field));
        (void)fputs(": ", stderr);
    }
    onym_text_print(stderr, onym_span_text(error->problem));
    (void)fputc('\n', stderr);
}

static bool
is_blank(onym_span line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* One line into the load. ONYM_MALFORMED: complained about, the next may be read. */
static enum onym_status
take_line(struct job *job, onym_span line, struct onym_fault *fault)
{
    struct onym_json_error error;
    struct onym_json_record read;
    const char *why;
    enum onym_status status = onym_json_record_read(job->reader, line, job->now_s, &read, &error);

    if (status == ONYM_MALFORMED) {
        complain_json(job, &error);
        return status;
    }
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "out of memory");
    }
    if (onym_ident_check(read.name, &why) != ONYM_OK) {
        complain_at(job, onym_line_input_number(job->input));
        (void)fputs("handle: \"", stderr);
        onym_text_print(stderr, onym_span_front(read.name, 80));
        (void)fprintf(stderr, "\" %s; expected <prefix>/<suffix>\n", why);
        return ONYM_MALFORMED;
    }
    struct onym_record record = {.name = read.name,
                                 .owner = read.owner,
                                 .revision = read.revision,
                                 .created_ms = read.created_ms,
                                 .modified_ms = read.modified_ms,
                                 .public_values = read.public_values,
                                 .private_values = read.private_values};
    struct onym_load_row row = {.record = &record,
                                .homed = read.homed,
                                .only_homing = !read.has_values,
                                .line = onym_line_input_number(job->input)};

    return job->bad_lines == 0 ? onym_load_add(job->load, &row, fault) : ONYM_OK;
}

/* Reads the whole input. An exit code. */
static int
read_input(struct job *job)
{
    struct onym_fault fault = {0};
    uint64_t rows = 0;
    onym_span line;
    enum onym_status status;

    onym_progress_start(&job->progress, job->cli, "load", "reading");
    while ((status = onym_line_input_next(job->input, &line, &fault)) == ONYM_OK) {
        if (is_blank(line)) {
            continue;
        }
        status = take_line(job, line, &fault);
        if (status == ONYM_MALFORMED) {
            if (++job->bad_lines == BAD_LINES_MAX) {
                (void)fprintf(stderr, "onymctl load: stopped after %u bad lines\n", BAD_LINES_MAX);
                break;
            }
        } else if (status != ONYM_OK) {
            break;
        }
        if (++rows % STEP_ROWS == 0) {
            onym_progress_step(&job->progress, rows, onym_line_input_done(job->input),
                               onym_line_input_whole(job->input));
        }
    }
    onym_progress_clear(&job->progress);
    if (status == ONYM_INVALID) {
        (void)fprintf(stderr, "%s\n", fault.text);
        job->bad_lines++;
    } else if (status != ONYM_NOT_FOUND && status != ONYM_MALFORMED) {
        return onym_store_fault("load", &fault);
    }
    if (job->bad_lines > 0) {
        (void)fputs("onymctl load: nothing was stored\n", stderr);
        return ONYM_EXIT_NEGATIVE;
    }
    return ONYM_EXIT_DONE;
}

static void
show_progress(void *arg, uint64_t rows, uint64_t whole)
{
    struct job *job = arg;

    onym_progress_step(&job->progress, rows, rows, whole);
}

static int
complain_twice(const struct job *job, const struct onym_load_double *twice)
{
    (void)fprintf(stderr, "%s:%llu: handle: \"", onym_line_input_name(job->input),
                  (unsigned long long)twice->second_line);
    onym_text_print(stderr, onym_span_of(twice->name, twice->name_len));
    (void)fprintf(stderr,
                  "\" is also on line %llu; expected every identifier once (letter case does not "
                  "count)\nonymctl load: nothing was stored\n",
                  (unsigned long long)twice->first_line);
    return ONYM_EXIT_NEGATIVE;
}

static void
print_summary(const struct job *job, const struct onym_load_result *result,
              const uint8_t digest[16], double seconds)
{
    char hex[33];

    onym_hex_encode(onym_span_of(digest, 16), hex);
    if (job->cli->json) {
        (void)printf("{\"rows\":%llu,\"replaced\":%llu,\"prefixes_homed\":%llu,\"seconds\":%.3f,"
                     "\"sorted_runs\":%u,\"fresh\":%s,\"input_xxh128\":\"%s\"}\n",
                     (unsigned long long)result->rows, (unsigned long long)result->replaced,
                     (unsigned long long)result->prefixes, seconds, result->runs,
                     result->fresh ? "true" : "false", hex);
    }
    if (!job->cli->quiet) {
        (void)fprintf(stderr,
                      "onymctl load: %llu %s in %.2f s (%.0f/s), %llu replaced, %llu "
                      "%s homed\n",
                      (unsigned long long)result->rows,
                      onym_word_of(result->rows, "identifier", "identifiers"), seconds,
                      seconds > 0 ? (double)result->rows / seconds : 0,
                      (unsigned long long)result->replaced, (unsigned long long)result->prefixes,
                      onym_word_of(result->prefixes, "prefix", "prefixes"));
    }
}

static int
write_store(struct job *job, uint64_t start_ns)
{
    struct onym_load_result result;
    struct onym_load_double twice;
    struct onym_fault fault = {0};
    uint8_t digest[16];
    enum onym_status status;

    onym_line_input_digest(job->input, digest);
    onym_progress_start(&job->progress, job->cli, "load", "writing");
    status = onym_load_finish(job->load, digest, &result, &twice, &fault);
    onym_progress_clear(&job->progress);
    if (status == ONYM_EXISTS) {
        return complain_twice(job, &twice);
    }
    if (status == ONYM_UNCERTAIN) {
        (void)onym_store_fault("load", &fault);
        (void)fprintf(
            stderr,
            "onymctl load: whether the rows are stored is not known; onymctl check --data "
            "%s tells by the number of identifiers\n",
            job->data);
        return ONYM_EXIT_UNKNOWN;
    }
    if (status != ONYM_OK) {
        int code = onym_store_fault("load", &fault);

        (void)fputs("onymctl load: nothing was stored\n", stderr);
        return code;
    }
    print_summary(job, &result, digest, (double)(onym_clock_monotonic_ns() - start_ns) / 1e9);
    return ONYM_EXIT_DONE;
}

static int
read_log_hash(const char *text, enum onym_record_digest *out)
{
    for (*out = ONYM_RECORD_SHA256; *out <= ONYM_RECORD_SM3; ++*out) {
        if (strcmp(text, onym_record_digest_name(*out)) == 0) {
            return ONYM_EXIT_DONE;
        }
    }
    return onym_usage_error("load", "--log-hash %s: expected sha256 or sm3", text);
}

/* A store that was there has its own. */
static void
compare_log_hash(const struct job *job)
{
    struct onym_env_stat stat;

    if (job->log_hash != 0 && onym_env_stat(job->env, &stat) == ONYM_OK &&
        stat.log_hash != job->log_hash) {
        (void)fprintf(stderr,
                      "onymctl load: the store in %s keeps the log hash it was made with, %s; "
                      "--log-hash %s is for a new one\n",
                      job->data, onym_record_digest_name(stat.log_hash),
                      onym_record_digest_name(job->log_hash));
    }
}

static int
run(struct job *job, const char *path)
{
    uint64_t start_ns = onym_clock_monotonic_ns();
    struct onym_load_options options = {.memory = job->memory,
                                        .now_ms = onym_clock_epoch_ms(),
                                        .progress = show_progress,
                                        .arg = job};
    struct onym_fault fault = {0};
    int code;

    job->now_s = onym_clock_epoch_s();
    if (onym_line_input_open(path, &job->input, &fault) != ONYM_OK) {
        return onym_store_fault("load", &fault);
    }
    code = onym_store_make(&(const struct onym_store_place){.cli = job->cli,
                                                            .verb = "load",
                                                            .dir = job->data,
                                                            .map_size = job->map_size,
                                                            .damaged = ONYM_EXIT_SERVER},
                           job->log_hash, &job->env);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    compare_log_hash(job);
    if (onym_json_reader_new(&job->reader) != ONYM_OK) {
        (void)onym_fault_set(&fault, ONYM_NO_MEMORY, "out of memory");
        return onym_store_fault("load", &fault);
    }
    if (onym_load_open(job->env, &options, &job->load, &fault) != ONYM_OK) {
        return onym_store_fault("load", &fault);
    }
    code = read_input(job);
    return code == ONYM_EXIT_DONE ? write_store(job, start_ns) : code;
}

static int
read_options(struct job *job, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"log-hash", required_argument, NULL, 'h'},
                                            {"memory", required_argument, NULL, 'm'},
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
        } else if (option == 'h') {
            code = read_log_hash(optarg, &job->log_hash);
        } else if (option == 'm') {
            code = onym_store_size("load", "--memory", optarg, ONYM_SORTER_MEMORY_MIN,
                                   &job->memory);
        } else if (option == 's') {
            code = onym_store_size("load", "--map-size", optarg, 1024 * 1024, &job->map_size);
        } else {
            return onym_store_bad_option("load", argv);
        }
    }
    if (code == ONYM_EXIT_DONE && job->data == NULL) {
        return onym_usage_error("load", "--data DIR is missing: the node's data directory");
    }
    if (code == ONYM_EXIT_DONE && argc - optind != 1) {
        return onym_usage_error("load", "expected one FILE, or - for standard input");
    }
    return code;
}

int
onym_store_load(const struct onym_cli *cli, int argc, char **argv)
{
    struct job job = {.cli = cli};
    int code = read_options(&job, argc, argv);

    if (code == ONYM_EXIT_DONE) {
        code = run(&job, argv[optind]);
    }
    onym_load_close(job.load);
    onym_json_reader_free(job.reader);
    onym_env_close(job.env);
    onym_line_input_close(job.input);
    return code;
}
