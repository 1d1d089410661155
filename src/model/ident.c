#include "onym/model/ident.h"

#include "base/utf8.h"

static inline uint8_t
upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static size_t
slash_at(onym_span name)
{
    const uint8_t *at = name.len > 0 ? memchr(name.at, '/', name.len) : NULL;

    return at != NULL ? (size_t)(at - name.at) : name.len;
}

struct onym_ident
onym_ident_split(onym_span name)
{
    size_t slash = slash_at(name);

    if (slash == name.len) {
        return (struct onym_ident){
            .name = name, .prefix = onym_span_text("0.NA"), .suffix = name, .has_slash = false};
    }
    return (struct onym_ident){.name = name,
                               .prefix = onym_span_of(name.at, slash),
                               .suffix = onym_span_of(name.at + slash + 1, name.len - slash - 1),
                               .has_slash = true};
}

/* Eight letters at once: the high bit of each byte tells whether it is at least 'a', whether it is
 * beyond 'z', and whether it is ASCII; a quarter of it is the bit that makes a letter small. */
static uint64_t
upper_word(uint64_t word)
{
    uint64_t low = word & 0x7F7F7F7F7F7F7F7FU;
    uint64_t from_a = low + 0x1F1F1F1F1F1F1F1FU;
    uint64_t beyond_z = low + 0x0505050505050505U;

    return word ^ (from_a & ~beyond_z & ~word & 0x8080808080808080U) >> 2;
}

static uint64_t
word_at(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static void
put_upper_word(const uint8_t *in, uint8_t *out)
{
    uint64_t word = upper_word(word_at(in));

    memcpy(out, &word, sizeof word);
}

void
onym_ident_upper(onym_span name, uint8_t *out)
{
    size_t i = 0;

    for (; i + 8 <= name.len; i += 8) {
        put_upper_word(name.at + i, out + i);
    }
    if (i < name.len && name.len >= 8) { /* the last eight once more: capitals stay what they are */
        put_upper_word(name.at + name.len - 8, out + name.len - 8);
        return;
    }
    for (; i < name.len; i++) {
        uint8_t c = name.at[i];
        uint8_t lower = (uint8_t)(c - 'a') < 26U;
        out[i] = (uint8_t)(c - (lower << 5));
    }
}

/* Most names are spelled as they fold, or in most of their words. */
static bool
word_folds_to(const uint8_t *name, const uint8_t *folded)
{
    uint64_t word = word_at(name);
    uint64_t wanted = word_at(folded);

    return word == wanted || upper_word(word) == wanted;
}

bool
onym_ident_folds_to(onym_span name, onym_span folded)
{
    size_t i = 0;

    if (name.len != folded.len) {
        return false;
    }
    for (; i + 8 <= name.len; i += 8) {
        if (!word_folds_to(name.at + i, folded.at + i)) {
            return false;
        }
    }
    if (i < name.len && name.len >= 8) { /* the last eight once more */
        return word_folds_to(name.at + name.len - 8, folded.at + name.len - 8);
    }
    while (i < name.len && upper(name.at[i]) == folded.at[i]) {
        i++;
    }
    return i == name.len;
}

void
onym_ident_fold(onym_span name, enum onym_fold fold, uint8_t *out)
{
    size_t folded = name.len;

    if (fold == ONYM_FOLD_PREFIX && !(name.len >= 2 && memcmp(name.at, "0.", 2) == 0)) {
        folded = slash_at(name);
    }
    onym_ident_upper(onym_span_of(name.at, folded), out);
    if (folded < name.len) {
        memcpy(out + folded, name.at + folded, name.len - folded);
    }
}

bool
onym_text_equal_nocase(onym_span a, onym_span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (upper(a.at[i]) != upper(b.at[i])) {
            return false;
        }
    }
    return true;
}

bool
onym_ident_equal(onym_span a, onym_span b, enum onym_fold fold)
{
    size_t folded = a.len;

    if (a.len != b.len) {
        return false;
    }
    if (fold == ONYM_FOLD_PREFIX && !(a.len >= 2 && memcmp(a.at, "0.", 2) == 0)) {
        folded = slash_at(a);
    }
    return onym_text_equal_nocase(onym_span_of(a.at, folded), onym_span_of(b.at, folded)) &&
           onym_span_equal(onym_span_from(a, folded), onym_span_from(b, folded));
}

