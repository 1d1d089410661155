/* The golden bytes of proto/vectors, for tests. */
#ifndef ONYM_TESTS_SUPPORT_VECTORS_H
#define ONYM_TESTS_SUPPORT_VECTORS_H

#include "onym/span.h"

struct test_vector {
    const char *name; /* all borrow until the visit returns */
    const char *kind;
    onym_span bytes; /* a copy of exactly that size, so that a sanitizer sees reads past it */
};

/* Calls visit for every record of proto/vectors/handle-wire.jsonl that has bytes and is of one of
 * the kinds (a NULL-terminated list). Returns how many there were; fails the test when the file
 * cannot be read. */
size_t test_vectors_each(const char *const *kinds,
                         void (*visit)(const struct test_vector *vector, void *context),
                         void *context);

#endif
