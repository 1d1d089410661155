/* onymctl audit: the log of changes, read and proven offline. */
#include "store/audit.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/options.h"
#include "base/writer.h"
#include "tools/audit_prune.h"
#include "tools/store_common.h"
#include "tools/text.h"
#include "wire/json_entry.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_LEN_MAX (ONYM_JSON_ENTRY_MAX + 1)

static const char verify_help[] =
    "Reads the whole log of changes and computes its chain of hashes again: entries\n"
    "without gaps, each group's hash over its entries and the hash before, and the\n"
    "end where the store says it is. Names the first entry that does not hold; the\n"
    "exit status is 0 when everything holds and 1 when not. The node must be stopped.\n\n"
    "Keep the hash it prints in another place: the log up to that entry can then not\n"
    "be replaced unseen.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 everything holds; 1 it does not, or there is no store; 2 usage;\n"
    "5 it cannot be read; 6 a node has the directory.\n\n"
    "Examples:\n"
    "  onymctl audit verify --data onym-data\n"
    "  onymctl --json audit verify --data onym-data\n";

static const char export_help[] =
    "Writes the log of changes to standard output, one line per entry: who asked for\n"
    "what, when and from where, and the digests of the record before and after.\n"
    "With --json each line is an object. The chain of hashes is checked on the way,\n"
    "as by `onymctl audit verify`; the exit status is 1 when it does not hold. The\n"
    "node must be stopped.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --from SEQUENCE   leave out the entries before this one\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 everything holds; 1 it does not, or there is no store; 2 usage;\n"
    "5 it cannot be read; 6 a node has the directory.\n\n"
    "Examples:\n"
    "  onymctl audit export --data onym-data\n"
    "  onymctl --json audit export --data onym-data > audit.ndjson\n";

struct job {
    const struct onym_cli *cli;
    const char *verb; /* "audit export" */
    const char *data;
    size_t map_size;
    uint64_t from;
    struct onym_progress progress;
    uint64_t seen;
    uint8_t *line;
};

/* ---- one entry as text ---- */

static void
print_digest(const char *key, bool there, const uint8_t *digest)
{
    (void)printf(" %s=", key);
    if (there) {
        onym_hex_print(stdout, onym_span_of(digest, ONYM_ENTRY_DIGEST_LEN));
    } else {
        (void)fputs("-", stdout);
    }
}

static void
print_who(const struct onym_entry *e)
{
    if (e->principal.handle.len > 0) {
        (void)printf(" by=%u:", (unsigned)e->principal.index);
        onym_text_print(stdout, e->principal.handle);
    }
    if (e->address.len > 0) {
        (void)fputs(" from=", stdout);
        onym_text_print(stdout, e->address);
    }
}

static void
print_text(uint64_t sequence, const struct onym_entry *e)
{
    char when[ONYM_TIME_TEXT_MAX];

    onym_time_format(e->time_ms, when);
    (void)printf("%llu %s %s", (unsigned long long)sequence, when, onym_entry_what(e));
    if (e->what == ONYM_ENTRY_LOAD) {
        (void)printf(" rows=%llu replaced=%llu input_xxh3=", (unsigned long long)e->load.rows,
                     (unsigned long long)e->load.replaced);
        onym_hex_print(stdout, onym_span_of(e->load.input, sizeof e->load.input));
        (void)putchar('\n');
        return;
    }
    if (e->name.len > 0) {
        (void)putchar(' ');
        onym_text_print(stdout, e->name);
    }
    if (e->what == ONYM_ENTRY_EVENT) {
        if (e->action != 0) {
            (void)printf(" action=%s", onym_entry_action(e->action));
        }
        (void)fputs(" status=", stdout);
        onym_text_print(stdout, e->status);
        if (e->count != 1) {
            (void)printf(" count=%llu", (unsigned long long)e->count);
        }
    } else {
        (void)printf(" revision=%llu", (unsigned long long)e->revision);
    }
    print_who(e);
    if (e->what != ONYM_ENTRY_EVENT) {
        (void)printf(" digest=%s", onym_record_digest_name(e->digest));
        print_digest("before", e->has_before, e->before);
        print_digest("after", e->has_after, e->after);
    }
    if (onym_entry_has_id(e)) {
        (void)fputs(" id=", stdout);
        onym_hex_print(stdout, onym_span_of(e->id, sizeof e->id));
    }
    (void)putchar('\n');
}

static void
print_json(struct job *job, uint64_t sequence, const struct onym_entry *e)
{
    struct onym_writer w = onym_writer_over(job->line, LINE_LEN_MAX);

    onym_json_put_entry(&w, sequence, e, true);
    onym_json_put(&w, "\n");
    (void)fwrite(w.at, 1, w.len, stdout);
}

/* ---- commands ---- */

static void
show(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct job *job = of;

    job->seen++;
    if (job->line == NULL) {
        onym_progress_step(&job->progress, job->seen, 0, 0);
    } else if (sequence >= job->from && job->cli->json) {
        print_json(job, sequence, entry);
    } else if (sequence >= job->from) {
        print_text(sequence, entry);
    }
}

