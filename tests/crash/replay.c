/* crash_replay SCRATCH TRACE SEED STATES FIRST operations COUNT PLAN-SEED
 * crash_replay SCRATCH TRACE SEED STATES FIRST load ROWS
 *
 * Draws STATES states, from number FIRST on, that a power cut may leave of the recording TRACE
 * (image.h), writes each below the directory SCRATCH and judges it (judge.h). A state depends on
 * SEED and its number alone, so one that fails is drawn again by naming it. Prints one line; the
 * first failing state is named, left in SCRATCH, and the exit status is 1. */
#include "image.h"
#include "judge.h"
#include "trace.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DULL_OF_16 1U /* states at a moment at which nothing was on its way */

struct point {
    uint64_t state;
    uint32_t event; /* power is lost after so many */
};

struct replay {
    const char *scratch;
    uint64_t seed, states, first;
    onym_span trace;
    uint64_t rows; /* of a load; else 0 */
    struct judge_facts facts;
    struct plan_operation *operation;
    bool *is_acknowledged;
    bool has_ended;
    struct point *point;
    uint64_t cuts; /* different moments */
    uint64_t records, operations;
};

static char now_judged[128]; /* for the handler: the state that is being judged */

static _Noreturn void
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "crash_replay: %s: %s\n", what, why);
    exit(2);
}

static onym_span
map_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *at;

    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        fail(path, "no recording");
    }
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED) {
        fail(path, "cannot be read");
    }
    return onym_span_of(at, (size_t)st.st_size);
}

static struct onym_rng
rng_of(const struct replay *r, uint64_t state)
{
    struct onym_rng rng = onym_rng_seeded(r->seed ^ (state << 24));

    return onym_rng_seeded(onym_rng_u64(&rng));
}

static int
by_event(const void *a, const void *b)
{
    const struct point *x = a;
    const struct point *y = b;

    if (x->event != y->event) {
        return x->event < y->event ? -1 : 1;
    }
    return x->state < y->state ? -1 : x->state > y->state;
}

/* Chooses the moment of every state. */
static void
choose_points(struct replay *r)
{
    struct image *image = image_new(r->trace);
    uint32_t *lively;
    uint32_t count = 0;
    uint32_t events;

    if (image == NULL) {
        fail("start", "out of memory");
    }
    events = image_events(image);
    lively = malloc((events + 1) * sizeof *lively);
    r->point = calloc(r->states + 1, sizeof *r->point);
    if (lively == NULL || r->point == NULL) {
        fail("start", "out of memory");
    }
    for (uint32_t e = 0; e < events; e++) {
        if (image_step(image) != ONYM_OK) {
            fail("the recording", "it has what the model does not know");
        }
        if (image_has_choice(image)) {
            lively[count++] = e + 1;
        }
    }
    for (uint64_t i = 0; i < r->states; i++) {
        struct onym_rng rng = rng_of(r, r->first + i);
        bool is_dull = count == 0 || onym_rng_below(&rng, 16) < DULL_OF_16;

        r->point[i].state = r->first + i;
        r->point[i].event = is_dull ? (uint32_t)onym_rng_below(&rng, (uint64_t)events + 1)
                                    : lively[onym_rng_below(&rng, count)];
    }
    qsort(r->point, r->states, sizeof r->point[0], by_event);
    free(lively);
    image_free(image);
}

/* What the program said by itself. */
static void
take_note(struct replay *r, const struct image *image, uint32_t number)
{
    onym_span bytes;
    struct trace_event event = image_event(image, number, &bytes);
    struct trace_note note;

    if (event.kind == TRACE_END) {
        r->has_ended = true;
    }
    if (event.kind != TRACE_NOTE || bytes.len != sizeof note) {
        return;
    }
    memcpy(&note, bytes.at, sizeof note);
    if (note.operation >= r->facts.count) {
        fail("the recording", "an operation that is not of the plan; COUNT is wrong");
    }
    if (note.what == TRACE_NOTE_SUBMITTED) {
        r->facts.submitted = note.operation + 1;
    } else {
        r->is_acknowledged[note.operation] = true;
    }
}

static void
empty_scratch(const struct replay *r)
{
    static const char *const names[] = {
        "data.mdb",  "data.mdb-lock", "data.mdb.new", "data.mdb.new-lock",
        "journal.0", "journal.1",     "lock"};
    char path[4096];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", r->scratch, names[i]);
        (void)unlink(path);
    }
}

