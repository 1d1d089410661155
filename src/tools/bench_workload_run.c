#include "tools/bench_commands.h"
#include "tools/bench_output.h"
#include "tools/bench_run.h"
#include "tools/bench_workload.h"
#include "tools/command.h"
#include "tools/dispatch.h"

#include <netinet/in.h>
#include <stdio.h>

#define HTTPS_PORT   8000U
#define ABUSE_RATE   50000.0
#define ABUSE_MIX    "miss=90,malformed=10"
#define ABUSE_SOURCE "127.0.0.2"
#define NAMES_MAX    16U

#define BATCH_RATE        1.0
#define BATCH_CONNECTIONS 4U

static int
unknown(const char *word)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    const char *near;

    for (; onym_bench_workloads[count].name != NULL && count < NAMES_MAX; count++) {
        names[count] = onym_bench_workloads[count].name;
    }
    near = onym_suggest(word, names, count);
    return near != NULL
               ? onym_bench_usage("workload", "unknown workload '%s'; did you mean %s?", word, near)
               : onym_bench_usage("workload",
                                  "unknown workload '%s'; see onymbench "
                                  "workload --help",
                                  word);
}

/* The server's HTTPS listener: the same host, another port. */
static void
https_server(const struct onym_bench_args *user, const char *host, char out[300])
{
    uint64_t port = user->https_port > 0 ? user->https_port : HTTPS_PORT;

    (void)snprintf(out, 300, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
}

/* The load beside a step, made of the settled step. */
static int
settle_beside(const struct onym_bench_step *step, const struct onym_bench_args *user,
              const char *server, struct onym_bench_args *out)
{
    struct onym_bench_settings *s = &out->settings;
    struct onym_fault fault;

    *out = *user;
    s->theta = 0;
    s->idle = 0;
    s->duration_ms = ONYM_BENCH_DURATION_MAX_MS; /* it ends with the step */
    s->warm_up_ms = 0;
    s->threads = 1;
    if (step->beside == ONYM_BENCH_BESIDE_BATCHES) {
        s->transport = ONYM_BENCH_HTTPS;
        s->mix_text = "batch=1";
        s->rate = user->beside_rate > 0 ? (double)user->beside_rate : BATCH_RATE;
        s->fixed = true;
        s->connections = BATCH_CONNECTIONS;
        s->window = 1;
    } else {
        s->authorities = NULL;
        s->transport = ONYM_BENCH_UDP;
        s->mix_text = ABUSE_MIX;
        s->rate = user->beside_rate > 0 ? (double)user->beside_rate : ABUSE_RATE;
        s->connections = 1;
        s->window = ONYM_BENCH_WINDOW_MAX;
        out->as = out->secret_file = s->identity.under = NULL;
        if (onym_bench_args_server(ABUSE_SOURCE, 1, &s->source, &s->source_len, NULL, &fault) !=
            ONYM_OK) {
            return onym_bench_usage("workload", "%s", fault.text);
        }
        onym_bench_args_port(&s->source, 0);
    }
    out->has_connections = out->has_window = true;
    return onym_bench_args_settle(server, out);
}

/* An import over the Handle protocol, or, with authorities, over HTTPS. */
static int
plan_import(const struct onym_bench_args *user, const char *server, const char *url,
            struct onym_bench_identity *identity, struct onym_bench_import_plan *out)
{
    const char *authorities = user->settings.authorities;
    struct onym_rng rng = onym_rng_system();
    struct onym_fault fault;

    *identity = user->settings.identity;
    identity->run = (uint32_t)onym_rng_u64(&rng);
    *out = (struct onym_bench_import_plan){.identity = identity,
                                           .secret_file = user->secret_file,
                                           .server = authorities != NULL ? url : server,
                                           .authorities = authorities,
                                           .rows = user->import_rows > 0 ? user->import_rows
                                                                         : ONYM_BENCH_IMPORT_ROWS};
    return onym_bench_identity_read(user->as, user->secret_file, identity, &fault) == ONYM_OK
               ? ONYM_EXIT_DONE
               : onym_bench_usage("workload", "%s", fault.text);
}

/* One step; its run is appended. */
static int
run_step(const struct onym_bench_workload *workload, const struct onym_bench_step *step,
         const struct onym_bench_args *user, const char *server, json_t *runs)
{
    struct onym_bench_args args = onym_bench_workload_step(workload, step, user);
    struct onym_bench_args beside;
    struct onym_bench_plan plan = {.settings = &args.settings,
                                   .output = &user->output,
                                   .text = onym_bench_output_text(&user->output)};
    struct onym_bench_import_plan import;
    struct onym_bench_identity identity;
    char https[300];
    char url[320];
    json_t *run = NULL;
    int code;

    https_server(user, user->settings.host, https);
    (void)snprintf(url, sizeof url, "https://%s", https);
    if (step->transport == ONYM_BENCH_HTTPS) {
        server = https;
    }
    if (strstr(step->mix, "register") == NULL && strstr(step->mix, "batch") == NULL) {
        args.as = args.secret_file = args.settings.identity.under = NULL;
    }
    code = onym_bench_args_settle(server, &args);
    if (code == ONYM_EXIT_DONE && step->beside == ONYM_BENCH_BESIDE_IMPORT) {
        code = plan_import(user, server, url, &identity, &import);
        plan.import = &import;
    } else if (code == ONYM_EXIT_DONE && step->beside != ONYM_BENCH_ALONE) {
        code = settle_beside(step, user, step->beside == ONYM_BENCH_BESIDE_BATCHES ? https : server,
                             &beside);
        plan.beside = &beside.settings;
    }
    if (code == ONYM_EXIT_DONE) {
        (void)fprintf(plan.text, "\n");
        code = onym_bench_run(&plan, &run);
    }
    if (run != NULL) {
        (void)json_array_append_new(runs, run);
    }
    return code;
}

/* Every step, unless one cannot be run at all; the worst code of them. */
static int
run_steps(const struct onym_bench_workload *workload, const struct onym_bench_args *user,
          const char *server)
{
    FILE *text = onym_bench_output_text(&user->output);
    json_t *runs = json_array();
    int worst = ONYM_EXIT_DONE;

    (void)fprintf(text, "%s %s\n%s", workload->name, workload->title, workload->what);
    for (size_t i = 0; i < workload->count; i++) {
        int code = run_step(workload, &workload->steps[i], user, server, runs);

        worst = code > worst ? code : worst;
        if (code > ONYM_EXIT_NEGATIVE) {
            break;
        }
    }
    if (json_array_size(runs) == 0) {
        json_decref(runs);
        return worst;
    }
    (void)fprintf(text, "\n");
    onym_bench_workload_judge(workload, runs, text);
    return onym_bench_output_write(&user->output, workload->name, runs, worst);
}

int
onym_bench_command_workload(int argc, char **argv)
{
    struct onym_bench_args user = onym_bench_args_default();
    const struct onym_bench_workload *workload;
    struct sockaddr_storage address;
    socklen_t len;
    struct onym_fault fault;
    int code = onym_bench_args_options(argc, argv, &user);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 2) {
        return onym_bench_usage("workload", "name the workload and the server: onymbench workload "
                                            "W1 127.0.0.1");
    }
    workload = onym_bench_workload_find(argv[optind]);
    if (workload == NULL) {
        return unknown(argv[optind]);
    }
    if (user.has_fixed_load) {
        return onym_bench_usage("workload", "a workload says what is asked, how and by which "
                                            "transport; leave --transport, --mix, --names, --label "
                                            "and --new-connections out, or take onymbench run");
    }
    if (workload->changes &&
        (user.as == NULL || user.secret_file == NULL || user.settings.identity.under == NULL)) {
        return onym_bench_usage("workload",
                                "%s registers: say as whom and where, with --as "
                                "INDEX:HANDLE --secret-file FILE --under PREFIX",
                                workload->name);
    }
    if (!workload->changes && user.as != NULL) {
        return onym_bench_usage("workload", "%s changes nothing; leave --as out", workload->name);
    }
    if (onym_bench_args_server(argv[optind + 1], 1, &address, &len, user.settings.host, &fault) !=
        ONYM_OK) {
        return onym_bench_usage("workload", "%s", fault.text);
    }
    code = onym_bench_output_check(&user.output);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    onym_bench_run_signals();
    return run_steps(workload, &user, argv[optind + 1]);
}
