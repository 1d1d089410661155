#include "tools/dispatch.h"

#include <string.h>

#define WORD_LEN_MAX 32U

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edits (insert, drop, replace, swap neighbours) between two words of at most WORD_LEN_MAX bytes.
 */
static size_t
distance(const char *a, const char *b)
{
    size_t row[3][WORD_LEN_MAX + 1];
    size_t alen = strlen(a);
    size_t blen = strlen(b);

    for (size_t j = 0; j <= blen; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= alen; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i + 2) % 3];
        const size_t *earlier = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= blen; j++) {
            size_t best = before[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]) ? 1U : 0U);

            best = before[j] + 1 < best ? before[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && earlier[j - 2] + 1 < best) {
                best = earlier[j - 2] + 1;
            }
            now[j] = best;
        }
    }
    return row[alen % 3][blen];
}

const char *
onym_suggest(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t least = strlen(word) <= 4 ? 2 : 3; /* the first distance too far */

    if (strlen(word) > WORD_LEN_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t edits = strlen(candidates[i]) <= WORD_LEN_MAX ? distance(word, candidates[i])
                                                             : least;

        if (edits < least) {
            least = edits;
            nearest = candidates[i];
        }
    }
    return nearest;
}
