/* Takes every case of rounds.c through the real functions a fixed number of times, in an order that
 * never changes. Prints what it was made with, and one line a case: its name and how many requests
 * were counted. Under callgrind, told to count inside gate_measured only, its n-th dump belongs to
 * the n-th case; gate.py does that. By itself the program only says whether the answers are right.
 */
#include "gate/rounds.h"

#include <stdio.h>

#define ROUNDS      8U
#define WARM_ROUNDS 2U

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#if defined(__OPTIMIZE__) && defined(NDEBUG)
#define MADE_WITH COMPILER ", release"
#else
#define MADE_WITH COMPILER ", debug"
#endif

/* The one function callgrind looks into: never inlined, never cloned, so that its name is found. */
void gate_measured(struct gate_node *node, const struct gate_case *one);

__attribute__((noinline, noclone)) void
gate_measured(struct gate_node *node, const struct gate_case *one)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        one->round(node);
    }
}

static bool
run_case(struct gate_node *node, const struct gate_case *one)
{
    unsigned requests = ROUNDS * one->requests;
    size_t answers = one->name[0] == 'u' && one->expected == 0 ? 0 : requests;

    node->expected = one->expected;
    one->prepare(node);
    for (unsigned i = 0; i < WARM_ROUNDS; i++) {
        one->round(node);
    }
    node->answers = 0;
    node->wrong = 0;
    gate_measured(node, one);
    if (node->answers != answers || node->wrong != 0) {
        (void)fprintf(stderr, "gate: %s: %zu right answers and %zu wrong ones, not %zu and 0\n",
                      one->name, node->answers, node->wrong, answers);
        return false;
    }
    (void)printf("%s %u\n", one->name, requests);
    return true;
}

/* With a case's name only that case, which profiles read better. */
int
main(int argc, char **argv)
{
    struct gate_node *node = gate_node_new();
    bool right = true;

    (void)printf("made-with %s\n", MADE_WITH);
    for (size_t i = 0; i < gate_cases_count; i++) {
        if (argc < 2 || strcmp(argv[1], gate_cases[i].name) == 0) {
            right = run_case(node, &gate_cases[i]) && right;
        }
    }
    gate_node_free(node);
    return right ? 0 : 1;
}
