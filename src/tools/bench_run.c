#include "tools/bench_run.h"
#include "tools/text.h"

#include "base/clock.h"
#include "base/require.h"
#include "tools/bench_load.h"
#include "tools/bench_login.h"
#include "tools/bench_result.h"
#include "tools/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define MS            ((uint64_t)1000 * 1000)
#define SECOND        (1000 * MS)
#define PARTIAL       (SECOND / 10) /* a last second shorter than this is left out */
#define IDLE_WAIT_NS  (60 * SECOND)
#define IDLE_RATE     0.1
#define TRIAL_SESSION 10000U
#define IMPORT_LOOK   (50 * MS) /* how often an import is looked at */

/* A run while it goes on. */
struct run {
    const struct onym_bench_plan *plan;
    struct onym_bench_source source;
    struct onym_bench_settings idle_settings;
    struct onym_bench_load *idle, *beside, *main;
    struct onym_bench_import *import;
    struct onym_bench_run_facts facts;
    struct onym_histogram *now, *before, *difference;
    uint64_t failed_before, sampled_ns;
    double cpu_before;
    char failure[128];
};

/* ---- signals and limits ---- */

static sigset_t
stopping_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    return set;
}

void
onym_bench_run_signals(void)
{
    sigset_t set = stopping_signals();

    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

void
onym_bench_run_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Sleeps until then; true when the user wants to stop. */
static bool
sleep_until(uint64_t then_ns)
{
    sigset_t set = stopping_signals();
    uint64_t now = onym_clock_monotonic_ns();
    uint64_t left = then_ns > now ? then_ns - now : 0;
    struct timespec wait = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};

    return sigtimedwait(&set, NULL, &wait) > 0;
}

static double
cpu_seconds(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* ---- each second ---- */

/* A latency; "-" where nothing was answered, since 0 would be the best there is. */
static void
latency_text(const json_t *second, const char *key, char room[32])
{
    if (onym_bench_result_number(second, "rate", NULL) > 0) {
        (void)snprintf(room, 32, "%.1f us", onym_bench_result_number(second, key, NULL));
    } else {
        (void)snprintf(room, 32, "-");
    }
}

static void
print_second(const json_t *second, bool warm, FILE *out)
{
    char p50[32];
    char p99[32];

    latency_text(second, "p50_us", p50);
    latency_text(second, "p99_us", p99);
    (void)fprintf(out, "%8.1f s %10.0f/s   p50 %12s   p99 %12s   errors %.0f%s\n",
                  warm ? 0.0 : onym_bench_result_number(second, "t", NULL),
                  onym_bench_result_number(second, "rate", NULL), p50, p99,
                  onym_bench_result_number(second, "errors", NULL), warm ? "  warm-up" : "");
    (void)fflush(out);
}

static void
sample(struct run *r, uint64_t now, bool warm)
{
    uint64_t failed;
    double seconds = (double)(now - r->sampled_ns) / 1e9;
    json_t *second;

    memset(r->now, 0, sizeof *r->now);
    onym_bench_load_sample(r->main, r->now, &failed);
    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS; i++) {
        r->difference->slot[i] = r->now->slot[i] - r->before->slot[i];
    }
    second = onym_bench_result_second((double)(now - onym_bench_load_start_ns(r->main)) / 1e9,
                                      seconds, r->difference, failed - r->failed_before);
    if (!r->plan->output->quiet) {
        print_second(second, warm, r->plan->text);
    }
    if (warm) {
        json_decref(second);
    } else {
        ONYM_REQUIRE(json_array_append_new(r->facts.series, second) == 0);
    }
    memcpy(r->before, r->now, sizeof *r->now);
    r->failed_before = failed;
    r->sampled_ns = now;
}

