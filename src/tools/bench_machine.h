/* Where figures were taken, and by what: they mean little without. */
#ifndef ONYM_TOOLS_BENCH_MACHINE_H
#define ONYM_TOOLS_BENCH_MACHINE_H

#include <jansson.h>

/* {"host", "cpu", "cores", "memory_bytes", "kernel", "system"}; what cannot be found out is "" or
 * 0.
 */
json_t *onym_bench_machine(void);

/* {"format", "version", "revision", "build"} of this program. */
json_t *onym_bench_machine_program(int format);

#endif
