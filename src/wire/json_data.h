/* The data of a value in JSON: a string, or {"format": F, "value": ...} with the formats of
 * a Handle server's HTTP interface. Between the files of wire/json_*. */
#ifndef ONYM_WIRE_JSON_DATA_H
#define ONYM_WIRE_JSON_DATA_H

#include "onym/model/value.h"
#include "wire/json_pull.h"

/* Reads data of any format into bytes; *out borrows from the text or from scratch. */
bool onym_json_data(struct onym_json *json, onym_span *out);

/* Reads data of the formats a key may have inside a site: string, base64, hex, key. */
bool onym_json_key_data(struct onym_json *json, onym_span *out);

/* Each reads the "value" of one structured format into the bytes of that type. */
bool onym_json_admin(struct onym_json *json, onym_span *out); /* HS_ADMIN */
bool onym_json_vlist(struct onym_json *json, onym_span *out); /* HS_VLIST */
bool onym_json_site(struct onym_json *json, onym_span *out);  /* HS_SITE */
bool onym_json_key(struct onym_json *json, onym_span *out);   /* HS_PUBKEY, from an RSA JWK */

/* [{"handle": H, "index": N}, ...] as a reference list whose raw lies in scratch. */
bool onym_json_references(struct onym_json *json, struct onym_reference_list *out);

/* A handle's name: a string of at most ONYM_NAME_LEN_MAX bytes. */
bool onym_json_handle(struct onym_json *json, onym_span *out);

/* Ends what began with the mark json->scratch_len: moves the len bytes at `at`, which lie behind
 * the mark, to it and gives the rest of the scratch back. */
onym_span onym_json_keep(struct onym_json *json, size_t mark, const uint8_t *at, size_t len);

/* Scratch for a list that is being written: as many bytes as text is left, which is always more
 * than a list needs. NULL and a failure when scratch is used up. */
uint8_t *onym_json_take_list(struct onym_json *json, size_t *cap);

#endif
