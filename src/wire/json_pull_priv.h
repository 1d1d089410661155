/* Between json_pull.c, json_string.c and json_skip.c. */
#ifndef ONYM_WIRE_JSON_PULL_PRIV_H
#define ONYM_WIRE_JSON_PULL_PRIV_H

#include "wire/json_pull.h"

/* A string with an escape in it: start is behind the opening quote, json->at on the escape. Into
 * scratch. */
bool onym_json_copy_string(struct onym_json *json, const uint8_t *start, onym_span *out);

/* Enters an object or array by its opening bracket. */
bool onym_json_enter(struct onym_json *json, char bracket, const char *expected);
/* Moves over the name and ':' of a member of any name; false at the end of the object. */
bool onym_json_any_member(struct onym_json *json);
/* Moves over true, false or null. */
bool onym_json_literal(struct onym_json *json, const char *word);

/* Each fails at json->at and returns false: for a byte that cannot stand in a string, for a value
 * of another kind, for a missing ':'. */
bool onym_json_fail_string(struct onym_json *json);
bool onym_json_fail_kind(struct onym_json *json, const char *expected);
bool onym_json_fail_colon(struct onym_json *json);

#endif
