/* Identifiers: prefix "/" suffix. Pure functions over borrowed bytes.
 * Source: proto/handle.md section 16. Case folding touches ASCII a-z only; there is no Unicode
 * normalisation anywhere. */
#ifndef ONYM_MODEL_IDENT_H
#define ONYM_MODEL_IDENT_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

/* Which part of a name compares without ASCII case. */
enum onym_fold {
    ONYM_FOLD_ALL,   /* prefix and suffix: what a node does */
    ONYM_FOLD_PREFIX /* the prefix, and names that begin with "0." as a whole */
};

struct onym_ident {
    onym_span name;   /* the whole */
    onym_span prefix; /* before the first '/'; "0.NA" (static) when there is none */
    onym_span suffix; /* after it; the whole name when there is none */
    bool has_slash;
};

/* Splits name at its first '/'. Any bytes are accepted; the spans borrow from name. */
struct onym_ident onym_ident_split(onym_span name);

/* Upper-cases ASCII a-z of name.len bytes into out, which must hold them. */
void onym_ident_upper(onym_span name, uint8_t *out);

/* Whether that of name is folded, which has no a-z itself. */
bool onym_ident_folds_to(onym_span name, onym_span folded);

/* The same as onym_ident_upper, touching only what fold names. */
void onym_ident_fold(onym_span name, enum onym_fold fold, uint8_t *out);

/* Whether two names are the same identifier under fold. */
bool onym_ident_equal(onym_span a, onym_span b, enum onym_fold fold);

/* Equality without ASCII case, byte by byte; for value types too. */
bool onym_text_equal_nocase(onym_span a, onym_span b);

/* Writes the name of the prefix record of `name` to out (cap >= ONYM_PREFIX_NAME_LEN_MAX never
 * fails for names within the limit): "0.NA/P" for "p/s", "0.NA/0.NA" for "0.NA/x" and for a name
 * without '/'. The prefix is upper-cased. Returns the written bytes; empty when cap is too small.
 */
onym_span onym_ident_prefix_record(onym_span name, uint8_t *out, size_t cap);

/* The prefix without its last ".part"; empty when there is no '.'. */
onym_span onym_prefix_parent(onym_span prefix);

/* Whether name may be registered here (proto/handle.md 16; the domain rules of docs/domain.md):
 * 1..ONYM_NAME_LEN_MAX bytes of valid UTF-8 without control characters, spaces, byte order marks or
 * bidirectional controls; a '/' with something on both sides; no empty prefix part; under the
 * national roots 86 and 88 every further part is 1-9 digits. Names under "0." (prefix records and
 * services) are exempt from the prefix rule, not from the others.
 * ONYM_OK or ONYM_NAME_INVALID; on failure *why (may be NULL) says the reason, static. */
ONYM_MUST_USE enum onym_status onym_ident_check(onym_span name, const char **why);

#endif
