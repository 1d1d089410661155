/* The fixed inputs: what is asked, through which mouth, and what the answer must be. */
#ifndef ONYM_TESTS_GATE_ROUNDS_H
#define ONYM_TESTS_GATE_ROUNDS_H

#include "gate/node.h"

struct gate_case {
    const char *name;
    void (*prepare)(struct gate_node *node); /* not counted */
    void (*round)(struct gate_node *node);   /* counted; the same each time */
    unsigned requests;                       /* of one round */
    uint32_t expected;                       /* response code, HTTP status; 0: UDP stays silent */
};

extern const struct gate_case gate_cases[];
extern const size_t gate_cases_count;

#endif
