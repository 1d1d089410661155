#include "tools/bench_workload.h"

#include "tools/bench_result.h"

#include <strings.h>

#define RATE_SHIFT  300.0  /* a mean hour of the two shifts */
#define RATE_ABUSED 1000.0 /* of the client that is no abuser */

const struct onym_bench_workload onym_bench_workloads[] = {
    {.name = "W1",
     .title = "hot resolve",
     .what =
         "All reads, few names asked often (Zipf 0.99): Handle over pooled TCP connections and\n"
         "over UDP, then JSON over HTTPS. Full size: --records 10000000, loaded from\n"
         "onym-generate --records 10000000 --attributes 12 --shuffle.\n",
     .steps = {{.name = "tcp",
                .transport = ONYM_BENCH_TCP,
                .mix = "resolve=1",
                .theta = 0.99,
                .connections = 16,
                .window = 8},
               {.name = "udp", .transport = ONYM_BENCH_UDP, .mix = "resolve=1", .theta = 0.99},
               {.name = "https",
                .transport = ONYM_BENCH_HTTPS,
                .mix = "resolve=1",
                .theta = 0.99,
                .connections = 16}},
     .count = 3},
    {.name = "W2",
     .title = "cold resolve",
     .what =
         "All reads, every name as likely as any other, over UDP and TCP. Cold when the data is\n"
         "larger than memory: --records 50000000 on a small machine.\n",
     .steps = {{.name = "udp", .transport = ONYM_BENCH_UDP, .mix = "resolve=1"},
               {.name = "tcp",
                .transport = ONYM_BENCH_TCP,
                .mix = "resolve=1",
                .connections = 16,
                .window = 8}},
     .count = 2},
    {.name = "W3",
     .title = "route resolve",
     .what =
         "Records of prefixes only, as recursive nodes ask once for each enterprise and time to\n"
         "live. Enterprises follow from --records.\n",
     .steps = {{.name = "udp", .transport = ONYM_BENCH_UDP, .mix = "route=1"},
               {.name = "tcp", .transport = ONYM_BENCH_TCP, .mix = "route=1", .connections = 16}},
     .count = 2},
    {.name = "W4",
     .title = "bulk register",
     .what =
         "New records as fast as they are acknowledged durable, one request outstanding on each\n"
         "of 1, 4 and 16 logged-in TCP connections (writers); then batches of 2000 (--rows)\n"
         "over HTTPS from as many.\n"
         "Registers for good: use a store you can throw away.\n",
     .changes = true,
     .steps =
         {{.name = "1 writer", .transport = ONYM_BENCH_TCP, .mix = "register=1", .connections = 1},
          {.name = "4 writers", .transport = ONYM_BENCH_TCP, .mix = "register=1", .connections = 4},
          {.name = "16 writers",
           .transport = ONYM_BENCH_TCP,
           .mix = "register=1",
           .connections = 16},
          {.name = "1 writer of batches",
           .transport = ONYM_BENCH_HTTPS,
           .mix = "batch=1",
           .connections = 1},
          {.name = "4 writers of batches",
           .transport = ONYM_BENCH_HTTPS,
           .mix = "batch=1",
           .connections = 4},
          {.name = "16 writers of batches",
           .transport = ONYM_BENCH_HTTPS,
           .mix = "batch=1",
           .connections = 16}},
     .count = 6},
    {.name = "W5",
     .title = "shift mix",
     .what =
         "70 % resolve, 20 % register, 10 % update in an open loop over TCP, and beside them a\n"
         "batch of 2000 records (--rows) over HTTPS each second (--beside-rate, --ca): a mean\n"
         "hour, the peak of a shift's beginning (3 times as much), and the burst after a line\n"
         "stop (10 times). --rate sets the mean. Registers for good: use a store you can throw\n"
         "away.\n",
     .rate = RATE_SHIFT,
     .changes = true,
     .steps = {{.name = "mean",
                .transport = ONYM_BENCH_TCP,
                .mix = "resolve=70,register=20,update=10",
                .rate_factor = 1,
                .connections = 64,
                .beside = ONYM_BENCH_BESIDE_BATCHES},
               {.name = "shift peak",
                .transport = ONYM_BENCH_TCP,
                .mix = "resolve=70,register=20,update=10",
                .rate_factor = 3,
                .connections = 64,
                .beside = ONYM_BENCH_BESIDE_BATCHES},
               {.name = "line stop",
                .transport = ONYM_BENCH_TCP,
                .mix = "resolve=70,register=20,update=10",
                .rate_factor = 10,
                .connections = 64,
                .beside = ONYM_BENCH_BESIDE_BATCHES}},
     .count = 3},
    {.name = "W6",
     .title = "import",
     .what =
         "Hot reads over UDP in an open loop, first alone, then while a CSV file of new records\n"
         "(20,000, --import-rows) is imported as onymctl batch run does it: over the Handle\n"
         "protocol, or with --ca over HTTPS. The measured time ends with the import. The 99th\n"
         "percentile may double. Full size: --import-rows 1M --duration 1h. Registers for good:\n"
         "use a store you can throw away.\n",
     .rate = RATE_ABUSED,
     .changes = true,
     .judged = ONYM_BENCH_P99,
     .limit = 2,
     .steps = {{.name = "alone",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=1",
                .theta = 0.99,
                .rate_factor = 1},
               {.name = "beside an import",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=1",
                .theta = 0.99,
                .rate_factor = 1,
                .beside = ONYM_BENCH_BESIDE_IMPORT}},
     .count = 2},
    {.name = "W7",
     .title = "negative",
     .what = "UDP: hits only, then with 15 % not found, 1 % malformed and 1 % refused among them.\n"
             "A request of any kind should cost as much as a hit: processor time is compared when\n"
             "--ops is given, else look at the latencies of each kind.\n",
     .judged = ONYM_BENCH_CPU,
     .limit = 1.1,
     .steps = {{.name = "hits", .transport = ONYM_BENCH_UDP, .mix = "resolve=1"},
               {.name = "mixed",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=83,miss=15,malformed=1,refused=1"}},
     .count = 2},
    {.name = "W9",
     .title = "idle connections",
     .what = "Hot reads over UDP without and then with 10,000 idle TCP connections (--idle). With\n"
             "--ops the processor time of an answer is compared and the memory of an idle\n"
             "connection told.\n",
     .judged = ONYM_BENCH_CPU,
     .limit = 1.05,
     .steps = {{.name = "alone", .transport = ONYM_BENCH_UDP, .mix = "resolve=1", .theta = 0.99},
               {.name = "beside idle connections",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=1",
                .theta = 0.99,
                .idle = 10000}},
     .count = 2},
    {.name = "W11",
     .title = "abuse",
     .what =
         "A client asks 1,000 times a second (--rate) over UDP, first alone, then while another\n"
         "address of this machine, 127.0.0.2, asks 50,000 times a second (--beside-rate) for\n"
         "names that are not there and in broken messages. 99 % of the client's answers must\n"
         "come within 20 ms. The node's limits do not count on loopback unless limits.exempt\n"
         "is empty: run it both ways.\n",
     .rate = RATE_ABUSED,
     .judged = ONYM_BENCH_P99_US,
     .limit = 20000,
     .steps = {{.name = "alone",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=1",
                .theta = 0.99,
                .rate_factor = 1},
               {.name = "beside abuse",
                .transport = ONYM_BENCH_UDP,
                .mix = "resolve=1",
                .theta = 0.99,
                .rate_factor = 1,
                .beside = ONYM_BENCH_BESIDE_ABUSE}},
     .count = 2},
    {.name = NULL}};

const struct onym_bench_workload *
onym_bench_workload_find(const char *name)
{
    const struct onym_bench_workload *w = onym_bench_workloads;

    while (w->name != NULL && strcasecmp(w->name, name) != 0) {
        w++;
    }
    return w->name != NULL ? w : NULL;
}

struct onym_bench_args
onym_bench_workload_step(const struct onym_bench_workload *workload,
                         const struct onym_bench_step *step, const struct onym_bench_args *user)
{
    struct onym_bench_args args = *user;
    struct onym_bench_settings *s = &args.settings;
    double rate = user->has_rate ? s->rate : workload->rate;

    s->name = step->name;
    s->transport = step->transport;
    s->mix_text = step->mix;
    s->theta = step->theta;
    s->rate = step->rate_factor * rate;
    s->idle = step->idle == 0 ? 0 : user->has_idle ? s->idle : step->idle;
    if (!user->has_connections && step->connections > 0) {
        s->connections = step->connections;
        args.has_connections = true;
    }
    if (!user->has_window && step->window > 0) {
        s->window = step->window;
        args.has_window = true;
    }
    if (s->transport != ONYM_BENCH_HTTPS) {
        s->authorities = NULL;
    }
    return args;
}

static double
judged_figure(enum onym_bench_judged judged, const json_t *run)
{
    return judged == ONYM_BENCH_CPU ? onym_bench_result_number(run, "server", "cpu_us_per_answer")
                                    : onym_bench_result_number(run, "latency_us", "p99");
}

void
onym_bench_workload_judge(const struct onym_bench_workload *workload, const json_t *runs, FILE *out)
{
    size_t count = json_array_size(runs);
    double first = count > 0 ? judged_figure(workload->judged, json_array_get(runs, 0)) : 0;
    double last = count > 0 ? judged_figure(workload->judged, json_array_get(runs, count - 1)) : 0;
    double figure = workload->judged == ONYM_BENCH_P99_US ? last : first > 0 ? last / first : 0;

    if (workload->judged == ONYM_BENCH_NOTHING || count != workload->count || first <= 0 ||
        last <= 0) {
        return;
    }
    if (workload->judged == ONYM_BENCH_P99_US) {
        (void)fprintf(out, "%s: 99 %% within %.0f us (alone %.0f us), at most %.0f us: %s\n",
                      workload->name, last, first, workload->limit,
                      figure <= workload->limit ? "met" : "not met");
        return;
    }
    (void)fprintf(out, "%s: %s %.2f times that of '%s', at most %.2f: %s\n", workload->name,
                  workload->judged == ONYM_BENCH_CPU ? "processor time of an answer"
                                                     : "99th percentile",
                  figure, onym_bench_result_text(json_array_get(runs, 0), "name", NULL),
                  workload->limit, figure <= workload->limit ? "met" : "not met");
}
