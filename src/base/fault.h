/* A status with one clear line for people: what is wrong, where, and what to do about it.
 * Used at start-up and by tools, never on the resolve path. */
#ifndef ONYM_BASE_FAULT_H
#define ONYM_BASE_FAULT_H

#include "onym/span.h"
#include "onym/status.h"

struct onym_fault {
    enum onym_status status;
    char text[600]; /* NUL-terminated, no newline */
};

/* Fill fault (which may be NULL) and return status, so that a caller can write
 * `return onym_fault_set(fault, ONYM_IO, "...")`. Longer texts are cut. */
__attribute__((format(printf, 3, 4))) enum onym_status
onym_fault_set(struct onym_fault *fault, enum onym_status status, const char *format, ...);

#endif
