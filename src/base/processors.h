/* The processors of a node whose workers stay each on one of them: the first ones, in turn, are the
 * workers', and what is left over is for all other threads. Linux, sched_setaffinity(2): belongs to
 * a thread, and those that it starts have it too. Needs no right. */
#ifndef ONYM_BASE_PROCESSORS_H
#define ONYM_BASE_PROCESSORS_H

#include <sched.h>
#include <stdbool.h>

/* The zero struct: nobody stays anywhere, and the functions below do nothing and return true. */
struct onym_processors {
    unsigned workers;
    cpu_set_t usable; /* by this process, 1,024 at most */
};

/* Fills *out: what the calling thread may use is for so many workers (1 or more). False, with the
 * zero struct, when the system does not say. */
bool onym_processors_share(unsigned workers, struct onym_processors *out);

/* The calling thread is worker number index: it stays on the index-th processor, round and round.
 * False when the system refuses. */
bool onym_processors_pin(const struct onym_processors *processors, unsigned index);

/* The calling thread is none of the workers: it keeps off their processors if any others are left,
 * and else may use all. False when the system refuses. */
bool onym_processors_keep_off(const struct onym_processors *processors);

#endif
