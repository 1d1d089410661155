/* crash_drive DIR OPERATIONS SEED: makes a store in DIR and sends the operations of plan.h through
 * the changes of the real node (server/changes.h), in bursts, so that groups are of every size. Run
 * under the recorder it notes what it submitted and which acknowledgement it got, in the recording
 * itself: the order of notes and syncs is the order in which they happened. */
#include "plan.h"
#include "trace.h"

#include "base/clock.h"
#include "base/rng.h"
#include "server/changes.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST_MAX       8U
#define LARGE_BURST_MAX 1000U /* groups on both sides of what the journal takes */
#define LARGE_OF        60U

struct drive {
    uint64_t seed;
    struct plan_operation *operation;
    uint32_t count, next, answered;
    struct onym_changes *changes;
    uv_loop_t loop;
    struct onym_rng rng;
    union {
        void *address;
        void (*call)(const void *bytes, size_t len);
    } note;
};

static const struct onym_identity admin = {
    .handle = {.at = (const uint8_t *)"0.NA/admin", .len = 10},
    .index = 300,
    .is_server_admin = true};

static _Noreturn void
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "crash_drive: %s: %s\n", what, why);
    exit(1);
}

static void
note(const struct drive *d, enum trace_note_what what, uint32_t operation)
{
    struct trace_note n = {.what = what, .operation = operation};

    if (d->note.address != NULL) {
        d->note.call(&n, sizeof n);
    }
}

static void
submit(struct drive *d, struct onym_operation *op, uint64_t ticket)
{
    enum onym_status status;

    op->principal = (struct onym_principal){.handle = admin.handle, .index = admin.index};
    op->address = onym_span_text("192.0.2.1");
    op->now_ms = onym_clock_epoch_ms();
    status = onym_changes_submit(d->changes, (struct onym_change_ticket){.id = ticket}, op, &admin);
    if (status != ONYM_OK) {
        fail("an operation is not taken", onym_status_text(status));
    }
}

static void
submit_next(struct drive *d)
{
    uint8_t bytes[PLAN_VALUES_MAX];
    char name[PLAN_NAME_MAX];
    uint32_t i = d->next++;
    struct onym_operation op = {.action = ONYM_ACTION_DELETE};

    plan_name(d->operation[i].name, name);
    plan_id(i, op.id);
    op.name = onym_span_text(name);
    if (!d->operation[i].is_delete) {
        op.action = ONYM_ACTION_CREATE;
        op.overwrite = true;
        op.values = plan_values(d->seed, i, bytes);
    }
    note(d, TRACE_NOTE_SUBMITTED, i);
    submit(d, &op, i);
}

static void
on_result(void *of, const struct onym_change_result *result)
{
    struct drive *d = of;

    if (result->status != ONYM_OK) {
        fail("an operation failed", onym_status_text(result->status));
    }
    d->answered++;
    if (result->ticket.id < d->count) {
        note(d, TRACE_NOTE_ACKNOWLEDGED, (uint32_t)result->ticket.id);
    }
}

/* Waits until at most `open` operations have no answer. */
static void
wait_until(struct drive *d, uint32_t sent, uint32_t open)
{
    while (sent - d->answered > open) {
        (void)uv_run(&d->loop, UV_RUN_ONCE);
    }
}

static void
run(struct drive *d)
{
    struct onym_operation home = {
        .action = ONYM_ACTION_HOME, .name = onym_span_text("0.NA/" PLAN_PREFIX), .id = {0xFF}};

    submit(d, &home, d->count);
    wait_until(d, 1, 0);
    while (d->next < d->count) {
        bool is_large = onym_rng_below(&d->rng, LARGE_OF) == 0;
        uint64_t burst = 1 + onym_rng_below(&d->rng, is_large ? LARGE_BURST_MAX : BURST_MAX);

        while (burst-- > 0 && d->next < d->count) {
            submit_next(d);
        }
        wait_until(d, d->next + 1, (uint32_t)onym_rng_below(&d->rng, BURST_MAX));
    }
    wait_until(d, d->next + 1, 0);
}

int
main(int argc, char **argv)
{
    struct drive d = {.note.address = dlsym(RTLD_DEFAULT, "onym_crash_note")};
    struct onym_env_options env = {
        .holder = "crash_drive",
        .map_size = (size_t)1 << 30,
        .journal_size = 1, /* its files stay as short as they can be, so that they are full often */
        .create = true};
    struct onym_changes_options changes = {.workers = 1, .share = 1};
    struct onym_changes_stat stat;
    struct onym_fault fault = {0};

    if (argc != 4) {
        fail("usage", "crash_drive DIR OPERATIONS SEED");
    }
    env.dir = argv[1];
    d.count = (uint32_t)strtoul(argv[2], NULL, 10);
    d.seed = strtoull(argv[3], NULL, 10);
    d.rng = onym_rng_seeded(d.seed);
    d.operation = calloc(d.count + 1, sizeof d.operation[0]);
    if (d.operation == NULL || !plan_make(d.seed, d.operation, d.count) ||
        uv_loop_init(&d.loop) != 0) {
        fail("start", "out of memory");
    }
    if (onym_env_open(&env, &changes.env, &fault) != ONYM_OK ||
        onym_changes_open(&changes, &d.changes, &fault) != ONYM_OK) {
        fail("start", fault.text);
    }
    if (onym_changes_attach(d.changes, 0, &d.loop, on_result, &d) != ONYM_OK) {
        fail("start", "no loop for the results");
    }
    run(&d);
    onym_changes_stat(d.changes, &stat);
    onym_changes_stop(d.changes);
    onym_changes_detach(d.changes, 0);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&d.loop);
    onym_changes_close(d.changes);
    onym_env_close(changes.env);
    free(d.operation);
    (void)printf("%u operations in %llu groups\n", (unsigned)d.count,
                 (unsigned long long)stat.groups);
    return 0;
}
