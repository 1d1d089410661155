#include "tools/bench_load.h"

#include "base/clock.h"
#include "tools/bench_worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define MS              ((uint64_t)1000 * 1000)
#define REQUEST_LIFE_S  86400U /* expiration of requests, from the start */
#define CONNECT_WAIT_MS 5000U  /* without one more connection */

struct onym_bench_load {
    struct onym_bench_shared shared;
    uint32_t workers, threads; /* made, and started */
    struct onym_bench_worker *worker[ONYM_BENCH_THREADS_MAX];
    pthread_t thread[ONYM_BENCH_THREADS_MAX];
};

static void *
run(void *worker)
{
    onym_bench_worker_run(worker);
    return NULL;
}

/* Threads leave signals to the main thread. */
static enum onym_status
start_threads(struct onym_bench_load *load, struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (load->threads < load->workers && status == ONYM_OK) {
        int code = pthread_create(&load->thread[load->threads], NULL, run,
                                  load->worker[load->threads]);

        if (code != 0) {
            status = onym_fault_set(fault, ONYM_IO, "no thread can be started: %s", strerror(code));
        } else {
            load->threads++;
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static void
join_threads(struct onym_bench_load *load)
{
    for (uint32_t i = 0; i < load->threads; i++) {
        (void)pthread_join(load->thread[i], NULL);
    }
    load->threads = 0;
}

static void
drop(struct onym_bench_load *load)
{
    for (uint32_t i = 0; i < load->workers; i++) {
        onym_bench_worker_free(load->worker[i]);
    }
    free(load);
}

/* The warm-up begins when every connection stands, or could not be made: handshakes and logins
 * take their time, and a short run would be over before. */
static void
await_connections(struct onym_bench_load *load)
{
    const struct onym_bench_settings *s = load->shared.settings;
    const struct timespec pause = {.tv_nsec = (long)MS};
    uint64_t wanted = s->new_connections || load->threads < load->workers ? 0 : s->connections;
    uint64_t tried = 0;
    uint64_t start;

    for (unsigned quiet_ms = 0; tried < wanted && quiet_ms < CONNECT_WAIT_MS; quiet_ms++) {
        uint64_t now = onym_bench_load_opened(load) +
                       __atomic_load_n(&load->shared.failures, __ATOMIC_RELAXED);

        quiet_ms = now > tried ? 0 : quiet_ms;
        tried = now;
        (void)nanosleep(&pause, NULL);
    }
    start = onym_clock_monotonic_ns() + s->warm_up_ms * MS;
    __atomic_store_n(&load->shared.start_ns, start, __ATOMIC_RELAXED);
    __atomic_store_n(&load->shared.end_ns, start + s->duration_ms * MS, __ATOMIC_RELAXED);
}

enum onym_status
onym_bench_load_start(const struct onym_bench_settings *settings,
                      const struct onym_bench_source *source, struct onym_bench_load **out,
                      struct onym_fault *fault)
{
    struct onym_bench_load *load = calloc(1, sizeof *load);
    enum onym_status status = ONYM_OK;

    if (load == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for a load");
    }
    load->shared.settings = settings;
    load->shared.source = source;
    onym_bench_form_init(&load->shared.form, settings->transport, settings->host,
                         settings->new_connections, onym_clock_epoch_s() + REQUEST_LIFE_S,
                         &settings->identity);
    load->shared.start_ns = load->shared.end_ns = UINT64_MAX / 2; /* not yet */
    while (load->workers < settings->threads && status == ONYM_OK) {
        status = onym_bench_worker_new(&load->shared, load->workers, &load->worker[load->workers],
                                       fault);
        load->workers += status == ONYM_OK ? 1 : 0;
    }
    if (status == ONYM_OK) {
        status = start_threads(load, fault);
    }
    await_connections(load);
    if (status != ONYM_OK) {
        onym_bench_load_stop(load);
        join_threads(load);
        drop(load);
        return status;
    }
    *out = load;
    return ONYM_OK;
}

uint64_t
onym_bench_load_start_ns(const struct onym_bench_load *load)
{
    return __atomic_load_n(&load->shared.start_ns, __ATOMIC_RELAXED);
}

uint64_t
onym_bench_load_end_ns(const struct onym_bench_load *load)
{
    return __atomic_load_n(&load->shared.end_ns, __ATOMIC_RELAXED);
}

void
onym_bench_load_sample(const struct onym_bench_load *load, struct onym_histogram *live,
                       uint64_t *failed)
{
    *failed = 0;
    for (uint32_t i = 0; i < load->workers; i++) {
        onym_histogram_merge(live, &load->worker[i]->tally->live);
        *failed += onym_counter_get(&load->worker[i]->tally->live_failed);
    }
}

uint64_t
onym_bench_load_opened(const struct onym_bench_load *load)
{
    uint64_t opened = 0;

    for (uint32_t i = 0; i < load->workers; i++) {
        opened += onym_counter_get(&load->worker[i]->tally->opened);
    }
    return opened;
}

void
onym_bench_load_stop(struct onym_bench_load *load)
{
    uint64_t now = onym_clock_monotonic_ns();

    if (now < onym_bench_load_end_ns(load)) {
        __atomic_store_n(&load->shared.end_ns, now, __ATOMIC_RELAXED);
    }
}

void
onym_bench_load_finish(struct onym_bench_load *load, struct onym_bench_tally *out,
                       uint64_t *measured_ns)
{
    uint64_t end = onym_bench_load_end_ns(load);

    join_threads(load);
    for (uint32_t i = 0; i < load->workers; i++) {
        onym_bench_tally_merge(out, load->worker[i]->tally);
    }
    *measured_ns = end > onym_bench_load_start_ns(load) ? end - onym_bench_load_start_ns(load) : 0;
    drop(load);
}

const char *
onym_bench_load_failure(const struct onym_bench_load *load)
{
    const char *tls = __atomic_load_n(&load->shared.tls_failure, __ATOMIC_RELAXED);
    int why = __atomic_load_n(&load->shared.failure, __ATOMIC_RELAXED);

    if (__atomic_load_n(&load->shared.failures, __ATOMIC_RELAXED) == 0) {
        return NULL;
    }
    return tls != NULL && why == EPROTO ? tls : strerror(why);
}