static void
read_server(struct run *r, struct onym_bench_ops *out)
{
    struct onym_fault fault;

    if (r->plan->output->ops != NULL && r->facts.has_server &&
        onym_bench_ops_read(r->plan->output->ops, out, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymbench: %s\n", fault.text);
        r->facts.has_server = false;
    }
}

/* Sleeps until then, or until the user or the end of an import ends the measured time. */
static void
wait_until(struct run *r, uint64_t then_ns, bool warm)
{
    uint64_t now = onym_clock_monotonic_ns();

    while (now < then_ns && !r->facts.interrupted) {
        bool looks = r->import != NULL && !warm;
        uint64_t next = looks && then_ns - now > IMPORT_LOOK ? now + IMPORT_LOOK : then_ns;

        r->facts.interrupted = sleep_until(next);
        if (r->facts.interrupted || (looks && onym_bench_import_over(r->import))) {
            onym_bench_load_stop(r->main);
            return;
        }
        now = onym_clock_monotonic_ns();
    }
}

/* Seconds of the warm-up, then of the measured time. */
static void
watch(struct run *r)
{
    uint64_t start = onym_bench_load_start_ns(r->main);
    bool warm = true;

    r->sampled_ns = onym_clock_monotonic_ns();
    while (r->sampled_ns < onym_bench_load_end_ns(r->main) && !r->facts.interrupted) {
        uint64_t stop = warm ? start : onym_bench_load_end_ns(r->main);
        uint64_t next = r->sampled_ns + SECOND;
        uint64_t now;

        wait_until(r, next < stop ? next : stop, warm);
        now = onym_clock_monotonic_ns();
        if (now - r->sampled_ns >= PARTIAL) {
            sample(r, now, warm);
        } else {
            r->sampled_ns = now;
        }
        if (warm && now >= start) {
            warm = false;
            read_server(r, &r->facts.before);
            if (r->import != NULL) {
                onym_bench_import_go(r->import);
            }
        }
    }
    read_server(r, &r->facts.after);
}

/* ---- loads beside ---- */

/* Connections that do nothing are those of a load that hardly ever asks. */
static int
open_idle(struct run *r)
{
    const struct onym_bench_settings *s = r->plan->settings;
    uint64_t until = onym_clock_monotonic_ns() + IDLE_WAIT_NS;
    struct onym_fault fault;

    r->idle_settings = *s;
    r->idle_settings.transport = s->transport == ONYM_BENCH_UDP ? ONYM_BENCH_TCP : s->transport;
    r->idle_settings.rate = IDLE_RATE;
    r->idle_settings.connections = s->idle;
    r->idle_settings.threads = 1;
    r->idle_settings.window = 1;
    r->idle_settings.new_connections = false;
    r->idle_settings.warm_up_ms = 0;
    r->idle_settings.duration_ms = ONYM_BENCH_DURATION_MAX_MS + ONYM_BENCH_DURATION_MAX_MS;
    if (onym_bench_load_start(&r->idle_settings, &r->source, &r->idle, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymbench: idle connections: %s\n", fault.text);
        return ONYM_EXIT_SERVER;
    }
    while (onym_bench_load_opened(r->idle) < s->idle && onym_clock_monotonic_ns() < until) {
        if (sleep_until(onym_clock_monotonic_ns() + 10 * MS)) {
            r->facts.interrupted = true;
            return ONYM_EXIT_INTERRUPTED;
        }
    }
    r->facts.idle_open = onym_bench_load_opened(r->idle);
    if (r->facts.idle_open < s->idle) {
        const char *why = onym_bench_load_failure(r->idle);

        (void)fprintf(stderr, "onymbench: %zu of %zu idle %s could be opened: %s\n",
                      (size_t)r->facts.idle_open, (size_t)s->idle,
                      onym_word_of(s->idle, "connection", "connections"),
                      why != NULL ? why : "no answer");
        return ONYM_EXIT_UNREACHABLE;
    }
    return ONYM_EXIT_DONE;
}

/* Whether those who log in can; every connection would tell it otherwise. */
static int
try_login(const struct onym_bench_settings *s)
{
    struct onym_rng rng = onym_rng_system();
    int fd;

    if (s->transport != ONYM_BENCH_TCP || !onym_bench_mix_changes(&s->mix)) {
        return ONYM_EXIT_DONE;
    }
    fd = onym_bench_login_open((const struct sockaddr *)&s->target, s->target_len,
                               s->identity.handle, s->identity.index, s->identity.secret,
                               TRIAL_SESSION, &rng);
    if (fd < 0) {
        return errno == EACCES ? ONYM_EXIT_AUTH : ONYM_EXIT_UNREACHABLE;
    }
    (void)close(fd);
    return ONYM_EXIT_DONE;
}

static int
start_loads(struct run *r)
{
    const struct onym_bench_plan *plan = r->plan;
    const struct onym_bench_settings *s = plan->settings;
    struct onym_fault fault;
    enum onym_status status = ONYM_OK;

    if (plan->import != NULL) { /* before there are threads */
        status = onym_bench_import_new(plan->import, &r->import, &fault);
        if (status != ONYM_OK) {
            (void)fprintf(stderr, "onymbench: %s\n", fault.text);
            return ONYM_EXIT_SERVER;
        }
    }
    read_server(r, &r->facts.alone);
    if (plan->output->ops != NULL && !r->facts.has_server) {
        return ONYM_EXIT_UNREACHABLE; /* better now than after the measurement */
    }
    if (s->idle > 0) {
        int code = open_idle(r);

        if (code != ONYM_EXIT_DONE) {
            return code;
        }
        read_server(r, &r->facts.idle);
    }
    r->cpu_before = cpu_seconds();
    if (plan->beside != NULL) {
        status = onym_bench_load_start(plan->beside, &r->source, &r->beside, &fault);
    }
    if (status == ONYM_OK) {
        status = onym_bench_load_start(s, &r->source, &r->main, &fault);
    }
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymbench: %s\n", fault.text);
        return status == ONYM_INVALID ? ONYM_EXIT_USAGE : ONYM_EXIT_SERVER;
    }
    return ONYM_EXIT_DONE;
}

/* Ends a load beside; its figures, if they are wanted. */
static void
end_beside(struct onym_bench_load **load, struct onym_bench_run_facts *facts)
{
    struct onym_bench_tally *tally;
    uint64_t measured;

    if (*load == NULL) {
        return;
    }
    tally = calloc(1, sizeof *tally);
    ONYM_REQUIRE(tally != NULL);
    onym_bench_load_stop(*load);
    onym_bench_load_finish(*load, tally, &measured);
    *load = NULL;
    if (facts != NULL) {
        facts->beside_s = (double)measured / 1e9;
        facts->beside_answers = onym_bench_tally_ended(tally, ONYM_BENCH_RIGHT);
        for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
            facts->beside_requests += onym_bench_tally_requests(tally, (enum onym_bench_kind)kind);
        }
    }
    free(tally);
}