onym_span
onym_ident_prefix_record(onym_span name, uint8_t *out, size_t cap)
{
    onym_span prefix = onym_ident_split(name).prefix;

    if (prefix.len + 5 > cap) {
        return onym_span_of(NULL, 0);
    }
    memcpy(out, "0.NA/", 5);
    onym_ident_upper(prefix, out + 5);
    return onym_span_of(out, prefix.len + 5);
}

onym_span
onym_prefix_parent(onym_span prefix)
{
    const uint8_t *dot = prefix.len > 0 ? memrchr(prefix.at, '.', prefix.len) : NULL;

    return dot != NULL ? onym_span_of(prefix.at, (size_t)(dot - prefix.at)) : onym_span_of(NULL, 0);
}

static const char *
why_not_text(onym_span name)
{
    uint32_t cp;

    for (;;) {
        /* visible ASCII, which most names are, needs no decoding; first eight bytes at a time,
         * where a borrow between them can only say no too often */
        while (name.len >= 8) {
            uint64_t word;
            memcpy(&word, name.at, sizeof word);
            if ((((word - 0x2121212121212121U) | (word + 0x0101010101010101U) | word) &
                 0x8080808080808080U) != 0) {
                break;
            }
            name = onym_span_of(name.at + 8, name.len - 8);
        }
        while (name.len > 0 && name.at[0] > 0x20 && name.at[0] < 0x7F) {
            name = onym_span_of(name.at + 1, name.len - 1);
        }
        if (name.len == 0) {
            return NULL;
        }
        if (!onym_utf8_next(&name, &cp)) {
            return "not valid UTF-8";
        }
        if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0)) {
            return "contains a control character";
        }
        if (cp == 0x20) {
            return "contains a space";
        }
        if (cp == 0xFEFF) {
            return "contains a byte order mark";
        }
        if ((cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200E ||
            cp == 0x200F || cp == 0x061C) {
            return "contains a bidirectional control";
        }
    }
}

static const char *
why_not_prefix(onym_span prefix)
{
    bool national = false;

    for (size_t part = 0; prefix.len > 0 || part == 0; part++) {
        const uint8_t *dot = prefix.len > 0 ? memchr(prefix.at, '.', prefix.len) : NULL;
        size_t len = dot != NULL ? (size_t)(dot - prefix.at) : prefix.len;

        if (len == 0) {
            return "an empty prefix part";
        }
        if (part == 0) {
            national = len == 2 && prefix.at[0] == '8' &&
                       (prefix.at[1] == '6' || prefix.at[1] == '8');
        } else if (national) {
            if (len > ONYM_PREFIX_PART_LEN_MAX) {
                return "a prefix part of more than 9 digits";
            }
            for (size_t i = 0; i < len; i++) {
                if (prefix.at[i] < '0' || prefix.at[i] > '9') {
                    return "a prefix part that is not all digits";
                }
            }
        }
        if (dot == NULL) {
            return NULL;
        }
        prefix = onym_span_from(prefix, len + 1);
        if (prefix.len == 0) {
            return "an empty prefix part";
        }
    }
    return NULL;
}

enum onym_status
onym_ident_check(onym_span name, const char **why)
{
    struct onym_ident ident = onym_ident_split(name);
    const char *reason = NULL;

    if (name.len == 0) {
        reason = "empty";
    } else if (name.len > ONYM_NAME_LEN_MAX) {
        reason = "longer than 2048 bytes";
    } else if (!ident.has_slash) {
        reason = "has no '/' between prefix and suffix";
    } else if (ident.suffix.len == 0) {
        reason = "nothing after the '/'";
    } else if ((reason = why_not_text(name)) == NULL) {
        reason = why_not_prefix(ident.prefix);
    }
    if (why != NULL) {
        *why = reason;
    }
    return reason == NULL ? ONYM_OK : ONYM_NAME_INVALID;
}
