/* The tables generated data is made of: the eight chains with their products, the fields of their
 * templates (docs/domain.md, "Templates"), and the companies. Constant, no functions with state. */
#ifndef ONYM_TOOLS_GENERATE_DATA_H
#define ONYM_TOOLS_GENERATE_DATA_H

#include "tools/generate_ident.h"

#define ONYM_CHAINS             8U
#define ONYM_CHAIN_PRODUCTS_MAX 8U  /* the regular ones of a chain */
#define ONYM_FIELDS_MAX         40U /* of one chain, the common ones included */
#define ONYM_COMPANIES          15U /* named ones, 88.9420.101 to 88.9420.115 */

/* A static string as a span in a constant table. */
#define ONYM_TEXT(literal)                                                                         \
    {                                                                                              \
        .at = (const uint8_t *)(literal), .len = sizeof(literal) - 1                               \
    }

enum onym_chain { ONYM_CV, ONYM_PV, ONYM_SV, ONYM_EN, ONYM_TR, ONYM_CH, ONYM_BD, ONYM_EQ };

/* What a product is, where a field exists only for some. */
enum onym_tag {
    ONYM_TAG_VEHICLE = 1 << 0,
    ONYM_TAG_BATTERY = 1 << 1,
    ONYM_TAG_MOTOR = 1 << 2,
    ONYM_TAG_HYDRAULIC = 1 << 3,
    ONYM_TAG_ENGINE = 1 << 4,
    ONYM_TAG_BLOCK = 1 << 5,
    ONYM_TAG_CRANK = 1 << 6,
    ONYM_TAG_ROD = 1 << 7,
    ONYM_TAG_INJECTOR = 1 << 8,
    ONYM_TAG_GEARBOX = 1 << 9,
    ONYM_TAG_AXLE = 1 << 10,
    ONYM_TAG_SUSPENSION = 1 << 11,
    ONYM_TAG_BRAKE = 1 << 12,
    ONYM_TAG_AIR = 1 << 13,
    ONYM_TAG_STEERING = 1 << 14,
    ONYM_TAG_METAL = 1 << 15,
    ONYM_TAG_TRIM = 1 << 16,
    ONYM_TAG_MACHINE = 1 << 17,
    ONYM_TAG_INDUCTION = 1 << 18,
    ONYM_TAG_GAUGE = 1 << 19,
    ONYM_TAG_DIE = 1 << 20
};

struct onym_product {
    enum onym_part_kind kind;
    onym_span group; /* as in struct onym_ident_parts */
    onym_span partno;
    onym_span name;  /* Chinese */
    onym_span unit;  /* value of unitKind or equipKind; empty where the chain has neither */
    uint8_t variant; /* which entry a field with source VARIANT takes */
    uint32_t mass_g;
    uint32_t tags;
};

/* Where the text of a value comes from. */
enum onym_source {
    ONYM_FROM_PARTNO,
    ONYM_FROM_NAME,
    ONYM_FROM_SERIAL,
    ONYM_FROM_BATCHNO,
    ONYM_FROM_MAKER,
    ONYM_FROM_BRAND,
    ONYM_FROM_KIND, /* 整车, 总成, … */
    ONYM_FROM_UNIT,
    ONYM_FROM_SUPPLIER, /* "SY" and the enterprise */
    ONYM_FROM_DATE,     /* production date plus `low` years */
    ONYM_FROM_CHOICE,   /* one of choices, by chance */
    ONYM_FROM_VARIANT,  /* choices[product variant] */
    ONYM_FROM_NUMBER,   /* low..high in units of the last of `decimals` places */
    ONYM_FROM_CODE,     /* choices[0] and `low` digits */
    ONYM_FROM_FILE,     /* choices[0], date, serial, ".pdf" */
    ONYM_FROM_URL,      /* choices[0] and the identifier */
    ONYM_FROM_MASS,     /* kg, three decimals, the product's within 0.5 % */
    ONYM_FROM_BATTERY,  /* 24 characters in the layout of GB/T 34014 */
    ONYM_FROM_RELATION  /* `low` is an enum onym_relation */
};

