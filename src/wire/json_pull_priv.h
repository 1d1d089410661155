/* Between json_pull.c and json_string.c. */
#ifndef ONYM_WIRE_JSON_PULL_PRIV_H
#define ONYM_WIRE_JSON_PULL_PRIV_H

#include "wire/json_pull.h"

/* A string with an escape in it: start is behind the opening quote, json->at on the escape. Into
 * scratch. */
bool onym_json_copy_string(struct onym_json *json, const uint8_t *start, onym_span *out);

/* Fails for the byte at json->at, which cannot stand in a string. */
bool onym_json_fail_string(struct onym_json *json);

#endif
