#include "tools/bench_args.h"

#include "base/options.h"
#include "base/utf8.h"
#include "tools/bench_import.h"
#include "tools/bench_zipf.h"
#include "tools/command.h"
#include "tools/dispatch.h"
#include "tools/generate_plan.h"

#include <stdio.h>

#define NAMES_DEFAULT 8000U /* records of onym-generate without --records */
#define DURATION_MS   10000U
#define WARM_UP_MS    1000U
#define TIMEOUT_MS    1000U

static const char *const transports[ONYM_BENCH_TRANSPORTS] = {
    [ONYM_BENCH_UDP] = "udp",   [ONYM_BENCH_TCP] = "tcp",     [ONYM_BENCH_TLS] = "tls",
    [ONYM_BENCH_HTTP] = "http", [ONYM_BENCH_HTTPS] = "https",
};

enum choice {
    CHOICE_TRANSPORT = 't',
    CHOICE_RATE = 'r',
    CHOICE_WINDOW = 'w',
    CHOICE_CONNECTIONS = 'c',
    CHOICE_THREADS = 'T',
    CHOICE_MIX = 'm',
    CHOICE_NAMES = 'n',
    CHOICE_RECORDS = 'N',
    CHOICE_DURATION = 'd',
    CHOICE_QUIET = 'q',
    CHOICE_ARRIVALS = 256,
    CHOICE_NEW,
    CHOICE_NAMES_FILE,
    CHOICE_DATA_SEED,
    CHOICE_WARM_UP,
    CHOICE_TIMEOUT,
    CHOICE_SEED,
    CHOICE_SOURCE,
    CHOICE_IDLE,
    CHOICE_CA,
    CHOICE_OPS,
    CHOICE_JSON,
    CHOICE_REPORT,
    CHOICE_LABEL,
    CHOICE_AS,
    CHOICE_SECRET,
    CHOICE_UNDER,
    CHOICE_ROWS,
    CHOICE_HTTPS_PORT,
    CHOICE_BESIDE_RATE,
    CHOICE_IMPORT_ROWS,
    CHOICE_AWAY
};

static const struct option options[] = {
    {"transport", required_argument, NULL, CHOICE_TRANSPORT},
    {"rate", required_argument, NULL, CHOICE_RATE},
    {"arrivals", required_argument, NULL, CHOICE_ARRIVALS},
    {"window", required_argument, NULL, CHOICE_WINDOW},
    {"connections", required_argument, NULL, CHOICE_CONNECTIONS},
    {"threads", required_argument, NULL, CHOICE_THREADS},
    {"new-connections", no_argument, NULL, CHOICE_NEW},
    {"mix", required_argument, NULL, CHOICE_MIX},
    {"names", required_argument, NULL, CHOICE_NAMES},
    {"names-file", required_argument, NULL, CHOICE_NAMES_FILE},
    {"records", required_argument, NULL, CHOICE_RECORDS},
    {"data-seed", required_argument, NULL, CHOICE_DATA_SEED},
    {"duration", required_argument, NULL, CHOICE_DURATION},
    {"warm-up", required_argument, NULL, CHOICE_WARM_UP},
    {"timeout", required_argument, NULL, CHOICE_TIMEOUT},
    {"seed", required_argument, NULL, CHOICE_SEED},
    {"source", required_argument, NULL, CHOICE_SOURCE},
    {"idle", required_argument, NULL, CHOICE_IDLE},
    {"ca", required_argument, NULL, CHOICE_CA},
    {"ops", required_argument, NULL, CHOICE_OPS},
    {"json", required_argument, NULL, CHOICE_JSON},
    {"report", required_argument, NULL, CHOICE_REPORT},
    {"label", required_argument, NULL, CHOICE_LABEL},
    {"as", required_argument, NULL, CHOICE_AS},
    {"secret-file", required_argument, NULL, CHOICE_SECRET},
    {"under", required_argument, NULL, CHOICE_UNDER},
    {"rows", required_argument, NULL, CHOICE_ROWS},
    {"https-port", required_argument, NULL, CHOICE_HTTPS_PORT},
    {"beside-rate", required_argument, NULL, CHOICE_BESIDE_RATE},
    {"import-rows", required_argument, NULL, CHOICE_IMPORT_ROWS},
    {"quiet", no_argument, NULL, CHOICE_QUIET},
    {"this-server-is-mine", no_argument, NULL, CHOICE_AWAY},
    {NULL, 0, NULL, 0}};

const char *
onym_bench_transport_name(enum onym_bench_transport transport)
{
    return transports[transport];
}