/* Which other identifier a value names. */
enum onym_relation {
    ONYM_REL_PARENT,
    ONYM_REL_BATCH,
    ONYM_REL_ENGINE,
    ONYM_REL_GEARBOX,
    ONYM_REL_AXLE,
    ONYM_REL_CHASSIS,
    ONYM_REL_CHASSIS_VIN, /* its VIN instead of its identifier */
    ONYM_REL_TEST,
    ONYM_REL_DIE
};

/* How much of a template a record fills. */
enum onym_depth {
    ONYM_DEPTH_REQUIRED, /* what the template requires */
    ONYM_DEPTH_USUAL,    /* and what a plant usually knows */
    ONYM_DEPTH_FULL      /* everything */
};

struct onym_field {
    uint16_t index;
    onym_span head; /* JSON of the value up to its text */
    char access;    /* 'O' public, 'A' authorised, 'S' private to the owner */
    enum onym_depth depth;
    uint8_t from_count; /* a record of 6, 12 or 24 attributes takes fields up to its count first */
    uint8_t kinds;      /* bits ONYM_KIND_BIT */
    uint32_t tags;      /* 0 = any product */
    uint32_t ttl;       /* seconds; 0 = a day */
    enum onym_source source;
    uint32_t low, high;
    uint8_t decimals;
    uint8_t choice_count;
    const onym_span *choices;
};

struct onym_chain_data {
    onym_span code;
    onym_span title; /* Chinese */
    const struct onym_product *products;
    uint8_t product_count;
    const struct onym_product *type;   /* a catalogue entry */
    const struct onym_product *record; /* an inspection or calibration record */
    const struct onym_field *fields;   /* its own, 2020 and above */
    uint8_t field_count;
    uint8_t companies;     /* named ones */
    uint8_t first_company; /* place of the first in onym_companies */
};

struct onym_company {
    uint32_t enterprise; /* 101 for 88.9420.101 */
    enum onym_chain chain;
    onym_span name;
    onym_span brand;
    onym_span english;
};

#define ONYM_KIND_BIT(kind) (1U << onym_part_kind_rank(kind))

/* 0 to 6 in the order V A P B T E R. */
static inline unsigned
onym_part_kind_rank(enum onym_part_kind kind)
{
    switch (kind) {
    case ONYM_PART_VEHICLE:
        return 0;
    case ONYM_PART_ASSEMBLY:
        return 1;
    case ONYM_PART_SINGLE:
        return 2;
    case ONYM_PART_BATCH:
        return 3;
    case ONYM_PART_TYPE:
        return 4;
    case ONYM_PART_EQUIPMENT:
        return 5;
    case ONYM_PART_RECORD:
        break;
    }
    return 6;
}

/* products[0] is what the chain's plants deliver (a vehicle, an engine, a machine), products[1] a
 * batch, the others parts and assemblies. */
extern const struct onym_chain_data onym_chains[ONYM_CHAINS];
extern const struct onym_company onym_companies[ONYM_COMPANIES];
/* The block every template begins with, 2000 to 2019. Two rows may share an index: then their
 * kinds differ. */
extern const struct onym_field onym_common_fields[];
extern const uint8_t onym_common_field_count;

/* Field number i of a chain: the common ones, then its own. */
static inline const struct onym_field *
onym_chain_field(enum onym_chain chain, unsigned i)
{
    return i < onym_common_field_count ? &onym_common_fields[i]
                                       : &onym_chains[chain].fields[i - onym_common_field_count];
}

static inline unsigned
onym_chain_field_count(enum onym_chain chain)
{
    return (unsigned)onym_common_field_count + onym_chains[chain].field_count;
}

/* Whether the template has the field for this product. */
static inline bool
onym_field_applies(const struct onym_field *field, const struct onym_product *product)
{
    return (field->kinds & ONYM_KIND_BIT(product->kind)) != 0 &&
           (field->tags == 0 || (field->tags & product->tags) != 0);
}

#endif
