/* Which record stands at which place of a generated data set. Everything is a function of the seed,
 * the number of records and the place, so that nothing is held in memory, a record can name others
 * that come later or much earlier, and the order can be shuffled.
 *
 *   place -> chain, enterprise of the chain, place inside the enterprise
 *   an enterprise: days of equal output; a day: blocks of ONYM_BLOCK places
 *   a block: [0] what the plant delivers | [1] a batch | [2..13] parts that went into it |
 *            [14] its inspection record | [15] every fourth time a catalogue entry, else a part
 */
#ifndef ONYM_TOOLS_GENERATE_PLAN_H
#define ONYM_TOOLS_GENERATE_PLAN_H

#include "tools/generate_data.h"

#define ONYM_GENERATE_RECORDS_MAX 1000000000U
#define ONYM_GENERATE_SEED        20260311U /* default */
#define ONYM_BLOCK                16U
#define ONYM_CHAIN_COMPANIES_MAX  25U  /* enterprises of a chain in a large data set */
#define ONYM_FIRST_MADE_UP        200U /* 88.9420.200 and above are made-up enterprises */

struct onym_generate_options {
    uint64_t records; /* 0..ONYM_GENERATE_RECORDS_MAX */
    uint64_t seed;
    unsigned attributes; /* 6, 12, 24, or 0: as many as the kind of object usually has */
    bool shuffle;
};

struct onym_generate_plan {
    struct onym_generate_options options;
    unsigned half_bits; /* of the shuffled range, which has 2 * half_bits bits */
    uint64_t keys[6];   /* rounds of the shuffle */
    /* bit i: a record of the product takes field i; [0..product_count), then type, record */
    uint64_t masks[ONYM_CHAINS][ONYM_CHAIN_PRODUCTS_MAX + 2];
};

/* One record to come. Self-contained: the spans point into constant tables or into the item. */
struct onym_generate_item {
    enum onym_chain chain;
    const struct onym_product *product;
    uint32_t enterprise;
    struct onym_date date;
    uint64_t fields; /* as in masks */
    uint64_t noise;  /* seeds the values left to chance */
    bool all_public; /* a fixed number of attributes is for measuring answers */
    uint8_t partno_len, serial_len;
    uint8_t partno[24];
    uint8_t serial[ONYM_VIN_LEN];
    /* where it stands, for relations; sample = 0 or the number of a sample record */
    unsigned sample;
    unsigned company; /* of the chain, from 0 */
    uint64_t place;   /* inside the enterprise */
};

/* Needs options within their ranges. */
void onym_generate_plan_init(struct onym_generate_plan *plan,
                             const struct onym_generate_options *options);

/* Enterprises of a chain: the named ones, and more of made-up ones the more records there are. */
unsigned onym_generate_companies(const struct onym_generate_plan *plan, enum onym_chain chain);

/* The prefix number of an enterprise of a chain (company < onym_generate_companies). */
uint32_t onym_generate_enterprise(enum onym_chain chain, unsigned company);

/* Records of one enterprise. */
uint64_t onym_generate_company_records(const struct onym_generate_plan *plan, enum onym_chain chain,
                                       unsigned company);

/* The n-th record in the order of output, n < options.records. */
void onym_generate_nth(const struct onym_generate_plan *plan, uint64_t n,
                       struct onym_generate_item *out);

/* The record at a place of an enterprise. */
void onym_generate_at(const struct onym_generate_plan *plan, enum onym_chain chain,
                      unsigned company, uint64_t place, struct onym_generate_item *out);

/* Finds the generated record a relation of item points to. False when there is none in this data
 * set: the caller then names a sample record, or leaves the value out. */
bool onym_generate_related(const struct onym_generate_plan *plan,
                           const struct onym_generate_item *item, enum onym_relation relation,
                           struct onym_generate_item *out);

/* The fields a product's record takes: `count` of them for 6, 12 and 24, else all that apply and
 * are not deeper than depth. */
uint64_t onym_generate_fields(enum onym_chain chain, const struct onym_product *product,
                              unsigned count, enum onym_depth depth);

/* The parts of the item's identifier; spans borrow from item. */
struct onym_ident_parts onym_generate_parts(const struct onym_generate_item *item);

#endif