static void
print_verified(const struct job *job, const struct onym_audit_report *r, double seconds)
{
    const char *name = onym_record_digest_name(r->digest);
    char hash[65];
    char node[33];

    onym_hex_encode(onym_span_of(r->hash, sizeof r->hash), hash);
    onym_hex_encode(onym_span_of(r->node, sizeof r->node), node);
    if (job->cli->json) {
        (void)printf("{\"good\":true,\"entries\":%llu,\"groups\":%llu,\"first\":%llu,"
                     "\"sequence\":%llu,\"log_hash\":\"%s\",\"hash\":\"%s\",\"node_id\":\"%s\","
                     "\"seconds\":%.3f}\n",
                     (unsigned long long)r->entries, (unsigned long long)r->groups,
                     (unsigned long long)r->first, (unsigned long long)r->sequence, name, hash,
                     node, seconds);
    } else {
        if (r->first > 1) {
            (void)printf("the log begins with entry %llu\n", (unsigned long long)r->first);
        }
        (void)printf("%llu %s in %llu %s, last entry %llu, %s hash %s: everything holds\n",
                     (unsigned long long)r->entries, onym_word_of(r->entries, "entry", "entries"),
                     (unsigned long long)r->groups, onym_word_of(r->groups, "group", "groups"),
                     (unsigned long long)r->sequence, name, hash);
    }
}

static int
walk(struct job *job, const struct onym_view *view)
{
    struct onym_audit_report report;
    struct onym_fault fault = {0};
    uint64_t start_ns = onym_clock_monotonic_ns();
    enum onym_status status;

    onym_progress_start(&job->progress, job->cli, job->verb, "reading");
    status = onym_audit_walk(view, show, job, &report, &fault);
    onym_progress_clear(&job->progress);
    if (status != ONYM_OK) {
        if (job->line == NULL && job->cli->json) {
            struct onym_writer w;
            uint8_t text[2048];

            w = onym_writer_over(text, sizeof text);
            onym_json_put_string(&w, onym_span_text(fault.text));
            (void)printf("{\"good\":false,\"problem\":%.*s}\n", (int)w.len, (const char *)w.at);
        }
        (void)fprintf(stderr, "onymctl %s: %s\n", job->verb, fault.text);
        return status == ONYM_CORRUPT ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_SERVER;
    }
    if (job->line == NULL) {
        print_verified(job, &report, (double)(onym_clock_monotonic_ns() - start_ns) / 1e9);
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "onymctl %s: standard output cannot be written\n", job->verb);
        return ONYM_EXIT_SERVER;
    }
    return ONYM_EXIT_DONE;
}

static int
open_and_walk(struct job *job)
{
    struct onym_env *env = NULL;
    struct onym_view *view = NULL;
    int code = onym_store_open(&(const struct onym_store_place){.cli = job->cli,
                                                                .verb = job->verb,
                                                                .dir = job->data,
                                                                .map_size = job->map_size,
                                                                .damaged = ONYM_EXIT_NEGATIVE},
                               &env);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (onym_view_open(env, &view) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s: the store cannot be read\n", job->verb, job->data);
        code = ONYM_EXIT_SERVER;
    } else {
        code = walk(job, view);
    }
    onym_view_close(view);
    onym_env_close(env);
    return code;
}

static int
read_sequence(const struct job *job, const char *text, uint64_t *out)
{
    uint64_t number = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > (UINT64_MAX - 9) / 10) {
            number = 0;
            break;
        }
        number = number * 10 + (uint64_t)(*at - '0');
    }
    if (number == 0) {
        return onym_usage_error(job->verb,
                                "--from %s: not the number of an entry; expected 1 or "
                                "more",
                                text);
    }
    *out = number;
    return ONYM_EXIT_DONE;
}

/* Reads the options both verbs have; --from for export. */
static int
read_options(struct job *job, bool exports, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {"from", required_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    int code = ONYM_EXIT_DONE;
    int option;

    optind = 0;
    opterr = 0;
    while ((option = onym_option_next(argc, argv, "", options, NULL)) != -1 &&
           code == ONYM_EXIT_DONE) {
        if (option == 'd') {
            job->data = optarg;
        } else if (option == 's') {
            code = onym_store_size(job->verb, "--map-size", optarg, 1024 * 1024, &job->map_size);
        } else if (option == 'f' && exports) {
            code = read_sequence(job, optarg, &job->from);
        } else {
            return onym_store_bad_option(job->verb, argv);
        }
    }
    if (code == ONYM_EXIT_DONE && (job->data == NULL || optind != argc)) {
        return onym_usage_error(
            job->verb, "name the stopped node's directory, and nothing else: --data onym-data");
    }
    return code;
}

static int
verify(const struct onym_cli *cli, int argc, char **argv)
{
    struct job job = {.cli = cli, .verb = "audit verify"};
    int code = read_options(&job, false, argc, argv);

    return code == ONYM_EXIT_DONE ? open_and_walk(&job) : code;
}

static int
export_log(const struct onym_cli *cli, int argc, char **argv)
{
    struct job job = {.cli = cli, .verb = "audit export"};
    int code = read_options(&job, true, argc, argv);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    job.line = malloc(LINE_LEN_MAX);
    if (job.line == NULL) {
        (void)fputs("onymctl audit export: out of memory\n", stderr);
        return ONYM_EXIT_SERVER;
    }
    code = open_and_walk(&job);
    free(job.line);
    return code;
}

const struct onym_command onym_commands_audit[] = {
    {.noun = "audit",
     .verb = "verify",
     .usage = "--data DIR [options]",
     .summary = "Prove the log of changes: every entry and the chain of hashes",
     .help = verify_help,
     .run = verify},
    {.noun = "audit",
     .verb = "export",
     .usage = "--data DIR [options]",
     .summary = "Write the log of changes, one line per entry",
     .help = export_help,
     .run = export_log},
    {.noun = "audit",
     .verb = "prune",
     .usage = "--data DIR --keep-days N [options]",
     .summary = "Take away the front of the log, older than so many days",
     .help = onym_audit_prune_help,
     .run = onym_audit_prune},
    {.noun = NULL},
};
