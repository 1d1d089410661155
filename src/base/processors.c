#include "base/processors.h"

bool
onym_processors_share(unsigned workers, struct onym_processors *out)
{
    *out = (struct onym_processors){0};
    if (sched_getaffinity(0, sizeof out->usable, &out->usable) != 0 ||
        CPU_COUNT(&out->usable) == 0) {
        return false; /* a machine with more processors than a set has room for */
    }
    out->workers = workers;
    return true;
}

/* The processor with so many usable ones before it; there is one. */
static size_t
processor_at(const struct onym_processors *p, unsigned index)
{
    size_t at = 0;

    while (!CPU_ISSET(at, &p->usable) || index-- > 0) {
        at++;
    }
    return at;
}

bool
onym_processors_pin(const struct onym_processors *p, unsigned index)
{
    cpu_set_t one;

    if (p->workers == 0) {
        return true;
    }
    CPU_ZERO(&one);
    CPU_SET(processor_at(p, index % (unsigned)CPU_COUNT(&p->usable)), &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

bool
onym_processors_keep_off(const struct onym_processors *p)
{
    cpu_set_t left = p->usable;

    if (p->workers == 0) {
        return true;
    }
    if (p->workers < (unsigned)CPU_COUNT(&p->usable)) {
        for (unsigned i = 0; i < p->workers; i++) {
            CPU_CLR(processor_at(p, i), &left);
        }
    }
    return sched_setaffinity(0, sizeof left, &left) == 0;
}
