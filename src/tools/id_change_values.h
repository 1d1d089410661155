/* The values of a change, from the command line and from a JSON file. */
#ifndef ONYM_TOOLS_ID_CHANGE_VALUES_H
#define ONYM_TOOLS_ID_CHANGE_VALUES_H

#include "onym/model/value.h"

struct onym_value_words; /* opaque */

/* `what` is "id create" and the like, for messages; it must stay. NULL when there is no memory. */
struct onym_value_words *onym_value_words_new(const char *what);
void onym_value_words_free(struct onym_value_words *words); /* NULL is fine; wipes */

/* Each takes the argument of one option and returns an exit code after saying on stderr what is
 * wrong: INDEX:TYPE=DATA (borrowed); FILE or "-", read later by finish, once; seconds; four digits
 * or "*". The last two are for all values given as INDEX:TYPE=DATA. */
int onym_value_words_add(struct onym_value_words *words, const char *text);
int onym_value_words_file(struct onym_value_words *words, const char *path);
int onym_value_words_ttl(struct onym_value_words *words, const char *text);
int onym_value_words_permissions(struct onym_value_words *words, const char *text);

/* Reads the file and puts all values together, those of the command line first. handle: what the
 * change is about; a file that names another one is refused. ONYM_EXIT_DONE and *out with *count
 * values, which live as long as words; else a message and another exit code. */
int onym_value_words_finish(struct onym_value_words *words, onym_span handle,
                            const struct onym_value **out, size_t *count);

/* Reads a whole number from 1 to most; false for anything else. */
bool onym_value_words_number(const char *text, uint32_t most, uint32_t *out);

#endif
