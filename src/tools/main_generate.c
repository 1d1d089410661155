/* onym-generate: made-up but well-formed records of the eight chains for demos, tests and load
 * runs, as NDJSON for `onymctl load`. docs/generator.md says what it writes. */
#include "base/options.h"
#include "base/require.h"
#include "tools/command.h"
#include "tools/generate_record.h"
#include "tools/generate_sample.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_LEN      ((size_t)1 << 20)
#define DEFAULT_RECORDS 8000U

static const char help[] =
    "usage: onym-generate [options]\n"
    "\n"
    "Writes records of the eight automotive chains as NDJSON, one per line, for\n"
    "`onymctl load`: the prefixes, a fixed sample, then made-up records.\n"
    "The same options give the same bytes on every machine.\n"
    "\n"
    "  -n, --records N       made-up records, over the chains alike (default 8000,\n"
    "                        0 to 1000000000); prefixes and sample come in addition\n"
    "  -s, --seed S          other values and dates for another seed (default\n"
    "                        20260311, 0 to 18446744073709551615)\n"
    "  -a, --attributes N    6, 12 or 24 public attributes in each made-up record, to\n"
    "                        measure answers of one size (default: as many as the\n"
    "                        kind of object usually has, public and private)\n"
    "      --shuffle         made-up records in pseudo-random order\n"
    "      --sample-only     prefixes and fixed sample, no made-up records\n"
    "  -o, --output FILE     write records to FILE instead of standard output (-)\n"
    "      --names FILE      also write the identifiers, one per line, prefix records\n"
    "                        left out\n"
    "  -h, --help            this text\n"
    "  -V, --version         version\n"
    "\n"
    "Exit status: 0 done, 1 input/output error, 2 usage.\n"
    "\n"
    "Examples:\n"
    "  onym-generate | onymctl load --data DIR -\n"
    "  onym-generate -n 1000000 -a 6 --shuffle --names names.txt -o rows.ndjson\n";

struct arguments {
    struct onym_generate_options plan;
    const char *output, *names; /* "-" = standard output; names may be NULL */
    bool records_given, sample_only;
};

/* A file being written through a block of memory. */
struct sink {
    const char *path;
    int fd;
    struct onym_writer block; /* at NULL: there is no such file */
};

static int
usage(const char *problem, const char *what)
{
    (void)fprintf(stderr, "onym-generate: %s%s; try 'onym-generate --help'\n", problem, what);
    return ONYM_EXIT_USAGE;
}

/* Whole decimal number up to max. */
static bool
parse_number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || number > (max - digit) / 10 || digit > max) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

/* Takes one option. ONYM_EXIT_DONE to go on. */
static int
take(int option, const char *value, struct arguments *out)
{
    uint64_t number;

    switch (option) {
    case 'n':
        if (!parse_number(value, ONYM_GENERATE_RECORDS_MAX, &out->plan.records)) {
            return usage("--records takes a number from 0 to 1000000000, not ", value);
        }
        out->records_given = true;
        return ONYM_EXIT_DONE;
    case 's':
        if (!parse_number(value, UINT64_MAX, &out->plan.seed)) {
            return usage("--seed takes a number from 0 to 18446744073709551615, not ", value);
        }
        return ONYM_EXIT_DONE;
    case 'a':
        if (!parse_number(value, 24, &number) || (number != 6 && number != 12 && number != 24)) {
            return usage("--attributes takes 6, 12 or 24, not ", value);
        }
        out->plan.attributes = (unsigned)number;
        return ONYM_EXIT_DONE;
    case 'r':
        out->plan.shuffle = true;
        return ONYM_EXIT_DONE;
    case 'S':
        out->sample_only = true;
        return ONYM_EXIT_DONE;
    case 'o':
        out->output = value;
        return ONYM_EXIT_DONE;
    case 'N':
        out->names = value;
        return ONYM_EXIT_DONE;
    default: /* onym_option_next has said what is wrong */
        return usage("bad option", "");
    }
}

/* ONYM_EXIT_DONE with *out filled, or with *finished set when help or version was printed. */
static int
parse(int argc, char **argv, struct arguments *out, bool *finished)
{
    static const struct option options[] = {
        {"records", required_argument, NULL, 'n'},    {"seed", required_argument, NULL, 's'},
        {"attributes", required_argument, NULL, 'a'}, {"shuffle", no_argument, NULL, 'r'},
        {"sample-only", no_argument, NULL, 'S'},      {"output", required_argument, NULL, 'o'},
        {"names", required_argument, NULL, 'N'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},          {NULL, 0, NULL, 0}};
    int option;

    *out = (struct arguments){.plan = {.records = DEFAULT_RECORDS, .seed = ONYM_GENERATE_SEED},
                              .output = "-"};
    while ((option = onym_option_next(argc, argv, "n:s:a:o:hV", options, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            *finished = true;
            (void)fputs(option == 'h' ? help : "onym-generate " ONYM_BUILD_VERSION "\n", stdout);
            return fflush(stdout) == 0 ? ONYM_EXIT_DONE : ONYM_EXIT_NEGATIVE;
        }
        int status = take(option, optarg, out);

        if (status != ONYM_EXIT_DONE) {
            return status;
        }
    }
    if (optind < argc) {
        return usage("takes no arguments, but was given ", argv[optind]);
    }
    if (out->sample_only && out->records_given) {
        return usage("--sample-only and --records exclude each other", "");
    }
    if (out->sample_only) {
        out->plan.records = 0;
    }
    return ONYM_EXIT_DONE;
}

static bool
failed(const char *what, const char *path)
{
    (void)fprintf(stderr, "onym-generate: %s %s: %s\n", what, path, strerror(errno));
    return false;
}

static bool
sink_open(struct sink *sink, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    uint8_t *block = malloc(BUFFER_LEN);

    *sink = (struct sink){.path = standard ? "standard output" : path, .fd = -1};
    if (block == NULL) {
        errno = ENOMEM;
        return failed("cannot write", sink->path);
    }
    sink->block = onym_writer_over(block, BUFFER_LEN);
    sink->fd = standard ? STDOUT_FILENO
                        : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)0666);
    return sink->fd >= 0 || failed("cannot open", path);
}

