#include "tools/store_common.h"
#include "tools/text.h"

#include "base/clock.h"
#include "config/units.h"
#include "store/damage.h"
#include "tools/failure_json.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
onym_store_fault(const char *verb, const struct onym_fault *fault)
{
    (void)fprintf(stderr, "onymctl %s: %s\n", verb, fault->text);
    if (fault->status == ONYM_IN_USE || fault->status == ONYM_UNSUPPORTED) {
        return ONYM_EXIT_REFUSED;
    }
    if (fault->status == ONYM_UNCERTAIN) {
        return ONYM_EXIT_UNKNOWN;
    }
    return fault->status == ONYM_NOT_FOUND ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_SERVER;
}

/* Words for a store that turns out to be damaged; never given back. False: no memory. */
static bool
prepare_last_words(const struct onym_store_place *place)
{
    static const char format[] =
        "onymctl %s: %s: the store is damaged: its pages lead LMDB astray, or its file was cut "
        "short, "
        "as by a copy that did not end; what was said of it so far does not count. Restore it from "
        "a dump or a backup\n";
    size_t front = strlen("onymctl : ") + strlen(place->verb);
    struct onym_damage_words words = {.code = place->damaged, .printed = place->cli->printed};
    uint8_t *object;
    size_t cap;
    char *text;
    int len = asprintf(&text, format, place->verb, place->dir);

    if (len < 0) {
        return false;
    }
    cap = 6 * (size_t)len + 256;
    object = malloc(cap);
    if (object == NULL) {
        free(text);
        return false;
    }
    words.said = onym_span_of(text, (size_t)len);
    words.object = onym_span_of(
        object, onym_failure_json_write(object, cap, words.code,
                                        onym_span_of(text + front, (size_t)len - front - 1)));
    onym_damage_end_with(words);
    return true;
}

static int
open_env(const struct onym_store_place *place, struct onym_env_options options,
         struct onym_env **out)
{
    char holder[64];
    struct onym_fault fault = {0};

    if (!prepare_last_words(place)) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", place->verb);
        return ONYM_EXIT_SERVER;
    }
    (void)snprintf(holder, sizeof holder, "onymctl %s", place->verb);
    options.dir = place->dir;
    options.map_size = place->map_size;
    options.holder = holder;
    return onym_env_open(&options, out, &fault) == ONYM_OK ? ONYM_EXIT_DONE
                                                           : onym_store_fault(place->verb, &fault);
}

int
onym_store_open(const struct onym_store_place *place, struct onym_env **out)
{
    return open_env(place, (struct onym_env_options){.create = false}, out);
}

int
onym_store_make(const struct onym_store_place *place, enum onym_record_digest log_hash,
                struct onym_env **out)
{
    return open_env(place, (struct onym_env_options){.create = true, .log_hash = log_hash}, out);
}

int
onym_store_size(const char *verb, const char *option, const char *text, size_t least, size_t *out)
{
    char floor[ONYM_UNIT_TEXT_MAX];
    uint64_t bytes = 0;

    onym_size_format(least, floor);
    if (onym_size_parse(onym_span_text(text), &bytes) != ONYM_UNIT_OK || bytes < least ||
        bytes > SIZE_MAX / 2) {
        return onym_usage_error(verb, "%s %s: not a size; expected at least %s, such as 512MiB",
                                option, text, floor);
    }
    *out = (size_t)bytes;
    return ONYM_EXIT_DONE;
}

int
onym_store_bad_option(const char *verb, char **argv)
{
    return onym_usage_error(verb, "unknown or incomplete option %s; see onymctl %s --help",
                            argv[optind - 1], verb);
}

#define BAR_WIDTH   24U
#define DRAW_NS     ((uint64_t)100 * 1000 * 1000)
#define LINE_NS     ((uint64_t)5 * 1000 * 1000 * 1000)
#define NS_PER_S    1e9
#define ETA_AFTER_S 0.5

void
onym_progress_start(struct onym_progress *progress, const struct onym_cli *cli, const char *verb,
                    const char *what)
{
    onym_progress_clear(progress);
    *progress = (struct onym_progress){.verb = verb,
                                       .what = what,
                                       .on = !cli->no_progress && !cli->quiet,
                                       .terminal = isatty(STDERR_FILENO) == 1};
    progress->start_ns = onym_clock_monotonic_ns();
    progress->last_ns = progress->start_ns;
}

void
onym_progress_clear(struct onym_progress *progress)
{
    if (progress->drawn) {
        (void)fputs("\r\033[K", stderr);
        progress->drawn = false;
    }
}

static void
print_bar(double part)
{
    char bar[BAR_WIDTH + 1];

    for (unsigned i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (double)i < part * BAR_WIDTH ? '#' : '-';
    }
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, " [%s]", bar);
}

void
onym_progress_step(struct onym_progress *progress, uint64_t rows, uint64_t done, uint64_t whole)
{
    uint64_t now_ns;
    double elapsed_s;
    double part;

    if (!progress->on) {
        return;
    }
    now_ns = onym_clock_monotonic_ns();
    if (now_ns - progress->last_ns < (progress->terminal ? DRAW_NS : LINE_NS)) {
        return;
    }
    progress->last_ns = now_ns;
    elapsed_s = (double)(now_ns - progress->start_ns) / NS_PER_S;
    part = whole > 0 ? (double)done / (double)whole : 0;
    (void)fprintf(stderr, "%sonymctl %s: %s", progress->terminal ? "\r" : "", progress->verb,
                  progress->what);
    if (progress->terminal && whole > 0) {
        print_bar(part);
    }
    if (whole > 0) {
        (void)fprintf(stderr, " %.0f %%,", part * 100);
    }
    (void)fprintf(stderr, " %llu %s, %.0f rows/s", (unsigned long long)rows,
                  onym_word_of(rows, "row", "rows"), (double)rows / elapsed_s);
    if (part > 0 && elapsed_s > ETA_AFTER_S) {
        (void)fprintf(stderr, ", %.0f s left", elapsed_s / part * (1 - part));
    }
    (void)fputs(progress->terminal ? "\033[K" : "\n", stderr);
    (void)fflush(stderr);
    progress->drawn = progress->terminal;
}
