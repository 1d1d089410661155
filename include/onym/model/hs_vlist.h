/* HS_VLIST: a group of administrators; may nest. Source: proto/handle.md 10.3.
 *
 *   u4 count, count x (str handle, u4 index)
 */
#ifndef ONYM_MODEL_HS_VLIST_H
#define ONYM_MODEL_HS_VLIST_H

#include "onym/model/value.h"

/* Decodes the data of an HS_VLIST value; walk the list with onym_reference_next. It borrows from
 * data. ONYM_OK, or ONYM_MALFORMED with *out unchanged: short, a count over ONYM_COUNT_MAX, a
 * handle over ONYM_NAME_LEN_MAX, bytes behind the list. */
ONYM_MUST_USE enum onym_status onym_hs_vlist_decode(onym_span data,
                                                    struct onym_reference_list *out);

/* Writes the data. ONYM_OK and *len set, or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_hs_vlist_encode(const struct onym_reference_list *list,
                                                    uint8_t *out, size_t cap, size_t *len);

#endif
