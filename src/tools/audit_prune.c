#include "tools/audit_prune.h"

#include "base/clock.h"
#include "base/hex.h"
#include "store/prune.h"
#include "tools/command_options.h"
#include "tools/id_change_values.h"
#include "tools/store_common.h"
#include "tools/text.h"

#include <stdio.h>

#define WHAT     "audit prune"
#define DAY_MS   86400000ULL
#define DAYS_MAX 36500U

const char onym_audit_prune_help[] =
    "Takes away the front of the log of changes: whole groups, as long as all their\n"
    "entries are older. The log is proven first, and is as provable afterwards, from\n"
    "the hash that is printed. Records are not touched. What is taken away is gone:\n"
    "keep a copy of it (onymctl audit export) and the hash. The node must be stopped.\n"
    "Older versions of onym do not read the store afterwards.\n\n"
    "Options:\n"
    "  --data DIR        the node's data directory\n"
    "  --keep-days N     entries of the last N days stay, 0 to 36500\n"
    "  --yes             needed with --keep-days 0, which takes away all of it\n"
    "  --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 done, or nothing was older; 1 the log does not hold, and nothing\n"
    "was taken away; 2 usage; 5 the disk is full or fails: run it again; 6 the\n"
    "directory is in use, or --yes is missing.\n\n"
    "Examples:\n"
    "  onymctl audit export --data onym-data > audit.txt\n"
    "  onymctl audit prune --data onym-data --keep-days 365\n";

struct words {
    const char *data;
    size_t map_size;
    uint32_t days;
    bool has_days;
    bool yes;
};

static int
take_option(void *of, int code, const char *argument)
{
    struct words *w = of;

    switch (code) {
    case 'd':
        w->data = argument;
        return ONYM_EXIT_DONE;
    case 'y':
        w->yes = true;
        return ONYM_EXIT_DONE;
    case 's':
        return onym_store_size(WHAT, "--map-size", argument, 1024 * 1024, &w->map_size);
    default:
        w->has_days = true;
        w->days = 0;
        return strcmp(argument, "0") == 0 || onym_value_words_number(argument, DAYS_MAX, &w->days)
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(WHAT, "--keep-days %s: give a number from 0 to %u", argument,
                                      DAYS_MAX);
    }
}

static void
show_progress(void *of, uint64_t done, uint64_t whole)
{
    onym_progress_step(of, done, done, whole);
}

static void
print(const struct onym_cli *cli, const struct onym_prune_report *r)
{
    char hash[65];

    onym_hex_encode(onym_span_of(r->hash, sizeof r->hash), hash);
    if (cli->json) {
        (void)printf("{\"removed\":%llu,\"first\":%llu,\"left\":%llu,\"hash\":\"%s\"}\n",
                     (unsigned long long)r->removed, (unsigned long long)r->first,
                     (unsigned long long)r->left, hash);
    } else if (!cli->quiet && r->removed == 0) {
        (void)printf("no group of the log is older: nothing was taken away\n");
    } else if (!cli->quiet) {
        (void)printf("%llu %s taken away; the log begins with entry %llu, behind hash %s, and "
                     "has %llu\n",
                     (unsigned long long)r->removed, onym_word_of(r->removed, "entry", "entries"),
                     (unsigned long long)r->first, hash, (unsigned long long)r->left);
    }
}

static int
prune(const struct onym_cli *cli, struct onym_env *env, uint32_t days)
{
    struct onym_progress progress = {.on = false};
    struct onym_prune_report report;
    struct onym_fault fault = {0};
    uint64_t now_ms = onym_clock_epoch_ms();
    uint64_t kept_ms = days * DAY_MS;
    enum onym_status status;

    onym_progress_start(&progress, cli, WHAT, "removing");
    status = onym_store_prune(env, now_ms > kept_ms ? now_ms - kept_ms : 0, show_progress,
                              &progress, &report, &fault);
    onym_progress_clear(&progress);
    if (status == ONYM_OK) {
        print(cli, &report);
        return ONYM_EXIT_DONE;
    }
    if (status == ONYM_CORRUPT) {
        (void)fprintf(stderr, "onymctl " WHAT ": %s; nothing was taken away\n", fault.text);
        return ONYM_EXIT_NEGATIVE;
    }
    return onym_store_fault(WHAT, &fault);
}

int
onym_audit_prune(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {"keep-days", required_argument, NULL, 'k'},
                                            {"yes", no_argument, NULL, 'y'},
                                            {NULL, 0, NULL, 0}};
    struct words w = {.data = NULL};
    const struct onym_command_options how = {
        .what = WHAT, .options = options, .take = take_option, .of = &w};
    struct onym_env *env = NULL;
    int code = onym_command_options_read(&how, argc, argv);

    if (code == ONYM_EXIT_DONE && (w.data == NULL || !w.has_days || optind != argc)) {
        return onym_usage_error(WHAT, "name the stopped node's directory and what is kept, and "
                                      "nothing else: --data onym-data --keep-days 365");
    }
    if (code == ONYM_EXIT_DONE && w.days == 0 && !w.yes) {
        (void)fprintf(stderr, "onymctl " WHAT ": --keep-days 0 takes away the whole log, and there "
                              "is no way back; nothing was taken away. Keep a copy (onymctl audit "
                              "export), then add --yes\n");
        return ONYM_EXIT_REFUSED;
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_store_open(&(const struct onym_store_place){.cli = cli,
                                                                .verb = WHAT,
                                                                .dir = w.data,
                                                                .map_size = w.map_size,
                                                                .damaged = ONYM_EXIT_NEGATIVE},
                               &env);
    }
    if (code == ONYM_EXIT_DONE) {
        code = prune(cli, env, w.days);
    }
    onym_env_close(env);
    return code;
}