/* An import counts as the load beside. */
static void
end_import(struct run *r)
{
    if (r->import != NULL) {
        onym_bench_import_end(r->import, &r->facts.imported);
        r->import = NULL;
        r->facts.beside_s = r->facts.imported.seconds;
        r->facts.beside_requests = r->facts.imported.settled;
        r->facts.beside_answers = r->facts.imported.stored;
    }
}

/* ---- the end ---- */

/* Why nothing was answered. */
static const char *
why_silent(const struct run *r, const struct onym_bench_tally *tally)
{
    if (r->failure[0] != '\0') {
        return r->failure;
    }
    return onym_bench_tally_ended(tally, ONYM_BENCH_BROKEN) > 0
               ? "it hangs up, or what comes back is of another protocol"
               : "nothing came back in time";
}

static int
verdict(const struct run *r, const struct onym_bench_tally *tally)
{
    uint64_t failed = 0;
    bool answers = onym_histogram_count(&tally->live) > 0; /* if only to the warm-up */

    if (r->facts.interrupted) {
        return ONYM_EXIT_INTERRUPTED;
    }
    for (unsigned end = ONYM_BENCH_RIGHT + 1; end < ONYM_BENCH_ENDS; end++) {
        failed += onym_bench_tally_ended(tally, (enum onym_bench_end)end);
    }
    if (failed + onym_bench_tally_ended(tally, ONYM_BENCH_RIGHT) == 0 &&
        (r->plan->settings->rate > 0 || answers) && r->failure[0] == '\0') {
        (void)fprintf(stderr,
                      "onymbench: no request was due in the measured time; give a %slonger "
                      "--duration\n",
                      r->plan->settings->rate > 0 ? "higher --rate or a " : "");
        return ONYM_EXIT_USAGE;
    }
    if (onym_bench_tally_ended(tally, ONYM_BENCH_UNSENT) == failed && failed > 0 &&
        onym_bench_tally_ended(tally, ONYM_BENCH_RIGHT) == 0 && r->failure[0] == '\0' && answers) {
        (void)fprintf(stderr, "onymbench: no request of the measured time could be sent, so many "
                              "were due before; give a lower --rate\n");
        return ONYM_EXIT_NEGATIVE;
    }
    if (onym_bench_tally_ended(tally, ONYM_BENCH_RIGHT) == 0 &&
        onym_bench_tally_ended(tally, ONYM_BENCH_AMISS) == 0) {
        (void)fprintf(
            stderr,
            "onymbench: %s does not answer over %s: %s (ports, unless named: Handle 2641, "
            "TLS 2642, HTTP 8080, HTTPS 8000)\n",
            r->plan->settings->server, onym_bench_transport_name(r->plan->settings->transport),
            why_silent(r, tally));
        return ONYM_EXIT_UNREACHABLE;
    }
    return failed > 0 || r->facts.imported.failed ? ONYM_EXIT_NEGATIVE : ONYM_EXIT_DONE;
}

