/* The part of a generated data set that is always the same, whatever the seed: 34 records that
 * show every chain and kind and name each other, a few names of the free grammar, and the records
 * of the prefixes. docs/domain.md lists the identifiers. */
#ifndef ONYM_TOOLS_GENERATE_SAMPLE_H
#define ONYM_TOOLS_GENERATE_SAMPLE_H

#include "tools/generate_plan.h"

#define ONYM_SAMPLES        34U
#define ONYM_SAMPLE_FREE    5U    /* names of the free grammar */
#define ONYM_SELF_BUILT     2U    /* enterprises that run their own server */
#define ONYM_SAMPLE_ROW_MAX 4096U /* bytes of a line of this header's writers */

/* Sample record `number`, 1..ONYM_SAMPLES, in the order of docs/domain.md. */
void onym_generate_sample(unsigned number, struct onym_generate_item *out);

/* The sample record a relation leads to: of a sample record its own relation; of a generated one
 * (sample 0) what stands in when the data set holds no target. False when there is none. */
bool onym_generate_sample_related(const struct onym_generate_item *item,
                                  enum onym_relation relation, struct onym_generate_item *out);

/* Free name i < ONYM_SAMPLE_FREE; static. */
onym_span onym_generate_free_name(unsigned i);

/* Append one line of NDJSON each, newline included: the record of a free name, of the node's own
 * prefix, of an enterprise hosted here, of one with its own server (i < ONYM_SELF_BUILT). */
void onym_generate_free_record(struct onym_writer *w, unsigned i);
void onym_generate_node_prefix(struct onym_writer *w);
void onym_generate_prefix(struct onym_writer *w, enum onym_chain chain, unsigned company);
void onym_generate_self_built(struct onym_writer *w, unsigned i);

/* Append the maker's name and the brand of an enterprise. */
void onym_generate_maker(struct onym_writer *w, uint32_t enterprise);
void onym_generate_brand(struct onym_writer *w, uint32_t enterprise);

#endif
