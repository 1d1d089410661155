/* What an access token may be used for, at most: it narrows the rights of the identity the token
 * stands for and never adds any. Pure; a struct of its own without borrowed bytes, so that an
 * identity can be copied.
 *
 *   text     SCOPE [SCOPE ...], separated by single spaces
 *   read                read what the identity may read
 *   register:PREFIX     change identifiers of PREFIX and of prefixes derived from it (P/x, P.1/x),
 *                       and read them
 *   operate             reload, log level and the like
 *   admin               everything the identity may, tokens and the rights of a server
 *                       administrator included */
#ifndef ONYM_CORE_SCOPE_H
#define ONYM_CORE_SCOPE_H

#include "onym/span.h"
#include "onym/status.h"

#define ONYM_SCOPE_LEN_MAX 255U

enum onym_scope_bit {
    ONYM_SCOPE_READ = 1,
    ONYM_SCOPE_REGISTER = 2, /* of the prefixes in the text */
    ONYM_SCOPE_OPERATE = 4,
    ONYM_SCOPE_ADMIN = 8
};

/* All zeros: no token, so nothing is narrowed. */
struct onym_scope {
    bool limited;
    uint8_t bits; /* enum onym_scope_bit */
    uint8_t len;
    uint8_t text[ONYM_SCOPE_LEN_MAX];
};

/* ONYM_OK; ONYM_INVALID with *why (static text): empty, over ONYM_SCOPE_LEN_MAX, a word that is no
 * scope, a prefix that is empty, has an empty part, or a '/', a '*', a space or a control byte.
 * *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_scope_read(onym_span text, struct onym_scope *out,
                                               const char **why);

/* Whether one of the bits is in it; admin holds all. */
bool onym_scope_has(const struct onym_scope *scope, unsigned bits);

/* Whether the record whose name folds to folded may be changed, or its private values read. */
bool onym_scope_may_change(const struct onym_scope *scope, onym_span folded);
bool onym_scope_may_read(const struct onym_scope *scope, onym_span folded);

#endif
