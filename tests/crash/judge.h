/* Whether a store that a power cut left keeps what was promised: it opens, everything in it holds,
 * every acknowledged operation is there once with its content, and nothing is there in part. */
#ifndef ONYM_TESTS_CRASH_JUDGE_H
#define ONYM_TESTS_CRASH_JUDGE_H

#include "plan.h"

#include "base/fault.h"

/* What is known at the moment of the cut. */
struct judge_facts {
    uint64_t seed;
    const struct plan_operation *operation; /* of plan_make */
    uint32_t count;
    uint32_t submitted;          /* the first so many may be there */
    const bool *is_acknowledged; /* of each operation */
};

struct judge_found {
    uint32_t records;
    uint32_t operations; /* in the log */
};

/* The store in dir against the facts; it is opened as a starting node opens it, and takes a commit
 * afterwards. ONYM_OK and *found; another status with *fault saying what does not hold. */
ONYM_MUST_USE enum onym_status judge_operations(const char *dir, const struct judge_facts *facts,
                                                struct judge_found *found,
                                                struct onym_fault *fault);

/* The same after a load of rows identifiers: all of them or none; all when it was acknowledged. */
ONYM_MUST_USE enum onym_status judge_load(const char *dir, uint64_t rows, bool is_acknowledged,
                                          struct judge_found *found, struct onym_fault *fault);

#endif
