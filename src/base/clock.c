#include "base/clock.h"

#include <time.h>

uint64_t
onym_clock_epoch_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

uint32_t
onym_clock_epoch_s(void)
{
    return (uint32_t)(onym_clock_epoch_ms() / 1000U);
}

uint64_t
onym_clock_monotonic_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}