struct onym_bench_args
onym_bench_args_default(void)
{
    return (struct onym_bench_args){.settings = {.transport = ONYM_BENCH_UDP,
                                                 .threads = 1,
                                                 .mix_text = "resolve=1",
                                                 .records = NAMES_DEFAULT,
                                                 .data_seed = ONYM_GENERATE_SEED,
                                                 .warm_up_ms = WARM_UP_MS,
                                                 .duration_ms = DURATION_MS,
                                                 .timeout_ms = TIMEOUT_MS,
                                                 .seed = 1}};
}

/* ---- values of options ---- */

static int
take_count(const char *name, const char *text, double min, double max, uint64_t *out)
{
    double number;

    if (!onym_bench_args_number(text, min, max, &number) || number != (double)(uint64_t)number) {
        return onym_bench_usage("", "--%s %s: give a whole number from %.0f to %.0f", name, text,
                                min, max);
    }
    *out = (uint64_t)number;
    return ONYM_EXIT_DONE;
}

static int
take_duration(const char *name, const char *text, uint64_t min_ms, uint64_t max_ms, uint64_t *out)
{
    if (!onym_bench_args_duration(text, min_ms, max_ms, out)) {
        return onym_bench_usage("", "--%s %s: give a time from %g to %g s, like 10s or 300ms", name,
                                text, (double)min_ms / 1e3, (double)max_ms / 1e3);
    }
    return ONYM_EXIT_DONE;
}

/* One of count words; count when it is none, which has been said. */
static size_t
take_word(const char *name, const char *text, const char *const *words, size_t count)
{
    char list[128] = "";
    const char *near = onym_suggest(text, words, count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                       i == 0           ? ""
                       : i + 1 == count ? " or "
                                        : ", ",
                       words[i]);
    }
    if (near != NULL) {
        (void)onym_bench_usage("", "--%s %s: did you mean %s?", name, text, near);
    } else {
        (void)onym_bench_usage("", "--%s %s: give %s", name, text, list);
    }
    return count;
}

static int
take_names(const char *text, struct onym_bench_settings *s)
{
    double theta = 0;

    if (strncmp(text, "zipf:", 5) == 0 &&
        onym_bench_args_number(text + 5, 0.01, ONYM_BENCH_THETA_MAX, &theta)) {
        s->theta = theta;
        return ONYM_EXIT_DONE;
    }
    if (strcmp(text, "uniform") == 0) {
        s->theta = 0;
        return ONYM_EXIT_DONE;
    }
    return onym_bench_usage("",
                            "--names %s: give uniform, or zipf: and an exponent from 0.01 to 10 as "
                            "in zipf:0.99 (a file of names: --names-file)",
                            text);
}

static int
take_mix(const char *text, struct onym_bench_settings *s)
{
    struct onym_fault fault;

    if (onym_bench_mix_parse(text, &s->mix, &fault) != ONYM_OK) {
        return onym_bench_usage("", "--mix %s: %s", text, fault.text);
    }
    s->mix_text = text;
    return ONYM_EXIT_DONE;
}

static int
take_source(const char *text, struct onym_bench_settings *s)
{
    struct onym_fault fault;

    if (onym_bench_args_server(text, 1, &s->source, &s->source_len, NULL, &fault) != ONYM_OK) {
        return onym_bench_usage("", "--source %s: %s", text, fault.text);
    }
    onym_bench_args_port(&s->source, 0);
    return ONYM_EXIT_DONE;
}

static int
take_rate(const char *text, struct onym_bench_args *out)
{
    size_t len = strlen(text);
    char number[32];

    /* "20000/s" is how people write a rate */
    len -= len > 2 && strcmp(text + len - 2, "/s") == 0 ? 2 : 0;
    (void)snprintf(number, sizeof number, "%.*s", (int)(len < sizeof number ? len : 0), text);
    out->has_rate = true;
    if (!onym_bench_args_number(number, 0.1, ONYM_BENCH_RATE_MAX, &out->settings.rate)) {
        return onym_bench_usage("", "--rate %s: give requests a second from 0.1 to %.0f, like 20k",
                                text, ONYM_BENCH_RATE_MAX);
    }
    return ONYM_EXIT_DONE;
}

