/* The only callers of the system clock. Logic gets the time as an argument. */
#ifndef ONYM_BASE_CLOCK_H
#define ONYM_BASE_CLOCK_H

#include <stdint.h>

/* Seconds and milliseconds since 1970-01-01T00:00:00Z. */
uint32_t onym_clock_epoch_s(void);
uint64_t onym_clock_epoch_ms(void);
/* Nanoseconds of a clock that never steps back; only differences mean something. */
uint64_t onym_clock_monotonic_ns(void);

#endif
