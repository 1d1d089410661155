/* How generate_fields.c and generate_chains.c write their tables; of no use elsewhere. */
#ifndef ONYM_TOOLS_GENERATE_FIELDS_H
#define ONYM_TOOLS_GENERATE_FIELDS_H

#include "tools/generate_data.h"

/* Sets of kinds, as the letters of docs/domain.md. */
#define KIND_V   1U
#define KIND_A   2U
#define KIND_P   4U
#define KIND_B   8U
#define KIND_T   16U
#define KIND_E   32U
#define KIND_R   64U
#define KIND_ALL 127U

#define REQUIRED ONYM_DEPTH_REQUIRED
#define USUAL    ONYM_DEPTH_USUAL
#define FULL     ONYM_DEPTH_FULL

#define LIST(list) .choices = (list), .choice_count = sizeof(list) / sizeof((list)[0])

/* index, field name, access, depth, from_count, kinds, tags, then source members */
#define FIELD(number, text, access_, depth_, count_, kinds_, tags_, ...)                           \
    {                                                                                              \
        .index = (number),                                                                         \
        .head = ONYM_TEXT("{\"index\":" #number ",\"type\":\"" text                                \
                          "\",\"data\":{\"format\":\"string\",\"value\":\""),                      \
        .access = (access_), .depth = (depth_), .from_count = (count_), .kinds = (kinds_),         \
        .tags = (tags_), __VA_ARGS__                                                               \
    }

#define FROM(name)    .source = ONYM_FROM_##name
#define CHOICE(list)  .source = ONYM_FROM_CHOICE, LIST(list)
#define VARIANT(list) .source = ONYM_FROM_VARIANT, LIST(list)
#define NUMBER(min, max, frac)                                                                     \
    .source = ONYM_FROM_NUMBER, .low = (min), .high = (max), .decimals = (frac)
#define CODE(list, digits) .source = ONYM_FROM_CODE, LIST(list), .low = (digits)
#define DATE_PLUS(years)   .source = ONYM_FROM_DATE, .low = (years)
#define RELATION(name)     .source = ONYM_FROM_RELATION, .low = ONYM_REL_##name
#define TEXTS(name)        static const onym_span name[]

/* the eight tables of generate_fields.c */
extern const struct onym_field onym_cv_fields[13], onym_pv_fields[13], onym_sv_fields[11],
    onym_en_fields[15], onym_tr_fields[12], onym_ch_fields[12], onym_bd_fields[12],
    onym_eq_fields[13];

#endif
