/* Two results side by side: ratios, and a verdict. Pure. */
#ifndef ONYM_TOOLS_BENCH_COMPARE_H
#define ONYM_TOOLS_BENCH_COMPARE_H

#include <jansson.h>
#include <stdio.h>

enum onym_bench_verdict_of_two {
    ONYM_BENCH_SAME,   /* within the margin */
    ONYM_BENCH_BETTER, /* the second is, by more than the margin */
    ONYM_BENCH_WORSE,
    ONYM_BENCH_UNEQUAL /* not the same load: the ratios say nothing of the servers */
};

/* Compares documents run by run; margin 0.05 is 5 %. A closed loop is judged by its rate, an open
 * loop by its 99th percentile, and either is worse when it fails at more of its requests: 0.1 % of
 * them more. *worst is the verdict of the whole: UNEQUAL before WORSE before SAME before BETTER;
 * runs that have no partner are UNEQUAL.
 *
 * Owned by the caller: {"verdict", "margin", "machines_differ": [in what], "unpaired": [runs of one
 * of them], "runs": [{"name", "verdict", "unequal": [what is against it], "ratios", "a", "b"}]}.
 * Ratios are b / a; null when a is 0. */
json_t *onym_bench_compare(const json_t *a, const json_t *b, double margin,
                           enum onym_bench_verdict_of_two *worst);

/* Prints what onym_bench_compare gave. */
void onym_bench_compare_print(const json_t *comparison, FILE *out);

#endif
