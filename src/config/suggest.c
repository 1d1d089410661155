#include "config/suggest.h"

#include <ctype.h>
#include <strings.h>

static bool
same(uint8_t a, uint8_t b)
{
    return tolower(a) == tolower(b);
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours; both at most ONYM_SUGGEST_LEN_MAX.
 */
static size_t
edit_distance(onym_span a, onym_span b)
{
    size_t row[3][ONYM_SUGGEST_LEN_MAX + 1];

    for (size_t j = 0; j <= b.len; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = row[i % 3];
        const size_t *one = row[(i - 1) % 3];
        const size_t *two = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replace = one[j - 1] + (same(a.at[i - 1], b.at[j - 1]) ? 0U : 1U);
            now[j] = least(least(one[j], now[j - 1]) + 1, replace);
            if (i > 1 && j > 1 && same(a.at[i - 1], b.at[j - 2]) &&
                same(a.at[i - 2], b.at[j - 1])) {
                now[j] = least(now[j], two[j - 2] + 1);
            }
        }
    }
    return row[a.len % 3][b.len];
}

void
onym_config_suggest_take(struct onym_config_suggest *s, const char *candidate, size_t distance)
{
    if (distance < s->distance) {
        s->best = candidate;
        s->distance = distance;
    }
}

void
onym_config_suggest_try(struct onym_config_suggest *s, const char *candidate)
{
    onym_span c = onym_span_text(candidate);
    size_t longest = s->word.len > c.len ? s->word.len : c.len;
    size_t distance;

    if (s->word.len == 0 || longest > ONYM_SUGGEST_LEN_MAX) {
        return;
    }
    if (s->word.len >= 3 && s->word.len < c.len &&
        strncasecmp((const char *)s->word.at, candidate, s->word.len) == 0) {
        onym_config_suggest_take(s, candidate, 1);
        return;
    }
    distance = edit_distance(s->word, c);
    if (distance <= 1 + longest / 5) {
        onym_config_suggest_take(s, candidate, distance);
    }
}
