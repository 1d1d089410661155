#include "core/scope.h"

#include "onym/model/ident.h"

#define REGISTER "register:"

/* Takes the next word from *text. */
static bool
next_word(onym_span *text, onym_span *word)
{
    const uint8_t *space;

    if (text->len == 0) {
        return false;
    }
    space = memchr(text->at, ' ', text->len);
    *word = onym_span_front(*text, space != NULL ? (size_t)(space - text->at) : text->len);
    *text = onym_span_from(*text, word->len + 1);
    return true;
}

/* The prefix of a register scope; empty for other words. */
static onym_span
prefix_in(onym_span word)
{
    size_t front = sizeof REGISTER - 1;

    return onym_span_equal(onym_span_front(word, front), onym_span_text(REGISTER))
               ? onym_span_from(word, front)
               : onym_span_of(NULL, 0);
}

/* No identifier begins with a prefix that has an empty part, and '*' would stand for itself: tokens
 * for such are of no use, and whoever asks for one means something else. */
static bool
is_prefix(onym_span prefix)
{
    uint8_t before = '.';

    for (size_t i = 0; i < prefix.len; i++) {
        uint8_t c = prefix.at[i];

        if (c <= ' ' || c == '/' || c == '*' || c == 0x7f || (c == '.' && before == '.')) {
            return false;
        }
        before = c;
    }
    return before != '.';
}

static uint8_t
bit_of(onym_span word)
{
    onym_span prefix = prefix_in(word);

    if (onym_span_equal(word, onym_span_text("read"))) {
        return ONYM_SCOPE_READ;
    }
    if (onym_span_equal(word, onym_span_text("operate"))) {
        return ONYM_SCOPE_OPERATE;
    }
    if (onym_span_equal(word, onym_span_text("admin"))) {
        return ONYM_SCOPE_ADMIN;
    }
    return is_prefix(prefix) ? ONYM_SCOPE_REGISTER : 0;
}

enum onym_status
onym_scope_read(onym_span text, struct onym_scope *out, const char **why)
{
    struct onym_scope scope = {.limited = true, .len = (uint8_t)text.len};
    onym_span left = text;
    onym_span word;

    *why = "give at least one scope, and 255 bytes of them at most";
    if (text.len == 0 || text.len > ONYM_SCOPE_LEN_MAX || text.at[text.len - 1] == ' ') {
        return ONYM_INVALID;
    }
    *why = "a scope is read, register:PREFIX (88.300, without '*' and final '.'), operate or admin";
    while (next_word(&left, &word)) {
        uint8_t bit = bit_of(word);

        if (bit == 0) {
            return ONYM_INVALID;
        }
        scope.bits |= bit;
    }
    memcpy(scope.text, text.at, text.len);
    *out = scope;
    *why = NULL;
    return ONYM_OK;
}

bool
onym_scope_has(const struct onym_scope *scope, unsigned bits)
{
    return !scope->limited || (scope->bits & (bits | ONYM_SCOPE_ADMIN)) != 0;
}

/* "P/...", and "P.x/...". */
static bool
is_below(onym_span folded, onym_span prefix)
{
    return folded.len > prefix.len &&
           (folded.at[prefix.len] == '/' || folded.at[prefix.len] == '.') &&
           onym_ident_equal(onym_span_front(folded, prefix.len), prefix, ONYM_FOLD_ALL);
}

static bool
holds(const struct onym_scope *scope, onym_span folded)
{
    onym_span left = onym_span_of(scope->text, scope->len);
    onym_span word;

    while (next_word(&left, &word)) {
        onym_span prefix = prefix_in(word);

        if (prefix.len > 0 && is_below(folded, prefix)) {
            return true;
        }
    }
    return false;
}

bool
onym_scope_may_change(const struct onym_scope *scope, onym_span folded)
{
    return onym_scope_has(scope, 0) || holds(scope, folded);
}

bool
onym_scope_may_read(const struct onym_scope *scope, onym_span folded)
{
    return onym_scope_has(scope, ONYM_SCOPE_READ) || holds(scope, folded);
}