static int
finish(struct run *r, json_t **out)
{
    struct onym_bench_tally *tally = calloc(1, sizeof *tally);
    const char *failure = onym_bench_load_failure(r->main);
    int code;

    ONYM_REQUIRE(tally != NULL);
    (void)snprintf(r->failure, sizeof r->failure, "%s", failure != NULL ? failure : "");
    onym_bench_load_finish(r->main, tally, &r->facts.measured_ns);
    r->main = NULL;
    end_beside(&r->beside, &r->facts);
    end_import(r);
    r->facts.client_cpu_s = cpu_seconds() - r->cpu_before;
    *out = onym_bench_result_run(&r->facts, tally);
    r->facts.series = NULL;
    onym_bench_result_print(*out, r->plan->text);
    code = verdict(r, tally);
    free(tally);
    return code;
}

int
onym_bench_run(const struct onym_bench_plan *plan, json_t **run)
{
    const struct onym_bench_settings *s = plan->settings;
    struct run *r = calloc(1, sizeof *r);
    int code = ONYM_EXIT_USAGE;

    ONYM_REQUIRE(r != NULL);
    *run = NULL;
    r->plan = plan;
    r->facts.settings = s;
    r->facts.beside = plan->beside;
    r->facts.import = plan->import;
    r->facts.has_server = plan->output->ops != NULL;
    r->facts.series = json_array();
    r->now = calloc(1, sizeof *r->now);
    r->before = calloc(1, sizeof *r->before);
    r->difference = calloc(1, sizeof *r->difference);
    ONYM_REQUIRE(r->now != NULL && r->before != NULL && r->difference != NULL);
    if (onym_bench_source_open(s->names_file, s->records, s->data_seed, s->theta, &r->source) ==
        ONYM_OK) {
        code = try_login(s);
        if (code == ONYM_EXIT_DONE && plan->beside != NULL) {
            code = try_login(plan->beside);
        }
        if (code == ONYM_EXIT_DONE) {
            code = start_loads(r);
        }
        if (code == ONYM_EXIT_DONE) {
            watch(r);
            code = finish(r, run);
        }
        end_import(r);
        end_beside(&r->main, NULL);
        end_beside(&r->beside, NULL);
        end_beside(&r->idle, NULL);
        onym_bench_source_free(&r->source);
    }
    json_decref(r->facts.series);
    free(r->now);
    free(r->before);
    free(r->difference);
    free(r);
    return code;
}
