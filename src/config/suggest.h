/* "did you mean ...?": the nearest of some candidates by edit distance. Pure. */
#ifndef ONYM_CONFIG_SUGGEST_H
#define ONYM_CONFIG_SUGGEST_H

#include "onym/span.h"

#define ONYM_SUGGEST_LEN_MAX 80U /* longer words and candidates have no neighbours */

struct onym_config_suggest {
    onym_span word;   /* borrowed */
    const char *best; /* NULL while nothing is near enough; borrowed from the candidates */
    size_t distance;  /* of best */
};

/* Start with what was written. */
static inline struct onym_config_suggest
onym_config_suggest_for(onym_span word)
{
    return (struct onym_config_suggest){.word = word, .distance = (size_t)-1};
}

/* Offers a candidate; the first of equally near ones stays. Near enough is one edit and one more
 * for every five characters, or a word of three characters and more that the candidate begins
 * with. Case does not count. */
void onym_config_suggest_try(struct onym_config_suggest *s, const char *candidate);

/* The same at a distance that is known, for likeness of another sort. */
void onym_config_suggest_take(struct onym_config_suggest *s, const char *candidate,
                              size_t distance);

#endif
