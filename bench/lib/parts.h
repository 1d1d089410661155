/* The parts that the benches of registration register: names that ascend inside an enterprise or
 * fall anywhere among those that are there, and values of the size a labelled part has. The same
 * rules give the rows a store is filled with, what clients send and what the other databases are
 * given, so that all sides keep the same bytes. */
#ifndef BENCH_LIB_PARTS_H
#define BENCH_LIB_PARTS_H

#include "base/writer.h"

#include <stdio.h>

#define BENCH_ENTERPRISES     64U
#define BENCH_OPERATOR        "0.NA/88.9430" /* may register in every enterprise, index 301 */
#define BENCH_OPERATOR_SECRET "bench-secret"
#define BENCH_PART_NAME_MAX   48U   /* with its NUL */
#define BENCH_PART_CREATE_MAX 1024U /* bytes of a create request's body */

enum bench_order {
    BENCH_SERIAL, /* ascending inside each enterprise, behind all that is there */
    BENCH_RANDOM  /* anywhere among those that are there */
};

/* The name of a part. Different runs (0 to 9999) have different names; number is below 10^10.
 * Random parts of run 0 are what a store is filled with. */
void bench_part_name(enum bench_order order, unsigned run, unsigned enterprise, uint64_t number,
                     char out[BENCH_PART_NAME_MAX]);

/* The enterprise of the part with that number when one client registers them all: serial ones come
 * in lots of 2,000, random ones in no order. */
unsigned bench_part_enterprise(enum bench_order order, unsigned run, uint64_t number);

/* Body of a create request for the part, at most BENCH_PART_CREATE_MAX bytes. */
void bench_part_create(const char *name, struct onym_writer *w);

/* The same part as a line of `onymctl load`. */
void bench_part_print(const char *name, FILE *out);

/* The prefixes and their administrators as lines of `onymctl load`. */
void bench_part_print_prefixes(FILE *out);

#endif