static int
take_load_option(int choice, const char *text, struct onym_bench_args *out)
{
    static const char *const arrivals[] = {"poisson", "fixed"};
    struct onym_bench_settings *s = &out->settings;
    size_t which;

    switch (choice) {
    case CHOICE_TRANSPORT:
        out->has_fixed_load = true;
        which = take_word("transport", text, transports, ONYM_BENCH_TRANSPORTS);
        s->transport = (enum onym_bench_transport)which;
        return which < ONYM_BENCH_TRANSPORTS ? ONYM_EXIT_DONE : ONYM_EXIT_USAGE;
    case CHOICE_RATE:
        return take_rate(text, out);
    case CHOICE_ARRIVALS:
        out->has_arrivals = true;
        which = take_word("arrivals", text, arrivals, 2);
        s->fixed = which == 1;
        return which < 2 ? ONYM_EXIT_DONE : ONYM_EXIT_USAGE;
    case CHOICE_WINDOW:
        out->has_window = true;
        return take_count("window", text, 1, ONYM_BENCH_WINDOW_MAX, &s->window);
    case CHOICE_CONNECTIONS:
        out->has_connections = true;
        return take_count("connections", text, 1, ONYM_BENCH_CONNECTIONS_MAX, &s->connections);
    case CHOICE_THREADS:
        return take_count("threads", text, 1, ONYM_BENCH_THREADS_MAX, &s->threads);
    case CHOICE_NEW:
        out->has_fixed_load = true;
        s->new_connections = true;
        return ONYM_EXIT_DONE;
    case CHOICE_MIX:
        out->has_fixed_load = true;
        return take_mix(text, s);
    case CHOICE_ROWS:
        return take_count("rows", text, 1, ONYM_BENCH_ROWS_MAX, &out->rows);
    case CHOICE_HTTPS_PORT:
        return take_count("https-port", text, 1, UINT16_MAX, &out->https_port);
    case CHOICE_BESIDE_RATE:
        return take_count("beside-rate", text, 1, ONYM_BENCH_RATE_MAX, &out->beside_rate);
    case CHOICE_IMPORT_ROWS:
        return take_count("import-rows", text, 1, ONYM_BENCH_IMPORT_ROWS_MAX, &out->import_rows);
    case CHOICE_AS:
        out->as = text;
        return ONYM_EXIT_DONE;
    case CHOICE_SECRET:
        out->secret_file = text;
        return ONYM_EXIT_DONE;
    case CHOICE_UNDER:
        s->identity.under = text;
        return ONYM_EXIT_DONE;
    case CHOICE_IDLE:
        out->has_idle = true;
        return take_count("idle", text, 0, ONYM_BENCH_CONNECTIONS_MAX, &s->idle);
    case CHOICE_SOURCE:
        return take_source(text, s);
    default:
        return -1;
    }
}

static int
take_option(int choice, const char *text, struct onym_bench_args *out)
{
    struct onym_bench_settings *s = &out->settings;

    switch (choice) {
    case CHOICE_NAMES:
        out->has_fixed_load = true;
        return take_names(text, s);
    case CHOICE_NAMES_FILE:
        s->names_file = text;
        return ONYM_EXIT_DONE;
    case CHOICE_RECORDS:
        out->has_records = true;
        return take_count("records", text, 1, ONYM_GENERATE_RECORDS_MAX, &s->records);
    case CHOICE_DATA_SEED:
        return take_count("data-seed", text, 0, 9007199254740992.0, &s->data_seed);
    case CHOICE_DURATION:
        out->has_duration = true;
        return take_duration("duration", text, 10, ONYM_BENCH_DURATION_MAX_MS, &s->duration_ms);
    case CHOICE_WARM_UP:
        return take_duration("warm-up", text, 0, ONYM_BENCH_DURATION_MAX_MS, &s->warm_up_ms);
    case CHOICE_TIMEOUT:
        out->has_timeout = true;
        return take_duration("timeout", text, 1, ONYM_BENCH_TIMEOUT_MAX_MS, &s->timeout_ms);
    case CHOICE_SEED:
        return take_count("seed", text, 0, 4294967295.0, &s->seed);
    case CHOICE_CA:
        s->authorities = text;
        return ONYM_EXIT_DONE;
    case CHOICE_OPS:
        out->output.ops = text;
        return ONYM_EXIT_DONE;
    case CHOICE_JSON:
        out->output.json = text;
        return ONYM_EXIT_DONE;
    case CHOICE_REPORT:
        out->output.report = text;
        return ONYM_EXIT_DONE;
    case CHOICE_LABEL:
        out->has_fixed_load = true;
        s->name = text;
        return onym_utf8_valid(onym_span_text(text)) ? ONYM_EXIT_DONE
                                                     : onym_bench_usage("", "--label: give UTF-8");
    case CHOICE_QUIET:
        out->output.quiet = true;
        return ONYM_EXIT_DONE;
    case CHOICE_AWAY:
        out->allowed_away = true;
        return ONYM_EXIT_DONE;
    default:
        return take_load_option(choice, text, out);
    }
}

int
onym_bench_args_options(int argc, char **argv, struct onym_bench_args *out)
{
    int choice;

    optind = 0;
    opterr = 0;
    while ((choice = onym_option_next(argc, argv, ":t:r:w:c:T:m:n:N:d:q", options, NULL)) != -1) {
        int code = choice == '?' || choice == ':' ? onym_bench_args_unknown(argv[0], options, argv)
                                                  : take_option(choice, optarg, out);

        if (code != ONYM_EXIT_DONE) {
            return code;
        }
    }
    return ONYM_EXIT_DONE;
}