/* A store that believes in pages its file does not have. */
static void
on_bus_error(int number)
{
    static const char text[] = "a page beyond the end of the file is read (SIGBUS)\n";

    (void)number;
    (void)!write(STDOUT_FILENO, now_judged, strlen(now_judged));
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(1);
}

/* Draws and judges one state. */
static bool
try_state(struct replay *r, struct image *image, const struct point *point)
{
    struct onym_rng rng = rng_of(r, ~point->state);
    struct onym_fault fault = {0};
    struct judge_found found = {0};
    enum onym_status status;

    empty_scratch(r);
    status = image_draw(image, &rng, r->scratch);
    if (status != ONYM_OK) {
        fail(r->scratch, onym_status_text(status));
    }
    (void)snprintf(now_judged, sizeof now_judged,
                   "state %llu (seed %llu, power lost after event "
                   "%u of %u): ",
                   (unsigned long long)point->state, (unsigned long long)r->seed,
                   (unsigned)point->event, (unsigned)image_events(image));
    status = r->rows > 0 ? judge_load(r->scratch, r->rows, r->has_ended, &found, &fault)
                         : judge_operations(r->scratch, &r->facts, &found, &fault);
    r->records += found.records;
    r->operations += found.operations;
    if (status != ONYM_OK) {
        (void)printf("%s%s: %s\n", now_judged, onym_status_name(status), fault.text);
    }
    return status == ONYM_OK;
}

static bool
run(struct replay *r)
{
    struct image *image = image_new(r->trace);
    uint32_t followed = 0;
    uint32_t last = UINT32_MAX;
    bool is_good = true;

    if (image == NULL) {
        fail("start", "out of memory");
    }
    for (uint64_t i = 0; i < r->states && is_good; i++) {
        while (followed < r->point[i].event) {
            take_note(r, image, followed++);
            if (image_step(image) != ONYM_OK) {
                fail("the recording", "it has what the model does not know, or memory is short");
            }
        }
        r->cuts += r->point[i].event != last;
        last = r->point[i].event;
        is_good = try_state(r, image, &r->point[i]);
    }
    if (is_good) {
        empty_scratch(r);
        (void)printf("%llu states at %llu moments of %u events: every one opened and held; "
                     "%llu records and %llu logged operations compared\n",
                     (unsigned long long)r->states, (unsigned long long)r->cuts,
                     (unsigned)image_events(image), (unsigned long long)r->records,
                     (unsigned long long)r->operations);
    }
    image_free(image);
    return is_good;
}

static void
plan(struct replay *r, const char *count, const char *seed)
{
    r->facts.count = (uint32_t)strtoul(count, NULL, 10);
    r->facts.seed = strtoull(seed, NULL, 10);
    r->operation = calloc(r->facts.count + 1, sizeof r->operation[0]);
    r->is_acknowledged = calloc(r->facts.count + 1, sizeof r->is_acknowledged[0]);
    if (r->operation == NULL || r->is_acknowledged == NULL ||
        !plan_make(r->facts.seed, r->operation, r->facts.count)) {
        fail("start", "out of memory");
    }
    r->facts.operation = r->operation;
    r->facts.is_acknowledged = r->is_acknowledged;
}

int
main(int argc, char **argv)
{
    struct replay r = {0};
    bool is_good;

    if (argc == 9 && strcmp(argv[6], "operations") == 0) {
        plan(&r, argv[7], argv[8]);
    } else if (argc == 8 && strcmp(argv[6], "load") == 0) {
        r.rows = strtoull(argv[7], NULL, 10);
    } else {
        fail("usage", "crash_replay SCRATCH TRACE SEED STATES FIRST operations COUNT PLAN-SEED | "
                      "load ROWS");
    }
    r.scratch = argv[1];
    r.trace = map_file(argv[2]);
    r.seed = strtoull(argv[3], NULL, 10);
    r.states = strtoull(argv[4], NULL, 10);
    r.first = strtoull(argv[5], NULL, 10);
    choose_points(&r);
    (void)signal(SIGBUS, on_bus_error);
    is_good = run(&r);
    free(r.point);
    free(r.operation);
    free(r.is_acknowledged);
    return is_good ? 0 : 1;
}
