/* Composing identifiers by the strict suffix grammar of the automotive chains (docs/domain.md,
 * "Suffixes, strict"): what a chain leader's own system would print on a part. Pure; used by the
 * generator of sample data and its tests. */
#ifndef ONYM_TOOLS_GENERATE_IDENT_H
#define ONYM_TOOLS_GENERATE_IDENT_H

#include "base/writer.h"
#include "onym/span.h"

#define ONYM_VIN_LEN 17U

/* What follows the chain in a suffix. The letters are the ones printed. */
enum onym_part_kind {
    ONYM_PART_VEHICLE = 'V',
    ONYM_PART_ASSEMBLY = 'A',
    ONYM_PART_SINGLE = 'P',
    ONYM_PART_BATCH = 'B',
    ONYM_PART_TYPE = 'T',
    ONYM_PART_EQUIPMENT = 'E',
    ONYM_PART_RECORD = 'R'
};

struct onym_date {
    uint16_t year;
    uint8_t month; /* 1-12 */
    uint8_t day;   /* 1-31 */
};

/* The fields of a suffix; those its kind does not print are ignored. */
struct onym_ident_parts {
    uint32_t enterprise; /* last part of the prefix 88.9420.<enterprise> */
    onym_span chain;     /* two letters */
    enum onym_part_kind kind;
    onym_span group;       /* four digits (A P B T), two to four letters (E R) */
    onym_span partno;      /* A P B T E */
    struct onym_date date; /* A P B R */
    onym_span serial;      /* A P B E R: 4-12 characters; V: the whole VIN */
};

/* The ISO/IEC 7064 MOD 37,36 check character of text, leaving out '.' and '-' and taking letters
 * without case: "A12425GABC1234002" gives 'M'. 0 when text holds anything but letters, digits, '.'
 * and '-', or neither a letter nor a digit. */
char onym_check_character(onym_span text);

/* The check digit (position 9) of a vehicle identification number: '0'-'9' or 'X'. The character
 * now standing there is not looked at. 0 unless vin is 17 digits and capital letters other than
 * I, O and Q. */
char onym_vin_check_digit(onym_span vin);

/* Whether vin is well formed and carries its own check digit: "1M8GDM9AXKP042788" does. */
bool onym_vin_valid(onym_span vin);

/* Appends the whole identifier, check character included. Needs parts that obey the grammar: it
 * composes, it does not judge. Overflow sticks in *w as ONYM_NO_SPACE. */
void onym_ident_compose(struct onym_writer *w, const struct onym_ident_parts *parts);

/* Append "88.9420.<enterprise>", a decimal number, and a number with at least `digits` (<= 20)
 * digits, zeros in front. */
void onym_compose_prefix(struct onym_writer *w, uint32_t enterprise);
void onym_compose_number(struct onym_writer *w, uint64_t number);
void onym_compose_padded(struct onym_writer *w, uint64_t number, unsigned digits);

#endif
