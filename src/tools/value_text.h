/* A value's data as one line for people. */
#ifndef ONYM_TOOLS_VALUE_TEXT_H
#define ONYM_TOOLS_VALUE_TEXT_H

#include "onym/model/value.h"

#include <stdio.h>

/* Prints the data without a line feed: text escaped (tools/text.h); HS_ADMIN, HS_SITE and kin,
 * HS_VLIST and HS_PUBKEY in words; other bytes as "hex:..." up to 32 of them, else "base64:...".
 * Special types that do not decode are printed like any other data. */
void onym_value_text_print(FILE *out, const struct onym_value *value);

/* Prints four characters: admin read, admin write, public read, public write, like "rwr-". */
void onym_permissions_print(FILE *out, uint8_t permissions);

/* Prints seconds, or "@YYYY-MM-DDThh:mm:ssZ" for an absolute time to live. */
void onym_ttl_print(FILE *out, const struct onym_value *value);

/* Whether the type's data is an HS_SITE structure: HS_SITE, HS_SITE.6, HS_SITE.PREFIX. */
bool onym_type_is_site(onym_span type);

#endif