static bool
sink_flush(struct sink *sink)
{
    const uint8_t *at = sink->block.at;

    ONYM_REQUIRE(sink->block.status == ONYM_OK);
    while (sink->block.len > 0) {
        ssize_t done = write(sink->fd, at, sink->block.len);

        if (done < 0 && errno != EINTR) {
            return failed("incomplete, cannot write", sink->path);
        }
        if (done > 0) {
            at += done;
            sink->block.len -= (size_t)done;
        }
    }
    return true;
}

/* Room for len more bytes. */
static bool
sink_room(struct sink *sink, size_t len)
{
    return sink->block.cap - sink->block.len >= len || sink_flush(sink);
}

/* Writes what is left. False when that fails or failed before. */
static bool
sink_close(struct sink *sink, bool fine)
{
    if (sink->fd >= 0) {
        fine = fine && sink_flush(sink);
        if (close(sink->fd) != 0 && fine) {
            fine = failed("incomplete, cannot write", sink->path);
        }
    }
    free(sink->block.at);
    return fine;
}

static bool
put_name(struct sink *names, onym_span name)
{
    if (names->block.at == NULL) {
        return true;
    }
    if (!sink_room(names, name.len + 1)) {
        return false;
    }
    onym_writer_bytes(&names->block, name);
    onym_writer_u8(&names->block, '\n');
    return true;
}

static bool
put_item(struct sink *rows, struct sink *names, const struct onym_generate_plan *plan,
         const struct onym_generate_item *item)
{
    uint8_t bytes[ONYM_GENERATE_NAME_MAX];
    struct onym_writer name = onym_writer_over(bytes, sizeof bytes);

    onym_generate_name(item, &name);
    ONYM_REQUIRE(name.status == ONYM_OK);
    if (!sink_room(rows, ONYM_GENERATE_ROW_MAX)) {
        return false;
    }
    onym_generate_record(plan, item, onym_writer_written(&name), &rows->block);
    return put_name(names, onym_writer_written(&name));
}

static bool
put_prefixes(struct sink *rows, const struct onym_generate_plan *plan)
{
    onym_generate_node_prefix(&rows->block);
    for (unsigned chain = 0; chain < ONYM_CHAINS; chain++) {
        unsigned companies = onym_generate_companies(plan, (enum onym_chain)chain);

        for (unsigned company = 0; company < companies; company++) {
            if (!sink_room(rows, ONYM_SAMPLE_ROW_MAX)) {
                return false;
            }
            onym_generate_prefix(&rows->block, (enum onym_chain)chain, company);
        }
    }
    for (unsigned i = 0; i < ONYM_SELF_BUILT; i++) {
        if (!sink_room(rows, ONYM_SAMPLE_ROW_MAX)) {
            return false;
        }
        onym_generate_self_built(&rows->block, i);
    }
    return true;
}

static bool
put_all(struct sink *rows, struct sink *names, const struct onym_generate_plan *plan)
{
    struct onym_generate_item item;

    if (!put_prefixes(rows, plan)) {
        return false;
    }
    for (unsigned i = 1; i <= ONYM_SAMPLES; i++) {
        onym_generate_sample(i, &item);
        if (!put_item(rows, names, plan, &item)) {
            return false;
        }
    }
    for (unsigned i = 0; i < ONYM_SAMPLE_FREE; i++) {
        if (!sink_room(rows, ONYM_SAMPLE_ROW_MAX) || !put_name(names, onym_generate_free_name(i))) {
            return false;
        }
        onym_generate_free_record(&rows->block, i);
    }
    for (uint64_t n = 0; n < plan->options.records; n++) {
        onym_generate_nth(plan, n, &item);
        if (!put_item(rows, names, plan, &item)) {
            return false;
        }
    }
    return true;
}

/* Two files written at once would destroy each other. */
static bool
same_file(const struct sink *a, const struct sink *b)
{
    struct stat of_a, of_b;

    return fstat(a->fd, &of_a) == 0 && fstat(b->fd, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino && !S_ISCHR(of_a.st_mode);
}

int
main(int argc, char **argv)
{
    struct onym_generate_plan plan;
    struct arguments arguments;
    struct sink rows = {.fd = -1}, names = {.fd = -1};
    bool finished = false;
    bool fine;
    int status;

    (void)signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f a write fails */
    status = parse(argc, argv, &arguments, &finished);
    if (status != ONYM_EXIT_DONE || finished) {
        return status;
    }
    onym_generate_plan_init(&plan, &arguments.plan);
    fine = sink_open(&rows, arguments.output) &&
           (arguments.names == NULL || sink_open(&names, arguments.names));
    if (fine && arguments.names != NULL && same_file(&rows, &names)) {
        fine = false;
        status = usage("records and names cannot go to the same file, ", rows.path);
    }
    fine = fine && put_all(&rows, &names, &plan);
    fine = sink_close(&rows, fine);
    fine = sink_close(&names, fine);
    return fine ? ONYM_EXIT_DONE : status != ONYM_EXIT_DONE ? status : ONYM_EXIT_NEGATIVE;
}
