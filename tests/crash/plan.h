/* The operations of a recorded run, worked out from their number alone, so that who reads what a
 * power cut left knows what every operation wanted. */
#ifndef ONYM_TESTS_CRASH_PLAN_H
#define ONYM_TESTS_CRASH_PLAN_H

#include "onym/model/operation.h"

#define PLAN_PREFIX     "88.1.2"
#define PLAN_NAME_MAX   64U
#define PLAN_VALUES_MAX 16384U /* bytes of an operation's values */

/* Operation number i, from 0: one of the names is created, replaced or deleted. */
struct plan_operation {
    uint32_t name;
    bool is_delete;
};

/* Fills operation[0 .. count - 1]; a name is deleted only when the operation before on it made it.
 * False when memory is short. */
ONYM_MUST_USE bool plan_make(uint64_t seed, struct plan_operation *operation, uint32_t count);

/* The identifier of a name, NUL-terminated, and the number of the name in an identifier
 * (UINT32_MAX when it is none of ours). */
void plan_name(uint32_t name, char out[PLAN_NAME_MAX]);
uint32_t plan_name_number(onym_span identifier);

/* The values operation i leaves: the first says i, the others are filled by it. */
struct onym_value_list plan_values(uint64_t seed, uint32_t i, uint8_t out[PLAN_VALUES_MAX]);

/* The number of the operation that left these values; UINT32_MAX when they do not say one. */
uint32_t plan_values_number(struct onym_value_list values);

/* The operation's id, and the number in it. */
void plan_id(uint32_t i, uint8_t out[ONYM_OPERATION_ID_LEN]);
uint32_t plan_id_number(const uint8_t id[ONYM_OPERATION_ID_LEN]);

#endif
